import { Injectable } from '@nestjs/common';
import { Clock, invalid } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, longStatementMs } from '#platform/database';
import type { AuditSummaryQuery, AuditSummaryView } from './summary.dto';

const dayMs = 86_400_000;
const defaultDays = 7;
const maxDays = 92;
/** Volumes within an hour by one person that somebody should look at. */
const unusual = { readsPerHour: 1_000, deletesPerHour: 100 };

/** Who did how much: what an auditor looks at first. */
@Injectable()
export class AuditSummaryService {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async of(context: RequestContext, query: AuditSummaryQuery): Promise<AuditSummaryView> {
    const now = this.clock.now().getTime();
    const to = query.to ?? new Date(now).toISOString();
    const from = query.from ?? new Date(Date.parse(to) - defaultDays * dayMs).toISOString();
    const spanMs = Date.parse(to) - Date.parse(from);
    if (spanMs <= 0 || spanMs > maxDays * dayMs)
      throw invalid('/from', `must lie before \`to\`, by ${maxDays} days at most`);
    context.takeTime();
    const people = await this.database.query<AuditSummaryView['people'][number]>(
      context,
      `SELECT changed_by AS "userId", coalesce(actor_email, database_role) AS "who",
         count(*) FILTER (WHERE action IN ('READ', 'BULK_READ'))::integer AS reads,
         coalesce(sum(CASE WHEN action IN ('READ', 'BULK_READ') THEN coalesce(cardinality(record_ids), 1) END), 0)::float8
           AS "recordsRead",
         count(*) FILTER (WHERE action = 'EXPORT')::integer AS exports,
         count(*) FILTER (WHERE action IN ('CREATE', 'UPDATE', 'RESTORE'))::integer AS changes,
         count(*) FILTER (WHERE action = 'DELETE')::integer AS deletes,
         count(*) FILTER (WHERE outcome = 'denied')::integer AS denied
       FROM audit_logs WHERE changed_at >= $1::timestamptz AND changed_at < $2::timestamptz
       GROUP BY 1, 2 ORDER BY reads DESC, 2 LIMIT ${query.limit}`,
      [from, to],
      longStatementMs,
    );
    const volumes = await this.database.query<AuditSummaryView['unusualVolumes'][number]>(
      context,
      `SELECT to_char(hour AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour, "userId", "who", reads, deletes FROM (
         SELECT date_trunc('hour', changed_at, 'UTC') AS hour, changed_by AS "userId", coalesce(actor_email, database_role) AS "who",
           count(*) FILTER (WHERE action IN ('READ', 'BULK_READ', 'EXPORT'))::integer AS reads,
           count(*) FILTER (WHERE action = 'DELETE')::integer AS deletes
         FROM audit_logs WHERE changed_at >= $1::timestamptz AND changed_at < $2::timestamptz GROUP BY 1, 2, 3) hours
       WHERE reads > $3 OR deletes > $4 ORDER BY hours.hour DESC, "who" LIMIT ${query.limit}`,
      [from, to, unusual.readsPerHour, unusual.deletesPerHour],
      longStatementMs,
    );
    context.disclose({ tableName: 'audit_logs', ids: [], list: true, filters: { from, to }, notes: 'summary' });
    return { from, to, people, unusualVolumes: volumes };
  }
}
