import { types } from 'pg';
import type { z } from 'zod';
import type { Scope } from '#access';
import { decodeCursor } from '#kernel';
import type { Actor } from '#platform/context';
import { partPattern } from './entry';
import type { AuditLogView, TrailQuery } from './trail.dto';

/** An entry as it is read, with what its view is made of. */
export type EntryRow = Omit<z.infer<typeof AuditLogView>, 'changedBy' | 'recordsCursor'> & {
  /** Where the record that was asked for stands in the whole list, from 1, and its version. */
  askedPlace: number | null;
  askedVersion: number | null;
  userId: number | null;
  email: string | null;
  roles: string[] | null;
  txid: string;
};

/** The types of the keys in a cursor of the trail: when the entry was written, and its id. */
export const trailKeys = ['timestamptz', 'bigint'];

/** Adds a value to a statement and returns its placeholder. */
type BindAny = (value: never) => string;

/** Which of the records of an entry are read. Places are from 1. */
export interface ReadRecords {
  from: number;
  /** All others where there is none. */
  to?: number;
  /** The placeholder of a record that is asked for. */
  asked?: string;
}

export const every: ReadRecords = { from: 1 };

/** What PostgreSQL and DuckDB, which reads the archive, say differently. The entry is `l`. */
export interface Dialect {
  columns(records: ReadRecords): string;
  /** How many records the entry names. */
  recordCount: string;
  /** Whether a list's entry showed this record of one of these tables. */
  showed(record: string, tables: () => string): string;
  isFrom(address: string): string;
}

export const postgres: Dialect = {
  columns: (records) => `l.id::float8 AS id, l.action, l.table_name AS "tableName", l.record_id::float8 AS "recordId",
  l.record_version::float8 AS "recordVersion", l.record_ids${slice(records)}::float8[] AS "recordIds",
  l.record_versions${slice(records)}::float8[] AS "recordVersions", ${postgres.recordCount} AS "recordCount",
  ${asked(records, 'array_position', 'float8')}, l.filters, l.changed_by AS "userId", l.actor_email AS email,
  l.actor_roles AS roles, l.source, l.database_role AS "databaseRole",
  to_char(l.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "changedAt",
  host(l.ip_address) AS "ipAddress", l.user_agent AS "userAgent", l.request_id AS "requestId", l.route, l.reason,
  l.outcome, l.old_values AS "oldValues", l.new_values AS "newValues", l.changed_fields AS "changedFields", l.notes, l.txid`,
  recordCount: 'cardinality(l.record_ids)',
  showed: (record, tables) => `(l.record_ids IS NOT NULL AND l.record_ids @> ARRAY[${record}::bigint]
    AND audit_shown_keys(l.table_name, l.record_ids) && (SELECT array_agg(k.key) FROM unnest(${tables()}::text[]) AS t (name)
      CROSS JOIN unnest(audit_shown_keys(t.name, ARRAY[${record}::bigint])) AS k (key)))`,
  isFrom: (address) => `l.ip_address = ${address}::inet`,
};

export const duckdb: Dialect = {
  columns: (records) => `l.id::DOUBLE AS id, l.action, l.table_name AS "tableName", l.record_id::DOUBLE AS "recordId",
  l.record_version::DOUBLE AS "recordVersion", l.record_ids${slice(records)}::DOUBLE[] AS "recordIds",
  l.record_versions${slice(records)}::DOUBLE[] AS "recordVersions", ${duckdb.recordCount} AS "recordCount",
  ${asked(records, 'list_position', 'DOUBLE')}, l.filters, l.changed_by::DOUBLE AS "userId", l.actor_email AS email,
  l.actor_roles AS roles, l.source, l.database_role AS "databaseRole",
  strftime(l.changed_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS "changedAt", split_part(l.ip_address, '/', 1) AS "ipAddress",
  l.user_agent AS "userAgent", l.request_id AS "requestId", l.route, l.reason, l.outcome, l.old_values AS "oldValues",
  l.new_values AS "newValues", l.changed_fields AS "changedFields", l.notes, l.txid::VARCHAR AS txid`,
  recordCount: 'len(l.record_ids)::DOUBLE',
  showed: (record) => `list_contains(l.record_ids, ${record}::BIGINT)`,
  isFrom: (address) => `l.ip_address = ${address}`,
};

