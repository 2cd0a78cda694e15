import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { scopeOf } from '#access';
import { decodeCursor, DomainError, encodeCursor, foreignCursor } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { ArchivedTrail, inOrder } from './archived-trail';
import { auditDecision, type AuditDecision } from './audited';
import { entryView, recordsOrder, type Entry, type Reading } from './entry-view';
import type { AuditExportQuery, AuditLogPage, RecordTrailQuery, TrailQuery } from './trail.dto';
import { archivedPart, chunkOf, conditionsOf, duckdb, every, postgres, scopeConditions, trailKeys } from './trail.sql';
import type { Dialect, EntryRow, ReadRecords } from './trail.sql';

type ExportFilters = Omit<AuditExportQuery, 'format'>;

/** The records that an entry shows by itself: as many as a page of a list has at most. */
const first = { from: 1, to: 200 };
/** Those that it shows at a time beyond them. */
const furtherRecords = 1_000;
/** Entries of an export that are read from the database at a time. */
const exportedAtATime = 1_000;

/** The entry's place in the tree; looked up once the page is known. */
const sealed = (entry: string) => `audit_leaf_index(${entry}.txid, ${entry}.id)::float8 AS sealed`;

/**
 * Answers "who saw or changed what". Newest first, by keyset on (changed_at, id). What a reader
 * sees follows their roles: rows by the scope of `audit:read`, values by what they may read of the
 * record itself.
 */
@Injectable()
export class TrailService {
  constructor(
    private readonly database: Database,
    private readonly archive: ArchivedTrail,
  ) {}

  /**
   * A page of the ledger. Asking is itself on the record, once: about the record asked for, or
   * about the entries shown.
   */
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
   * The trail of several records that belong to one, `owner`, whom it is about: entries of each
   * from and to the time in which it belonged there. `records` names the function of the database
   * that finds them, rows of `(table_name, record_id, since, until)`. What else a list showed, and
   * what was asked for, stays hidden, and no entry is placed in the tree. Asking is on the record
   * as one reading of the owner.
   */
  async ofBelongings(
    context: RequestContext,
    owner: { tableName: string; id: number },
    records: string,
    query: RecordTrailQuery,
    notes: string,
  ): Promise<z.infer<typeof AuditLogPage>> {
    const { actor } = context;
    if (!actor) throw new DomainError('auth.required', 'The ledger is read by somebody.');
    const { keys: [before, beforeId] = [] } = query.cursor ? decodeCursor(query.cursor, 'trail', trailKeys) : {};
    const rows = await this.database.read<EntryRow>(
      context,
      `SELECT ${postgres.columns({ ...first, asked: '$1' })}, NULL::float8 AS sealed FROM (
         SELECT array_agg(table_name) AS tables, array_agg(record_id) AS ids, array_agg(since) AS sinces, array_agg(until) AS untils
         FROM ${records}($1::integer)
       ) o CROSS JOIN LATERAL audit_entries_about(o.tables, o.ids, o.sinces, o.untils, $2::timestamptz, $3::timestamptz,
         $4::timestamptz, $5::bigint, $6::integer) l
       ORDER BY l.changed_at DESC, l.id DESC`,
      [owner.id, query.from, query.to, before, beforeId, query.limit + 1],
      { strict: true },
    );
    const { limit: _limit, ...asked } = query;
    context.disclose({ tableName: owner.tableName, ids: [owner.id], list: false, filters: asked, notes });
    const reading = { reach: 'self' as const, actor, to: first.to, asked: owner.id };
    if (!(await this.archive.mayHold(query))) return this.paged(rows, query, reading);
    const owned = await this.database.read<Owned>(
      context,
      `SELECT table_name AS t, record_id AS i, since::text AS s, until::text AS u FROM ${records}($1::integer)`,
      [owner.id],
      { strict: true },
    );
    return this.completed(context, rows, query, {
      ...{ reading, records: first, oncePer: archivedPart },
      where: (add) => [...conditionsOf(query, add, duckdb), ownedIn(add(JSON.stringify(owned) as never))],
    });
  }

  /** An entry, with the first records that it names, or with those that a cursor goes on to. */
  async get(context: RequestContext, id: number, cursor?: string): Promise<Entry> {
    const { items } = await this.page(
      context,
      { limit: 1 },
      { id, records: cursor === undefined ? first : after(cursor) },
    );
    const [entry] = items;
    if (!entry) {
      throw new DomainError('record.not-found', 'There is no such entry.', {
        refused: { tableName: 'audit_logs', recordId: id },
      });
    }
    context.disclose({
      tableName: 'audit_logs',
      ids: [id],
      list: false,
      filters: cursor === undefined ? undefined : { cursor },
    });
    return entry;
  }

