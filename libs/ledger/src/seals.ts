import type { Client, Pool, PoolClient } from 'pg';
import { hashBytes } from './merkle';
import { tileWidth, type ReadTile } from './tiles';

/** A checkpoint as the database keeps it, without the entries it added. */
export interface Seal {
  seq: number;
  size: number;
  entryCount: number;
  root: Buffer;
  /** Roots of the tree's perfect subtrees: CompactRange continues from them. */
  frontier: Buffer;
  /** The signed note. */
  checkpoint: string;
  lastTxid: string;
  lastId: string;
  /** Entries of transactions below it are all sealed, or will be before any of a transaction above. */
  horizon: string;
  sealedAt: Date;
  /** How long ago that is by the database's clock, in ms. */
  ageMs: number;
}

/** A seal with the hashes of the entries it added, concatenated in the order of the tree. */
export interface SealedHashes extends Seal {
  leaves: Buffer;
}

/** Runs a statement and answers its rows. */
export type Query = <Row>(sql: string, values?: unknown[]) => Promise<Row[]>;

/** On a connection, or on any of a pool. */
export function queryOn(connection: Pool | PoolClient | Client): Query {
  return async <Row>(sql: string, values?: unknown[]) => (await connection.query(sql, values)).rows as Row[];
}

const columns = `seq, tree_size AS size, entry_count AS "entryCount", root, frontier, checkpoint, last_txid::text AS "lastTxid",
  last_id::text AS "lastId", horizon::text AS horizon, sealed_at AS "sealedAt",
  extract(epoch FROM clock_timestamp() - sealed_at)::float8 * 1000 AS "ageMs"`;

/** A row of `audit_seals` that is the log's own, as far as it is known (own-seals.ts). */
export const isOwn = 'seq NOT IN (SELECT d.seq FROM disowned_seals d)';

/** The driver reads bigint as text; sequence numbers and sizes stay below 2^53. */
type Row<T extends Seal> = Omit<T, 'seq' | 'size'> & { seq: string; size: string };

function sealOf<T extends Seal>(row: Row<T>): T {
  return { ...row, seq: Number(row.seq), size: Number(row.size) } as unknown as T;
}

/** The latest seal; undefined before the first. */
export async function latestSeal(query: Query): Promise<Seal | undefined> {
  const rows = await query<Row<Seal>>(`SELECT ${columns} FROM audit_seals WHERE ${isOwn} ORDER BY seq DESC LIMIT 1`);
  return rows[0] && sealOf<Seal>(rows[0]);
}

export async function sealAt(query: Query, seq: number): Promise<Seal | undefined> {
  const rows = await query<Row<Seal>>(`SELECT ${columns} FROM audit_seals WHERE seq = $1 AND ${isOwn}`, [seq]);
  return rows[0] && sealOf<Seal>(rows[0]);
}

/** The seal with which the tree became at least so large; undefined where it did not. */
export async function sealOfLeaf(query: Query, size: number): Promise<Seal | undefined> {
  const rows = await query<Row<Seal>>(
    `SELECT ${columns} FROM audit_seals WHERE entry_count > 0 AND tree_size >= $1 AND ${isOwn} ORDER BY tree_size LIMIT 1`,
    [size],
  );
  return rows[0] && sealOf<Seal>(rows[0]);
}

/** Up to `limit` seals after a sequence number, oldest first, with their leaves. */
export async function sealsAfter(query: Query, seq: number, limit: number): Promise<SealedHashes[]> {
  const rows = await query<Row<SealedHashes>>(
    `SELECT ${columns}, leaf_hashes AS leaves FROM audit_seals WHERE seq > $1 AND ${isOwn} ORDER BY seq LIMIT $2`,
    [seq, limit],
  );
  return rows.map((row) => sealOf<SealedHashes>(row));
}

/** Up to `limit` rows before a number, or the last ones, newest first, whoever made them. */
export async function rowsBefore(
  query: Query,
  seq: string | undefined,
  limit: number,
): Promise<(SealedHashes & { row: string })[]> {
  const rows = await query<Row<SealedHashes & { row: string }>>(
    `SELECT ${columns}, leaf_hashes AS leaves, seq::text AS row FROM audit_seals
     WHERE ($1::bigint IS NULL OR seq < $1) AND ${isOwn} ORDER BY seq DESC LIMIT $2`,
    [seq, limit],
  );
  return rows.map((row) => sealOf<SealedHashes & { row: string }>(row));
}

/** The ids of the entries that a seal added, in the order of the tree. */
export async function idsOf(query: Query, seq: number): Promise<string[]> {
  const [seal] = await query<{ ids: string[] }>('SELECT entry_ids::text[] AS ids FROM audit_seals WHERE seq = $1', [
    seq,
  ]);
  return seal?.ids ?? [];
}

/** Reads tiles from the database: those of level 0 from the seals, the others from the nodes. */
export function tilesFrom(query: Query): ReadTile {
  return async ({ level, index, width }) => {
    const first = index * tileWidth;
    return level === 0 ? leaves(query, first, first + width) : nodes(query, level, first, first + width);
  };
}

async function leaves(query: Query, from: number, to: number): Promise<Buffer> {
  const rows = await query<{ first: string; hashes: Buffer }>(
    `SELECT tree_size - entry_count AS first, leaf_hashes AS hashes FROM audit_seals
     WHERE entry_count > 0 AND ${isOwn} AND tree_size > $1 AND tree_size <=
       (SELECT min(tree_size) FROM audit_seals WHERE entry_count > 0 AND ${isOwn} AND tree_size >= $2)
     ORDER BY tree_size`,
    [from, to],
  );
  const parts = rows.map(({ first, hashes }) => {
    const start = Number(first);
    return hashes.subarray(Math.max(0, from - start) * hashBytes, (to - start) * hashBytes);
  });
  return Buffer.concat(parts);
}

async function nodes(query: Query, level: number, from: number, to: number): Promise<Buffer> {
  const rows = await query<{ hash: Buffer }>(
    `SELECT DISTINCT ON (n.index) n.hash FROM audit_tree_nodes n LEFT JOIN audit_seals s ON s.seq = n.seq AND s.${isOwn}
       AND (n.index + 1) * ${tileWidth}::numeric ^ n.level BETWEEN s.tree_size - s.entry_count + 1 AND s.tree_size
     WHERE n.level = $1 AND n.index >= $2 AND n.index < $3 AND (n.seq = 0 OR s.seq IS NOT NULL)
     ORDER BY n.index, n.seq DESC`,
    [level, from, to],
  );
  return Buffer.concat(rows.map(({ hash }) => hash));
}