/**
 * Records that the entries of a chunk name together; a chunk with an entry above that is that entry
 * alone.
 */
const namedAtATime = 50_000;

/**
 * The next entries of an export, oldest first: at most `count`, and fewer where they name many
 * records.
 */
export function chunkOf(dialect: Dialect, table: string, where: string[], count: number): string {
  const named = `coalesce(${dialect.recordCount}, 0)`;
  return `(SELECT l.* FROM (SELECT l.*, sum(${named}) OVER (ORDER BY l.changed_at, l.id) - ${named} AS named_before
    FROM (SELECT l.* FROM ${table} l WHERE ${where.join(' AND ')} ORDER BY l.changed_at, l.id LIMIT ${count}) l) l
    WHERE l.named_before < ${namedAtATime})`;
}

function slice({ from, to }: ReadRecords): string {
  return `[${from}:${to ?? ''}]`;
}

function asked({ asked: record }: ReadRecords, positionOf: string, number: string): string {
  const place = record === undefined ? 'NULL' : `nullif(${positionOf}(l.record_ids, ${record}::bigint), 0)`;
  const version = record === undefined ? 'NULL' : `l.record_versions[${place}]`;
  return `${place}::${number} AS "askedPlace", ${version}::${number} AS "askedVersion"`;
}

/**
 * DuckDB's SQL of what the parts of one disclosure have in common, and no other entry with them.
 */
export const archivedPart = `coalesce(nullif(regexp_extract(l.notes, '${partPattern}', 1), ''), l.id::VARCHAR)`;

/** PostgreSQL's number of the type text[], and the reader of its text. */
const wordsOf = types.getTypeParser(1009 as never) as (text: string) => string[];
const jsonOf = (text: unknown) => (text === null ? null : (JSON.parse(text as string) as Record<string, unknown>));

/** An entry of the archive as PostgreSQL's driver would read it. */
export function rowOfArchive(row: EntryRow): EntryRow {
  const words = (text: unknown) => (text === null ? null : wordsOf(text as string));
  return {
    ...row,
    filters: jsonOf(row.filters),
    oldValues: jsonOf(row.oldValues),
    newValues: jsonOf(row.newValues),
    roles: words(row.roles),
    changedFields: words(row.changedFields),
    sealed: null,
  };
}

/** What is asked for, as conditions. */
export function conditionsOf(query: Omit<TrailQuery, 'limit'>, bind: BindAny, dialect: Dialect): string[] {
  const add = bind as (value: unknown) => string;
  const where: string[] = [];
  if (query.tableName) where.push(`l.table_name = ${add(query.tableName)}`);
  if (query.changedBy) where.push(`l.changed_by = ${add(query.changedBy)}`);
  if (query.action) where.push(`l.action = ${add(query.action)}`);
  if (query.requestId) where.push(`l.request_id = ${add(query.requestId)}`);
  if (query.ipAddress) where.push(dialect.isFrom(add(query.ipAddress)));
  if (query.from) where.push(`l.changed_at >= ${add(query.from)}::timestamptz`);
  if (query.to) where.push(`l.changed_at < ${add(query.to)}::timestamptz`);
  if (query.cursor) {
    const { keys } = decodeCursor(query.cursor, 'trail', trailKeys);
    where.push(`(l.changed_at, l.id) < (${add(keys[0])}::timestamptz, ${add(keys[1])}::bigint)`);
  }
  return where;
}

/** The entries that the actor's scope of `audit:read` opens. */
export function scopeConditions(
  { reach, actor, recordId }: { reach: Scope | undefined; actor: Actor; recordId?: number },
  bind: BindAny,
  dialect: Dialect,
): string[] {
  const add = bind as (value: unknown) => string;
  switch (reach) {
    case 'all':
      return [];
    case 'members':
      return [`(l.table_name = 'members' OR l.changed_by = ${add(actor.userId)})`];
    case 'own':
      return [`l.changed_by = ${add(actor.userId)}`];
    case 'self': {
      // A list that showed both would tell that it showed the other one.
      if (recordId !== undefined && recordId !== actor.memberId) return ['false'];
      const own = add(actor.memberId ?? 0);
      return [`l.table_name = 'members' AND (l.record_id = ${own} OR ${dialect.showed(own, () => add(['members']))})`];
    }
    default:
      return ['false'];
  }
}
