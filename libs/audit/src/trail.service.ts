import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { holds, scopeOf, type Scope } from '#access';
import { decodeCursor, DomainError, encodeCursor } from '#kernel';
import type { Actor, RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { auditDecision, type AuditDecision } from './audited';
import type { AuditExportQuery, AuditLogPage, AuditLogView, RecordTrailQuery, TrailQuery } from './trail.dto';

type Entry = z.infer<typeof AuditLogView>;
type ExportFilters = Omit<AuditExportQuery, 'format'>;
type Values = Record<string, unknown> | null;

const redacted = '[redacted]';

const columns = `l.id::float8 AS id, l.action, l.table_name AS "tableName", l.record_id::float8 AS "recordId",
  l.record_ids::float8[] AS "recordIds", l.filters, l.changed_by AS "userId", l.actor_email AS email,
  l.actor_roles AS roles, l.source, l.database_role AS "databaseRole",
  to_char(l.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "changedAt",
  host(l.ip_address) AS "ipAddress", l.user_agent AS "userAgent", l.request_id AS "requestId", l.route, l.reason,
  l.outcome, l.old_values AS "oldValues", l.new_values AS "newValues", l.changed_fields AS "changedFields", l.notes, l.txid`;

type Row = Omit<Entry, 'changedBy' | 'recordCount'> & {
  userId: number | null;
  email: string | null;
  roles: string[] | null;
  txid: string;
};

/** The entry's place in the tree; looked up once the page is known. */
const sealed = 'audit_leaf_index(e.txid, e.id::bigint)::float8 AS sealed';

/**
 * Answers "who saw or changed what". Newest first, by keyset on (changed_at, id). What a reader sees follows their roles:
 * rows by the scope of `audit:read`, values by what they may read of the record itself.
 */
@Injectable()
export class TrailService {
  constructor(private readonly database: Database) {}

  /** A page of the ledger. Asking is itself on the record, once: about the record asked for, or about the entries shown. */
  async list(context: RequestContext, query: TrailQuery): Promise<z.infer<typeof AuditLogPage>> {
    const page = await this.page(context, query);
    const { limit: _limit, ...filters } = query;
    const { tableName, recordId } = query;
    const reach = context.actor && scopeOf(context.actor, 'audit:read');
    const isForeign = reach === 'self' && recordId !== context.actor?.memberId;
    context.disclose(
      tableName && recordId && !isForeign
        ? { tableName, ids: [recordId], list: false, filters, notes: 'audit trail' }
        : { tableName: 'audit_logs', ids: page.items.map((entry) => entry.id), list: true, filters },
    );
    return page;
  }

  /** The trail of one record, the lists that showed it included. */
  async ofRecord(context: RequestContext, tableName: string, recordId: number, query: RecordTrailQuery) {
    return this.list(context, { ...query, tableName, recordId });
  }

  /**
   * The trail of several records that belong to one, `owner`, whom it is about: entries of each from and to the time in which it
   * belonged there. `records` makes the named queries (WITH …) of which the last is `own (table_name, record_id, since, until)`.
   * What else a list showed, and what was asked for, stays hidden. Asking is on the record as one reading of the owner.
   */
  async ofBelongings(
    context: RequestContext,
    owner: { tableName: string; id: number },
    records: (id: string) => string,
    query: RecordTrailQuery,
    notes: string,
  ): Promise<z.infer<typeof AuditLogPage>> {
    const { actor } = context;
    if (!actor) throw new DomainError('auth.required', 'The ledger is read by somebody.');
    const values: unknown[] = [];
    const bind = (value: unknown) => `$${values.push(value)}`;
    const belongings = records(`${bind(owner.id)}::integer`);
    const newest = (condition: string) =>
      `SELECT ${columns} FROM audit_logs l WHERE ${[condition, ...filters(query, bind)].join(' AND ')}
       ORDER BY l.changed_at DESC, l.id DESC LIMIT ${query.limit + 1}`;
    const rows = await this.database.query<Row>(
      context,
      `WITH ${belongings}, listed AS (SELECT table_name, array_agg(DISTINCT record_id) AS ids FROM own GROUP BY table_name)
       SELECT e.*, ${sealed} FROM (
         SELECT e.* FROM own o CROSS JOIN LATERAL
           (${newest('l.table_name = o.table_name AND l.record_id = o.record_id AND l.changed_at BETWEEN o.since AND o.until')}) e
         UNION ALL
         SELECT e.* FROM listed o CROSS JOIN LATERAL
           (${newest(`l.table_name = o.table_name AND l.record_ids && o.ids AND EXISTS (SELECT FROM own w
             WHERE w.table_name = l.table_name AND w.record_id = ANY (l.record_ids)
               AND l.changed_at BETWEEN w.since AND w.until)`)}) e
       ) e ORDER BY "changedAt" DESC, id DESC LIMIT ${query.limit + 1}`,
      values,
    );
    const { limit: _limit, ...asked } = query;
    context.disclose({ tableName: owner.tableName, ids: [owner.id], list: false, filters: asked, notes });
    return this.paged(rows, query, 'self', actor);
  }

  async get(context: RequestContext, id: number): Promise<Entry> {
    const { items } = await this.page(context, { limit: 1 }, { id });
    const [entry] = items;
    if (!entry) {
      throw new DomainError('record.not-found', 'There is no such entry.', {
        refused: { tableName: 'audit_logs', recordId: id },
      });
    }
    context.disclose({ tableName: 'audit_logs', ids: [id], list: false });
    return entry;
  }

  /** How many entries match, of transactions that ended before the horizon. */
  async count(context: RequestContext, query: ExportFilters, horizon: string, timeoutMs: number): Promise<number> {
    const { where, values } = this.exported(context, query, horizon);
    const [row] = await this.database.query<{ count: number }>(
      context,
      `SELECT count(*)::float8 AS count FROM audit_logs l WHERE ${where.join(' AND ')}`,
      values,
      timeoutMs,
    );
    return row?.count ?? 0;
  }

  /** The next entries of an export, oldest first. Its disclosure is noted by the export. */
  async chunk(
    context: RequestContext,
    query: ExportFilters,
    { horizon, after, limit }: { horizon: string; after?: Entry; limit: number },
  ): Promise<Entry[]> {
    const { where, values, bind, actor, reach } = this.exported(context, query, horizon);
    if (after) where.push(`(l.changed_at, l.id) > (${bind(after.changedAt)}::timestamptz, ${bind(after.id)}::bigint)`);
    const rows = await this.database.query<Row>(
      context,
      `SELECT e.*, ${sealed} FROM (SELECT ${columns} FROM audit_logs l WHERE ${where.join(' AND ')}
         ORDER BY l.changed_at, l.id LIMIT ${limit}) e ORDER BY "changedAt", id`,
      values,
    );
    return rows.map((row) => this.view(row, reach, actor));
  }

  private exported(context: RequestContext, query: ExportFilters, horizon: string) {
    const { actor } = context;
    if (!actor) throw new DomainError('auth.required', 'The ledger is read by somebody.');
    const values: unknown[] = [];
    const bind = (value: unknown) => `$${values.push(value)}`;
    const reach = scopeOf(actor, 'audit:read');
    const paged = { ...query, limit: 1 };
    const where = [...this.rows(reach, actor, paged, bind), ...filters(paged, bind), `l.txid < ${bind(horizon)}::xid8`];
    const { recordId } = query;
    if (recordId !== undefined) {
      where.push(`(l.record_id = ${bind(recordId)} OR l.record_ids @> ARRAY[${bind(recordId)}::bigint])`);
    }
    return { where, values, bind, actor, reach };
  }

  private async page(
    context: RequestContext,
    query: TrailQuery,
    { id }: { id?: number } = {},
  ): Promise<z.infer<typeof AuditLogPage>> {
    const { actor } = context;
    if (!actor) throw new DomainError('auth.required', 'The ledger is read by somebody.');
    const values: unknown[] = [];
    const bind = (value: unknown) => `$${values.push(value)}`;
    const reach = scopeOf(actor, 'audit:read');
    const where = [...this.rows(reach, actor, query, bind), ...filters(query, bind)];
    if (id !== undefined) where.push(`l.id = ${bind(id)}`);
    const select = (condition: string[]) =>
      `(SELECT ${columns} FROM audit_logs l WHERE ${[...condition, ...where, 'true'].join(' AND ')}
        ORDER BY l.changed_at DESC, l.id DESC LIMIT ${query.limit + 1})`;
    const sql =
      query.recordId === undefined
        ? select([])
        : `SELECT * FROM (${select([`l.record_id = ${bind(query.recordId)}`])}
           UNION ALL ${select([`l.record_ids @> ARRAY[${bind(query.recordId)}::bigint]`])}) e
           ORDER BY "changedAt" DESC, id DESC LIMIT ${query.limit + 1}`;
    const rows = await this.database.query<Row>(
      context,
      `SELECT e.*, ${sealed} FROM (${sql}) e ORDER BY "changedAt" DESC, id DESC`,
      values,
    );
    return this.paged(rows, query, reach, actor);
  }

  private paged(
    rows: Row[],
    query: { limit: number },
    reach: Scope | undefined,
    actor: Actor,
  ): z.infer<typeof AuditLogPage> {
    const shown = rows.slice(0, query.limit);
    const last = shown.at(-1);
    return {
      items: shown.map((row) => this.view(row, reach, actor)),
      nextCursor:
        rows.length > query.limit && last
          ? encodeCursor({ sort: 'trail', keys: [last.changedAt, String(last.id)] })
          : null,
    };
  }

  /** The entries that the actor's scope of `audit:read` opens. */
  private rows(reach: Scope | undefined, actor: Actor, query: TrailQuery, bind: (value: unknown) => string): string[] {
    switch (reach) {
      case 'all':
        return [];
      case 'members':
        return [`(l.table_name = 'members' OR l.changed_by = ${bind(actor.userId)})`];
      case 'own':
        return [`l.changed_by = ${bind(actor.userId)}`];
      case 'self': {
        // A list that showed both would tell that it showed the other one.
        if (query.recordId !== undefined && query.recordId !== actor.memberId) return ['false'];
        const own = bind(actor.memberId ?? 0);
        return [`l.table_name = 'members' AND (l.record_id = ${own} OR l.record_ids @> ARRAY[${own}::bigint])`];
      }
      default:
        return ['false'];
    }
  }

  private view(row: Row, reach: Scope | undefined, actor: Actor): Entry {
    const { userId, email, roles, txid: _txid, ...entry } = row;
    const ofSelf = reach === 'self';
    const decision = this.decisionOn(row.tableName);
    return {
      ...entry,
      // A list that showed somebody also showed others; whom, and what was searched for, is not theirs to know.
      recordIds: ofSelf && entry.recordIds ? entry.recordIds.filter((id) => id === actor.memberId) : entry.recordIds,
      filters: ofSelf ? null : entry.filters,
      recordCount: entry.recordIds?.length ?? null,
      changedBy: userId === null && email === null ? null : { id: userId, email, roles: roles ?? [] },
      oldValues: redact(entry.oldValues, row, decision, actor),
      newValues: redact(entry.newValues, row, decision, actor),
    };
  }

  private decisionOn(tableName: string | null): AuditDecision | undefined {
    const entity = this.database.dataSource.entityMetadatas.find((metadata) => metadata.tableName === tableName);
    const decision = entity && auditDecision(entity.target as object);
    return typeof decision === 'object' ? decision : undefined;
  }
}

function filters(query: TrailQuery, bind: (value: unknown) => string): string[] {
  const where: string[] = [];
  if (query.tableName) where.push(`l.table_name = ${bind(query.tableName)}`);
  if (query.changedBy) where.push(`l.changed_by = ${bind(query.changedBy)}`);
  if (query.action) where.push(`l.action = ${bind(query.action)}`);
  if (query.requestId) where.push(`l.request_id = ${bind(query.requestId)}`);
  if (query.ipAddress) where.push(`l.ip_address = ${bind(query.ipAddress)}::inet`);
  if (query.from) where.push(`l.changed_at >= ${bind(query.from)}::timestamptz`);
  if (query.to) where.push(`l.changed_at < ${bind(query.to)}::timestamptz`);
  if (query.cursor) {
    const { keys } = decodeCursor(query.cursor, 'trail', 2);
    where.push(`(l.changed_at, l.id) < (${bind(keys[0])}::timestamptz, ${bind(keys[1])}::bigint)`);
  }
  return where;
}

/** Values that the reader could not read in the record itself are named but not shown. Keys are column names. */
function redact(values: Values, about: Row, decision: AuditDecision | undefined, actor: Actor): Values {
  if (!values) return null;
  const mayReadRecord = decision !== undefined && mayRead(about, decision, actor);
  const shown = (column: string) => {
    const property = column.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const further = decision?.restricted?.[property];
    return mayReadRecord && (!further || holds(actor, further));
  };
  return Object.fromEntries(
    Object.entries(values).map(([column, value]) => [column, shown(column) ? value : redacted]),
  );
}

/** Of a narrower scope only a member's own record is known here; whose the others are stands in rows that may have gone. */
function mayRead({ tableName, recordId }: Row, { read }: AuditDecision, actor: Actor): boolean {
  const scope = scopeOf(actor, read);
  return scope === 'all' || (scope === 'self' && tableName === 'members' && recordId === actor.memberId);
}
