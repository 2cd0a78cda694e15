import { Injectable } from '@nestjs/common';
import { Clock, invalid } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, longStatementMs } from '#platform/database';
import { laterPartPattern } from './entry';
import type { AuditSummaryQuery, AuditSummaryView } from './summary.dto';

const dayMs = 86_400_000;
const defaultDays = 7;
const maxDays = 92;
/** Volumes within sixty minutes by one person that somebody should look at. */
const unusual = { readsPerHour: 1_000, deletesPerHour: 100 };

/**
 * A person is their account, whatever its address was; where no account is known, the name of the
 * job, command or role.
 */
const who = `max(coalesce(actor_email, database_role)) AS "who"`;
const person = `changed_by, CASE WHEN changed_by IS NULL THEN coalesce(actor_email, database_role) END`;
const isReading = `action IN ('READ', 'BULK_READ', 'BREAK_GLASS') AND outcome = 'success'`;
const shown = 'coalesce(cardinality(record_ids), 1)';
/** An export or a list in parts counts once, by its first. */
const isCounted = `coalesce(notes !~ '${laterPartPattern}', true)`;

/**
 * Whoever goes through a thousand records is as unusual by five lists of 200 as by a thousand look-
 * ups, so a list counts as what it showed, and an export as what it holds; a search that found
 * nothing counts once. Sixty minutes are any sixty, not those of a clock: volumes are summed by the
 * minute, then over each minute and the 59 before it; of the clock hour in which those end, the
 * largest is told.
 */
const volumesSql = `
  WITH minutes AS (
    SELECT date_trunc('minute', changed_at) AS minute, ${person} AS name, ${who},
      coalesce(sum(greatest(${shown}, 1)) FILTER (WHERE ${isReading} OR action = 'EXPORT'), 0) AS reads,
      count(*) FILTER (WHERE action = 'DELETE') AS deletes
    FROM audit_logs
    WHERE changed_at >= $1::timestamptz AND changed_at < $2::timestamptz
      AND (${isReading} OR action IN ('EXPORT', 'DELETE'))
    GROUP BY 1, 2, 3
  ), hours AS (
    SELECT minute, changed_by, name, "who", sum(reads) OVER sixty AS reads, sum(deletes) OVER sixty AS deletes FROM minutes
    WINDOW sixty AS (PARTITION BY changed_by, name ORDER BY minute RANGE BETWEEN '59 minutes' PRECEDING AND CURRENT ROW)
  ), largest AS (
    SELECT DISTINCT ON (changed_by, name, date_trunc('hour', minute, 'UTC')) * FROM hours WHERE reads > $3 OR deletes > $4
    ORDER BY changed_by, name, date_trunc('hour', minute, 'UTC'), greatest(reads::numeric / $3, deletes::numeric / $4) DESC, minute
  )
  SELECT to_char((minute - interval '59 minutes') AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS hour,
    changed_by AS "userId", "who", reads::float8 AS reads, deletes::float8 AS deletes
  FROM largest ORDER BY minute DESC, "who" LIMIT $5`;

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
    const people = await this.database.read<AuditSummaryView['people'][number]>(
      context,
      `SELECT changed_by AS "userId", ${who},
         count(*) FILTER (WHERE ${isReading} AND ${isCounted})::integer AS reads,
         coalesce(sum(${shown}) FILTER (WHERE ${isReading}), 0)::float8 AS "recordsRead",
         count(*) FILTER (WHERE action = 'EXPORT' AND ${isCounted})::integer AS exports,
         count(*) FILTER (WHERE action = 'BREAK_GLASS')::integer AS "breakGlass",
         count(*) FILTER (WHERE action IN ('CREATE', 'UPDATE', 'RESTORE'))::integer AS changes,
         count(*) FILTER (WHERE action = 'DELETE')::integer AS deletes,
         count(*) FILTER (WHERE outcome = 'denied')::integer AS denied
       FROM audit_logs WHERE changed_at >= $1::timestamptz AND changed_at < $2::timestamptz
       GROUP BY ${person} ORDER BY "recordsRead" DESC, 2 LIMIT $3`,
      [from, to, query.limit],
      { timeoutMs: longStatementMs, strict: true },
    );
    const volumes = await this.database.read<AuditSummaryView['unusualVolumes'][number]>(
      context,
      volumesSql,
      [from, to, unusual.readsPerHour, unusual.deletesPerHour, query.limit],
      { timeoutMs: longStatementMs, strict: true },
    );
    context.disclose({ tableName: 'audit_logs', ids: [], list: true, filters: { from, to }, notes: 'summary' });
    return { from, to, people, unusualVolumes: volumes };
  }
}
