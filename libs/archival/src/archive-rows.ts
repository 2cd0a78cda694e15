import type { ArchiveState } from './archive.entity';
import type { ArchiveFormat } from './entry-file';
import type { EntryPlace } from '#audit';
import type { Query } from '#ledger';
import type { RequestContext } from '#platform/context';
import type { Database } from '#platform/database';

/** One statement of the archive's, such as counting a month, may take so long, in ms. */
const statementMs = 600_000;

/** Statements of the archive, on connections of their own or in the context's transaction. */
export function queryOf(database: Database, context?: RequestContext): Query {
  return <Row>(sql: string, values?: unknown[]) => database.query<Row>(context, sql, values, statementMs);
}

/** An object's row. Facts that are known once it is stored are undefined before. */
export interface ArchiveRow {
  id: number;
  /** `YYYY-MM-01`. */
  month: string;
  state: ArchiveState;
  format: ArchiveFormat;
  objectKey: string;
  /** The range of its entries in the order of the log: after one, and up to another. */
  after: EntryPlace;
  through: EntryPlace;
  entries: number;
  bytes: number;
  sha256: string;
  root: string;
  longestLine: number;
  first: EntryPlace;
  lowestId: string;
  highestId: string;
  /** RFC 3339, with microseconds, in UTC. */
  firstChangedAt: string;
  lastChangedAt: string;
  tables: string[];
  storageClass: string;
  retainUntil: string;
  manifest: string;
  /** Whether the month's partition is gone, too. */
  isDropped: boolean;
  readableUntil: Date | null;
  certificate: string | null;
}

const instant = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const columns = `id, month::text AS month, state, format, object_key AS "objectKey",
  jsonb_build_object('txid', after_txid::text, 'id', after_id::text) AS after,
  jsonb_build_object('txid', through_txid::text, 'id', through_id::text) AS through,
  entry_count::float8 AS entries, bytes::float8 AS bytes, sha256, root, longest_line AS "longestLine",
  jsonb_build_object('txid', first_txid::text, 'id', first_id::text) AS first, lowest_id::text AS "lowestId",
  highest_id::text AS "highestId", ${instant('first_changed_at')} AS "firstChangedAt", ${instant('last_changed_at')} AS "lastChangedAt",
  table_names AS tables, storage_class AS "storageClass", retain_until::text AS "retainUntil", manifest,
  dropped_at IS NOT NULL AS "isDropped", readable_until AS "readableUntil", certificate`;

/** Rows that fulfil a condition, in the order of the log. */
export function archivesWhere(query: Query, condition: string, values: unknown[] = []): Promise<ArchiveRow[]> {
  return query<ArchiveRow>(
    `SELECT ${columns} FROM archives WHERE ${condition} ORDER BY through_txid, through_id, id`,
    values,
  );
}