  /**
   * How many entries match, of transactions that ended before the horizon. 409 where some of them
   * are cold.
   */
  async count(context: RequestContext, query: ExportFilters, horizon: string, timeoutMs: number): Promise<number> {
    const values: unknown[] = [];
    const where = this.exported(context, query, postgres, (value) => `$${values.push(value)}`);
    const [row] = await this.database.read<{ count: number }>(
      context,
      `SELECT count(*)::float8 AS count FROM audit_logs l WHERE ${[...where, `l.txid < '${horizon}'::xid8`].join(' AND ')}`,
      values,
      { timeoutMs, strict: true },
    );
    return (row?.count ?? 0) + (await this.archive.count(query, (bind) => this.exported(context, query, duckdb, bind)));
  }

  /**
   * The entries of an export, oldest first, some at a time. Its disclosure is noted by the export.
   */
  async *chunks(context: RequestContext, query: ExportFilters, horizon: string): AsyncGenerator<Entry[]> {
    const { actor } = context;
    const reach = actor && scopeOf(actor, 'audit:read');
    const where = (bind: (value: never) => string) => this.exported(context, query, duckdb, bind);
    const archived = this.archive.oldestFirst(query, where);
    for await (const rows of inOrder([archived, this.hot(context, query, horizon)])) {
      if (!actor) return;
      const reading = { reach, actor, to: Infinity };
      yield (await this.placed(context, rows)).map((row) => this.view(row, reading));
    }
  }

  private async *hot(context: RequestContext, query: ExportFilters, horizon: string): AsyncGenerator<EntryRow[]> {
    let after: EntryRow | undefined;
    do {
      const values: unknown[] = [];
      const bind = (value: unknown) => `$${values.push(value)}`;
      const where = [...this.exported(context, query, postgres, bind), `l.txid < ${bind(horizon)}::xid8`];
      if (after)
        where.push(`(l.changed_at, l.id) > (${bind(after.changedAt)}::timestamptz, ${bind(after.id)}::bigint)`);
      const rows = await this.database.read<EntryRow>(
        context,
        `SELECT ${postgres.columns(every)}, ${sealed('l')} FROM ${chunkOf(postgres, 'audit_logs', where, exportedAtATime)} l
         ORDER BY l.changed_at, l.id`,
        values,
        { strict: true },
      );
      if (rows.length > 0) yield rows;
      after = rows.at(-1);
    } while (after);
  }

  private exported(
    { actor }: RequestContext,
    query: ExportFilters,
    dialect: Dialect,
    bind: (value: never) => string,
  ): string[] {
    if (!actor) throw new DomainError('auth.required', 'The ledger is read by somebody.');
    const { recordId } = query;
    const scope = { reach: scopeOf(actor, 'audit:read'), actor, recordId };
    const where = [...scopeConditions(scope, bind, dialect), ...conditionsOf(query, bind, dialect)];
    if (recordId !== undefined) {
      const record = bind(recordId as never);
      where.push(`(l.record_id = ${record} OR ${dialect.showed(record, () => bind(this.tablesOf(query) as never))})`);
    }
    return [...where, 'true'];
  }

  private async page(
    context: RequestContext,
    query: TrailQuery,
    { id, records = first }: { id?: number; records?: Window } = {},
  ): Promise<z.infer<typeof AuditLogPage>> {
    const { actor } = context;
    if (!actor) throw new DomainError('auth.required', 'The ledger is read by somebody.');
    const values: unknown[] = [];
    const bind = (value: unknown) => `$${values.push(value)}`;
    const { recordId } = query;
    const reach = scopeOf(actor, 'audit:read');
    const conditions = (dialect: Dialect, add: (value: never) => string) => [
      ...scopeConditions({ reach, actor, recordId }, add, dialect),
      ...conditionsOf(query, add, dialect),
      ...(id === undefined ? [] : [`l.id = ${add(id as never)}`]),
    ];
    const where = conditions(postgres, bind);
    // Of entries that share an id the first in the order of the log is the true one.
    const order = id === undefined ? 'l.changed_at DESC, l.id DESC' : 'l.txid';
    const select = (condition: string[]) =>
      `(SELECT l.* FROM audit_logs l WHERE ${[...condition, ...where, 'true'].join(' AND ')}
        ORDER BY ${order} LIMIT ${id === undefined ? query.limit + 1 : 1})`;
    const sql =
      recordId === undefined
        ? select([])
        : `SELECT * FROM (${select([`l.record_id = ${bind(recordId)}`])}
           UNION ALL ${select([postgres.showed(bind(recordId), () => bind(this.tablesOf(query)))])}) l
           ORDER BY l.changed_at DESC, l.id DESC LIMIT ${query.limit + 1}`;
    const asked = reach === 'self' ? (actor.memberId ?? undefined) : recordId;
    const read = { ...records, asked: asked === undefined ? undefined : bind(asked) };
    // The columns are made of the page alone: of every list that showed a record they would cost much.
    const hot = await this.database.read<EntryRow>(
      context,
      `SELECT ${postgres.columns(read)}, ${sealed('l')} FROM (${sql}) l ORDER BY l.changed_at DESC, l.id DESC`,
      values,
      { strict: true },
    );
    const about = (add: (value: never) => string) => {
      if (recordId === undefined) return [];
      const record = add(recordId as never);
      return [`(l.record_id = ${record} OR ${duckdb.showed(record, () => '')})`];
    };
    return this.completed(context, hot, query, {
      ...{ reading: { reach, actor, to: records.to, asked }, records, id },
      where: (add) => [...conditions(duckdb, add), ...about(add)],
    });
  }

