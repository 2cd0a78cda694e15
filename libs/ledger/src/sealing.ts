import { to as copyTo } from 'pg-copy-streams';
import type { PoolClient } from 'pg';
import { entryLine, keyOf, linesOf, sealerSettings } from './canonical-entry';
import type { LedgerKey } from './ledger-key';
import { CompactRange, emptyRoot, leafHash } from './merkle';
import { latestSeal, queryOn, type Seal } from './seals';

/** A number of our own for the advisory lock that lets one process seal at a time; it ends with the transaction. */
export const sealingLock = 4_927_003;
/** Entries of one seal at most: a second's at a busy time. The place of an entry is looked for among them. */
export const maxSealEntries = 2_048;
/** An entry is sealed within this time, in seconds (P5). */
export const sealedWithinSeconds = 2;
/** A log that does not grow still says so this often, in ms. */
export const heartbeatMs = 60_000;

/**
 * The entries are read in the order of an index. Of a transaction with millions of them PostgreSQL expects only few to be left, and would sort
 * all for each seal.
 */
export const inIndexOrder = 'SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off';

/** What a seal that was made adds to the log. */
export interface NewSeal extends Seal {
  /** How old its first entry was, in ms; undefined for a heartbeat. */
  lagMs?: number;
}

/**
 * Seals what can be sealed after the given seal, in one transaction: entries of transactions that are all over, ordered by
 * (txid, id), become the next leaves. Undefined where there is nothing to seal, or another process is at it, or has been: the
 * log then has a later seal than the one given. Two processes can not make two seals with one number.
 */
export async function sealNext(
  client: PoolClient,
  key: LedgerKey,
  known: Seal | undefined,
): Promise<NewSeal | undefined> {
  // A process that hangs in mid-transaction loses the lock, so that another one takes over.
  await client.query(
    `BEGIN; SET LOCAL statement_timeout = '10s'; SET LOCAL idle_in_transaction_session_timeout = '3s'; ${sealerSettings};
     ${inIndexOrder}`,
  );
  try {
    const made = (await takeLock(client)) ? await seal(client, key, known) : undefined;
    await client.query(made ? 'COMMIT' : 'ROLLBACK');
    return made;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function takeLock(client: PoolClient): Promise<boolean> {
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS taken', [
    sealingLock,
  ]);
  return rows[0]?.taken ?? false;
}

async function seal(client: PoolClient, key: LedgerKey, known: Seal | undefined): Promise<NewSeal | undefined> {
  const last = await latestSeal(queryOn(client));
  if (last?.seq !== known?.seq) return undefined;
  // A statement that begins later sees all that transactions below this snapshot's xmin have done.
  const { rows } = await client.query<{ horizon: string; now: Date }>(
    'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon, clock_timestamp() AS now',
  );
  const { horizon, now } = rows[0] as { horizon: string; now: Date };
  const range = new CompactRange(last?.size, last?.frontier);
  const added = await appendEntries(client, range, { after: last, horizon });
  const isSilent = added.ids.length === 0;
  if (isSilent && last && last.ageMs < heartbeatMs) return undefined;
  const head = { size: range.size, root: range.size === 0 ? emptyRoot : range.root };
  const unnumbered = {
    ...{ ...head, entryCount: added.ids.length, frontier: range.frontier, checkpoint: key.sign(head, now), horizon },
  };
  const { seq, ...given } = await store(client, last, unnumbered, added);
  const made = { ...unnumbered, ...given, seq: Number(seq), ageMs: 0 };
  return { ...made, lagMs: added.firstAt === undefined ? undefined : now.getTime() - Date.parse(added.firstAt) };
}

interface Added {
  ids: string[];
  leaves: Buffer[];
  nodes: { level: number; index: number; hash: Buffer }[];
  lastTxid?: string;
  firstAt?: string;
}

async function appendEntries(
  client: PoolClient,
  range: CompactRange,
  { after, horizon }: { after: Seal | undefined; horizon: string },
): Promise<Added> {
  const added: Added = { ids: [], leaves: [], nodes: [] };
  const copy = `COPY (SELECT ${entryLine} FROM audit_logs WHERE ${unsealed(after, horizon)} ORDER BY txid, id
    LIMIT ${maxSealEntries}) TO STDOUT`;
  for await (const lines of linesOf(client.query(copyTo(copy)))) {
    for (const line of lines) {
      const leaf = leafHash(line);
      const { id, changedAt, txid } = keyOf(line);
      added.ids.push(id);
      added.leaves.push(leaf);
      added.lastTxid = txid;
      added.firstAt ??= changedAt;
      range.append(leaf, (level, index, hash) => {
        if (level % 8 === 0) added.nodes.push({ level: level / 8, index, hash });
      });
    }
  }
  return added;
}

/** The entries after a seal of transactions below a horizon. COPY takes no parameters; these are numbers. */
export function unsealed(after: Pick<Seal, 'lastTxid' | 'lastId'> | undefined, horizon: string): string {
  const { lastTxid, lastId } = after ?? { lastTxid: '0', lastId: '0' };
  for (const number of [lastTxid, lastId, horizon]) if (!/^\d+$/.test(number)) throw new Error('Not a number.');
  return `(txid, id) > ('${lastTxid}'::xid8, ${lastId}) AND txid < '${horizon}'::xid8`;
}

/** Number, time and order are given by the database. It refuses a seal that leaves an entry out. */
async function store(
  client: PoolClient,
  last: Seal | undefined,
  made: Pick<Seal, 'root' | 'frontier' | 'checkpoint' | 'horizon'>,
  { ids, leaves, nodes }: Added,
): Promise<Pick<Seal, 'sealedAt' | 'lastTxid' | 'lastId'> & { seq: string }> {
  const { rows } = await client.query<Pick<Seal, 'sealedAt' | 'lastTxid' | 'lastId'> & { seq: string }>(
    `SELECT seq, sealed_at AS "sealedAt", last_txid AS "lastTxid", last_id AS "lastId"
     FROM audit_seal($1, $2, $3, $4, $5::xid8, $6, $7, $8, $9, $10)`,
    [
      ...[last?.seq ?? 0, made.root, made.frontier, made.checkpoint, made.horizon, ids, Buffer.concat(leaves)],
      ...[nodes.map(({ level }) => level), nodes.map(({ index }) => index), nodes.map(({ hash }) => hash)],
    ],
  );
  const [given] = rows;
  if (!given) throw new Error('The database answered no seal.');
  return given;
}
