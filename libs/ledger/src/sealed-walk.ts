import { keyOf } from './canonical-entry';
import { LedgerFault } from './ledger-fault.error';
import { CompactRange, emptyRoot, hashAt, hashBytes, leafHash } from './merkle';
import { isOwn, type Query } from './seals';

/** Seals that are read at a time. */
const sealBatch = 16;

interface Sealed {
  first: string;
  ids: string[];
  leaves: Buffer;
  lastTxid: string;
  lastId: string;
}

/** What entries were found to be: all as they were sealed. */
export interface SealedPart {
  entries: number;
  /** Of an RFC 6962 tree over their leaf hashes alone. */
  root: Buffer;
  /** Their places in the log, as runs: where each begins and how long it is. */
  runs: [start: number, count: number][];
  first?: { txid: string; id: string };
  last?: { txid: string; id: string };
  changedAt?: { from: string; to: string };
  ids?: { lowest: string; highest: string };
  /** In bytes. */
  longestLine: number;
}

/**
 * Compares entries that come in the order of the log with what was sealed. They need not be all of it: those between are
 * passed over. Memory does not grow with them. Throws LedgerFault naming the first that is not what was sealed.
 */
export class SealedWalk {
  private readonly range = new CompactRange();
  private readonly runs: [start: number, count: number][] = [];
  private batch: Sealed[] = [];
  private place = 0;
  private read?: { txid: string; id: string };
  private ids?: { lowest: bigint; highest: bigint };
  private times?: { from: string; to: string };
  private first?: { txid: string; id: string };
  private last?: { txid: string; id: string };
  private longestLine = 0;

  constructor(private readonly query: Query) {}

  async take(lines: readonly Buffer[]): Promise<void> {
    for (const line of lines) {
      const { id, changedAt, txid } = keyOf(line);
      this.read ??= { txid, id: String(BigInt(id) - 1n) };
      const sealed = await this.find(id);
      const leaf = leafHash(line);
      if (!leaf.equals(hashAt(sealed.leaves, this.place))) {
        throw new LedgerFault(`Entry ${id} is not what was sealed; run "ip2a audit verify"`);
      }
      this.append(leaf, Number(sealed.first) + this.place);
      this.note(line.length, { txid, id, changedAt });
      this.place += 1;
    }
  }

  end(): SealedPart {
    const { range, runs, first, last, longestLine, times, ids } = this;
    return {
      entries: range.size,
      root: range.size === 0 ? emptyRoot : range.root,
      ...{ runs, first, last, longestLine, changedAt: times },
      ids: ids && { lowest: String(ids.lowest), highest: String(ids.highest) },
    };
  }

  private append(leaf: Buffer, index: number): void {
    this.range.append(leaf);
    const run = this.runs.at(-1);
    if (run && run[0] + run[1] === index) run[1] += 1;
    else this.runs.push([index, 1]);
  }

  private note(length: number, { txid, id, changedAt }: { txid: string; id: string; changedAt: string }): void {
    this.longestLine = Math.max(this.longestLine, length);
    this.first ??= { txid, id };
    this.last = { txid, id };
    const number = BigInt(id);
    this.ids ??= { lowest: number, highest: number };
    if (number < this.ids.lowest) this.ids.lowest = number;
    if (number > this.ids.highest) this.ids.highest = number;
    // Comparing texts: all have the same form, save for the zeros at the end of fractions, of which "+" comes before every digit.
    this.times ??= { from: changedAt, to: changedAt };
    if (changedAt < this.times.from) this.times.from = changedAt;
    if (changedAt > this.times.to) this.times.to = changedAt;
  }

  /** Goes on to the place of an id. */
  private async find(id: string): Promise<Sealed> {
    for (;;) {
      const [sealed] = this.batch;
      if (!sealed) {
        await this.readOn(id);
        continue;
      }
      const found = sealed.ids.indexOf(id, this.place);
      if (found >= 0) {
        this.place = found;
        return sealed;
      }
      this.batch.shift();
      this.place = 0;
    }
  }

  private async readOn(id: string): Promise<void> {
    this.batch = await this.query<Sealed>(
      `SELECT tree_size - entry_count AS first, entry_ids::text[] AS ids, leaf_hashes AS leaves, last_txid::text AS "lastTxid",
         last_id::text AS "lastId" FROM audit_seals
       WHERE entry_count > 0 AND ${isOwn} AND (last_txid, last_id) > ($1::text::xid8, $2::bigint) ORDER BY last_txid, last_id LIMIT ${sealBatch}`,
      [this.read?.txid, this.read?.id],
    );
    const last = this.batch.at(-1);
    if (!last) throw new LedgerFault(`Entry ${id} was never sealed, or not in this order; run "ip2a audit verify"`);
    this.read = { txid: last.lastTxid, id: last.lastId };
    if (this.batch.some(({ ids, leaves }) => leaves.length !== ids.length * hashBytes))
      throw new LedgerFault('A seal has not as many hashes as entries');
  }
}