  /** A page of what the database has, filled up from the archive. */
  private async completed(
    context: RequestContext,
    hot: EntryRow[],
    query: Pick<TrailQuery, 'limit' | 'from' | 'to' | 'cursor' | 'tableName'>,
    { reading, records, id, where, oncePer }: Completion,
  ): Promise<z.infer<typeof AuditLogPage>> {
    if (id !== undefined && hot.length > 0) return this.paged(hot, query, reading);
    const { asked } = reading;
    const { rows, cold } = await this.archive.fill(context, hot, query.limit, {
      ...{ range: { ...query, id }, where, oncePer },
      columns: (bind) => duckdb.columns({ ...records, asked: asked === undefined ? undefined : bind(asked) }),
    });
    const page = this.paged(await this.placed(context, rows), query, reading);
    if (cold.length === 0) return page;
    return { ...page, cold: cold.map(({ id: archiveId, month, objectKey }) => ({ archiveId, month, objectKey })) };
  }

  /** With the places of entries that came from the archive. */
  private async placed(context: RequestContext, rows: EntryRow[]): Promise<EntryRow[]> {
    const archived = rows.filter((row) => row.sealed === null);
    if (archived.length === 0) return rows;
    const places = await this.database.read<{ id: number; sealed: number | null }>(
      context,
      `SELECT e.id::float8 AS id, ${sealed('e')} FROM unnest($1::text[]::xid8[], $2::bigint[]) AS e (txid, id)`,
      [archived.map(({ txid }) => txid), archived.map(({ id }) => id)],
      { strict: true },
    );
    const byId = new Map(places.map(({ id, sealed: place }) => [id, place]));
    return rows.map((row) => ({ ...row, sealed: row.sealed ?? byId.get(row.id) ?? null }));
  }

  private paged(rows: EntryRow[], query: { limit: number }, reading: Reading): z.infer<typeof AuditLogPage> {
    const shown = rows.slice(0, query.limit);
    const last = shown.at(-1);
    return {
      items: shown.map((row) => this.view(row, reading)),
      nextCursor:
        rows.length > query.limit && last
          ? encodeCursor({ sort: 'trail', keys: [last.changedAt, String(last.id)] })
          : null,
    };
  }

  private view(row: EntryRow, reading: Reading): Entry {
    return entryView(row, reading, this.decisionOn(row.tableName));
  }

  /** The tables whose records a list may have shown. */
  private tablesOf({ tableName }: Pick<TrailQuery, 'tableName'>): string[] {
    if (tableName !== undefined) return [tableName];
    return ['audit_logs', ...this.database.dataSource.entityMetadatas.map((metadata) => metadata.tableName)];
  }

  private decisionOn(tableName: string | null): AuditDecision | undefined {
    const entity = this.database.dataSource.entityMetadatas.find((metadata) => metadata.tableName === tableName);
    return entity && auditDecision(entity.target as object);
  }
}

/** The first and the last place of the records that are read of an entry. */
type Window = typeof first;

/** A cursor over the records of an entry holds the last place that was read. */
function after(cursor: string): Window {
  const { keys } = decodeCursor(cursor, recordsOrder, ['bigint']);
  const last = Number(keys[0]);
  if (last < 0) throw foreignCursor();
  return { from: last + 1, to: last + furtherRecords };
}

/** How a page is filled up from the archive. */
interface Completion {
  reading: Reading;
  records: ReadRecords;
  id?: number;
  where: (bind: (value: never) => string) => string[];
  oncePer?: string;
}

/** A record that belonged to somebody from one time to another. */
interface Owned {
  t: string;
  i: number;
  s: string;
  u: string;
}

/**
 * The condition that an entry of the archive is about such a record of a JSON list, or a list that
 * showed it.
 */
function ownedIn(list: string): string {
  const type = '[{"t":"VARCHAR","i":"BIGINT","s":"VARCHAR","u":"VARCHAR"}]';
  return `EXISTS (SELECT 1 FROM (SELECT unnest(from_json(${list}::VARCHAR, '${type}')) AS o)
    WHERE o.t = l.table_name AND (o.i = l.record_id OR list_contains(l.record_ids, o.i)) AND l.changed_at BETWEEN o.s::TIMESTAMPTZ AND o.u::TIMESTAMPTZ)`;
}
