import { to as copyTo } from 'pg-copy-streams';
import type { ArchivedEntries, ArchivedObject } from '#audit';
import { entryFields, entryLine, entrySettings, keyOf, lineOf, linesOf } from './canonical-entry';
import { comparePlaces, inLogOrder } from './log-order';
import { maxSealEntries } from './sealing';
import {
  idsOf,
  isOwn,
  latestSeal,
  queryOn,
  sealAt,
  sealsAfter,
  type Query,
  type Seal,
  type SealedHashes,
} from './seals';
import type { Anchor, LedgerSource, SealedLeaves } from './verifier';
import { Client } from '#platform/sessions';

/** Seals that are read at a time; one holds up to 2,048 entries. */
const sealBatch = 32;
/** How long after the end of a range its last entries may have been sealed, in ms. */
const sealedLateMs = 60_000;

/** Which part of the log: after a checkpoint, by its number, or by the time of sealing. Without either all of it. */
export interface LogPart {
  afterSeq?: number;
  /** What that checkpoint was when it was verified; the one in the database may be another now. */
  afterCheckpoint?: string;
  from?: string;
  to?: string;
  /** The part ends with that checkpoint, and nothing may lie between its last entry and the next part: one of several parts. */
  throughSeq?: number;
}

/** Runs of leaves by where they begin. */
type Runs = readonly (readonly [start: number, count: number])[];

/**
 * The log as the database holds it, with the entries that have left it, where somebody can read those. Two connections: one for the
 * entries, in one long statement, and one for the rest.
 */
export class DatabaseSource implements LedgerSource {
  private readonly unreadable: Runs;
  private run = 0;

  private constructor(
    private readonly entries: Client,
    private readonly rest: Client,
    private readonly query: Query,
    private readonly begin: Seal | undefined,
    /** The seal it ends with. */
    readonly end: Seal | undefined,
    private readonly part: LogPart,
    private readonly archive: ArchivedEntries | undefined,
    /** Those that may have entries of the part. */
    private readonly objects: readonly ArchivedObject[],
  ) {
    this.unreadable = objects
      .filter(({ state }) => state !== 'readable')
      .flatMap(({ leaves }) => leaves)
      .sort(([one], [other]) => one - other);
  }

  static async open(databaseUrl: string, part: LogPart = {}, archive?: ArchivedEntries): Promise<DatabaseSource> {
    const [entries, rest] = [
      new Client({ connectionString: databaseUrl }),
      new Client({ connectionString: databaseUrl }),
    ];
    for (const client of [entries, rest]) {
      client.on('error', () => undefined);
      await client.connect();
    }
    const query = queryOn(rest);
    const { begin, end } = await boundsOf(query, part);
    // While this lock is held no month leaves the database, so that each entry is in one place. And in the order of an index: a sort would
    // keep the part on disk before the first entry comes.
    await entries.query(
      `BEGIN READ ONLY; ${entrySettings}; SET LOCAL enable_sort = off; LOCK TABLE ONLY audit_logs IN ACCESS SHARE MODE`,
    );
    const objects = (await archive?.objects())?.filter((object) => overlaps(object, begin, end)) ?? [];
    return new DatabaseSource(entries, rest, query, begin, end, part, archive, objects);
  }

  async close(): Promise<void> {
    await Promise.all([this.entries.end(), this.rest.end()]);
  }

  get anchor(): Anchor | undefined {
    const { begin, part } = this;
    return begin && { frontier: begin.frontier, checkpoint: part.afterCheckpoint ?? begin.checkpoint };
  }

  private get isLatest(): boolean {
    return this.part.to === undefined && this.part.throughSeq === undefined;
  }

  get checkpoint(): string | undefined {
    return this.end?.checkpoint;
  }

  async *sealed(): AsyncIterable<SealedLeaves> {
    const last = this.end?.seq ?? 0;
    let seq = this.begin?.seq ?? 0;
    if (seq >= last) return;
    for (let reading = this.read(seq); seq < last;) {
      const seals = await reading;
      seq = seals.at(-1)?.seq ?? last;
      // The next ones are read while these are compared.
      if (seq < last) reading = this.read(seq);
      for (const { seq: own, ...sealed } of seals) {
        if (own <= last) yield { ...sealed, ids: () => idsOf(this.query, own) };
      }
    }
  }

  /** A failure is for who waits for it; whoever stops before does not. */
  private read(seq: number): Promise<SealedHashes[]> {
    const reading = sealsAfter(this.query, seq, sealBatch);
    reading.catch(() => undefined);
    return reading;
  }

  async *lines(): AsyncIterable<Buffer[]> {
    if (!this.end && !this.isLatest) return;
    const archived = this.objects
      .filter(({ state }) => state === 'readable')
      .map((object) => ({ first: object.first, lines: () => this.within(object) }));
    yield* inLogOrder([...archived, { lines: () => this.hotLines() }]);
  }

  private async *hotLines(): AsyncIterable<Buffer[]> {
    const where = [
      ...(this.begin ? [`(txid, id) > ${keyText(this.begin)}`] : []),
      ...(this.isLatest || !this.end ? [] : [`(txid, id) <= ${keyText(this.end)}`]),
    ];
    const condition = where.length > 0 ? `WHERE ${where.join(' AND ')}` : '';
    yield* linesOf(
      this.entries.query(copyTo(`COPY (SELECT ${entryLine} FROM audit_logs ${condition} ORDER BY txid, id) TO STDOUT`)),
    );
  }

  /** The lines of an object that are of this part. */
  private async *within(object: ArchivedObject): AsyncIterable<Buffer[]> {
    const [after, through] = [this.begin && placeOf(this.begin), this.end && placeOf(this.end)];
    const isWhole =
      (!after || comparePlaces(object.first, after) > 0) && (!through || comparePlaces(object.through, through) <= 0);
    for await (const lines of this.archive?.lines(object) ?? []) {
      yield isWhole
        ? lines
        : lines.filter((line) => {
            const place = keyOf(line);
            return (!after || comparePlaces(place, after) > 0) && (!through || comparePlaces(place, through) <= 0);
          });
    }
  }

  isUnreadable(index: number): boolean {
    let run = this.unreadable[this.run];
    while (run && run[0] + run[1] <= index) run = this.unreadable[(this.run += 1)];
    return run !== undefined && run[0] <= index;
  }

  mayBeUnsealed(line: Buffer): boolean {
    if (this.part.throughSeq !== undefined) return false;
    if (!this.end || this.end.entryCount === maxSealEntries) return true;
    return BigInt(keyOf(line).txid) >= BigInt(this.end.horizon);
  }

  async linesOfEntry(id: string): Promise<Buffer[]> {
    const rows = await this.query<{ fields: (string | null)[] }>(
      `SELECT ${entryFields} AS fields FROM audit_logs WHERE id = $1`,
      [id],
    );
    const archived: Buffer[] = [];
    for (const object of this.objects) {
      const isHere = object.state === 'readable' && object.lowestId <= Number(id) && Number(id) <= object.highestId;
      const line = isHere ? await this.archive?.line(object, Number(id)) : undefined;
      if (line) archived.push(line);
    }
    return [...rows.map(({ fields }) => lineOf(fields)), ...archived];
  }

  /** Reads all seals: for the one case in which something was found. */
  async placeOf(id: string): Promise<number | undefined> {
    const [found] = await this.query<{ place: string }>(
      `SELECT tree_size - entry_count + array_position(entry_ids, $1::bigint) - 1 AS place FROM audit_seals
       WHERE $1::bigint = ANY (entry_ids) AND ${isOwn} LIMIT 1`,
      [id],
    );
    return found && Number(found.place);
  }
}

/** The seals after which a part begins, and with which it ends. Throws where it is to end with one that is not there. */
export async function boundsOf(query: Query, part: LogPart): Promise<{ begin?: Seal; end?: Seal }> {
  const { afterSeq, throughSeq, from, to } = part;
  const begin = afterSeq === undefined ? await lastSealed(query, '<', from, 0) : await sealAt(query, afterSeq);
  if (throughSeq === undefined) {
    const end = to === undefined ? await latestSeal(query) : await lastSealed(query, '<=', to, sealedLateMs);
    return { begin, end };
  }
  const end = await sealAt(query, throughSeq);
  if (!end) throw new Error(`There is no checkpoint ${throughSeq}.`);
  return { begin, end };
}

/** The last seal that was made before an instant, and a little later; undefined where no instant is given. */
async function lastSealed(
  query: Query,
  before: '<' | '<=',
  instant: string | undefined,
  lateMs: number,
): Promise<Seal | undefined> {
  if (instant === undefined) return undefined;
  const [seal] = await query<{ seq: string }>(
    `SELECT seq FROM audit_seals WHERE sealed_at ${before} $1::timestamptz + $2 * interval '1 ms'
       AND ${isOwn} ORDER BY seq DESC LIMIT 1`,
    [instant, lateMs],
  );
  return seal && sealAt(query, Number(seal.seq));
}

/** Whether an object may hold entries of a part. */
export function overlaps({ first, through }: ArchivedObject, begin: Seal | undefined, end: Seal | undefined): boolean {
  const isLater = !begin || comparePlaces(through, placeOf(begin)) > 0;
  return isLater && (!end || comparePlaces(first, placeOf(end)) <= 0);
}

function placeOf({ lastTxid, lastId }: Seal): { txid: string; id: string } {
  return { txid: lastTxid, id: lastId };
}

function keyText({ lastTxid, lastId }: Seal): string {
  if (!/^\d+$/.test(lastTxid) || !/^\d+$/.test(lastId)) throw new Error('Not a number.');
  return `('${lastTxid}'::xid8, ${lastId})`;
}
