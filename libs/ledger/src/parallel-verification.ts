import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { boundsOf, overlaps, type LogPart } from './database-source';
import { IdSet } from './id-set';
import { queryOn, sealOfLeaf, type Seal } from './seals';
import type { WordOfThread, WorkOfThread } from './verification-worker';
import { doubled } from './verifier';
import { verifyPart, type PartOptions, type PartVerdict } from './verify-part';
import { Client } from '#platform/sessions';

/** Threads at most: each has two connections to the database, and a process there that is as busy. */
const maxThreads = 16;

export interface ThreadOptions extends PartOptions {
  /** The verifier keys of the log, encoded: all of them sign its checkpoints. */
  keys: readonly string[];
  /** Threads, and so parts; 0 for none but the caller's. */
  threads: number;
  /** Whether the threads leave the processors to others most of the time. */
  isGentle?: boolean;
  /** A part has this many leaves at least; a log of fewer than two such parts is verified without threads. */
  leastLeaves?: number;
  /** The compiled `verification-worker`. */
  workerFile?: string;
}

/** A part of the log for one thread: it begins at a tree of `start` leaves, and ends with a checkpoint, unless it is the last. */
interface Piece {
  part: LogPart;
  start: number;
  checkpoint?: string;
  /** Of the tree with which the last one ends. */
  size: number;
}

/**
 * What `verifyPart` finds, sooner: the log is cut at checkpoints into parts of about as many leaves, each is verified in a thread
 * from the checkpoint before it to its own, and together they read each entry once. Where one is not as it was sealed, the log
 * is verified from the part before the first such one, without threads: that names the fault, and is the verdict.
 */
export async function verifyInThreads(
  databaseUrl: string,
  whole: LogPart,
  options: ThreadOptions,
): Promise<PartVerdict> {
  const pieces = await cutLog(databaseUrl, whole, options);
  if (pieces.length === 0) return verifyPart(databaseUrl, whole, options);
  const found = await verifyPieces(databaseUrl, pieces, options);
  const last = found.length === pieces.length ? found.at(-1) : undefined;
  if (last) {
    const id = doubledIn(found);
    const verdict = { ...last.verdict, entriesCompared: comparedIn(found) };
    return { ...last, verdict: id === undefined ? verdict : { ...verdict, valid: false, fault: doubled(id) } };
  }
  // The part before the first faulty one was found to begin soundly, and all before it to be as it was sealed.
  const before = Math.max(0, found.length - 1);
  const rest: LogPart = { ...pieces[before]?.part, throughSeq: undefined, to: whole.to };
  const named = await verifyPart(databaseUrl, rest, options);
  const entriesCompared = comparedIn(found.slice(0, before)) + named.verdict.entriesCompared;
  return { ...named, verdict: { ...named.verdict, entriesCompared } };
}

/**
 * Cuts the log at seals whose numbers and last entries ascend. One piece where one thread is to be used; no pieces if it is too short for more, anything is
 * odd, or some of it is in the archive.
 */
export async function cutLog(
  databaseUrl: string,
  whole: LogPart,
  { open, threads, leastLeaves = 50_000, archive }: Pick<ThreadOptions, 'open' | 'threads' | 'leastLeaves' | 'archive'>,
): Promise<Piece[]> {
  if (threads < 1) return [];
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const query = queryOn(client);
    const { begin, end } = await boundsOf(query, whole);
    if (!end || !open(end.checkpoint)) return [];
    if ((await archive?.objects())?.some((object) => overlaps(object, begin, end))) return [];
    const start = begin?.size ?? 0;
    const leaves = end.size - start;
    const count = Math.min(threads, maxThreads, Math.floor(leaves / leastLeaves));
    const cuts: Seal[] = [];
    for (let place = 1; place < count; place += 1) {
      const seal = await sealOfLeaf(query, start + Math.round((leaves * place) / count));
      if (seal && seal.seq < end.seq && seal.seq !== cuts.at(-1)?.seq) cuts.push(seal);
    }
    const ascending = [...(begin ? [begin] : []), ...cuts];
    const isOdd = ascending.some((seal, place) => place > 0 && !isBefore(ascending[place - 1] as Seal, seal));
    const last = cuts.at(-1);
    if (isOdd || (last ? isBefore(end, last) : threads > 1)) return [];
    return [...cuts, undefined].map((seal, place) => ({
      ...pieceOf(whole, cuts[place - 1], seal),
      start: cuts[place - 1]?.size ?? start,
      size: end.size,
    }));
  } finally {
    await client.end();
  }
}

function pieceOf(whole: LogPart, after: Seal | undefined, through: Seal | undefined) {
  const { to, ...beginning } = whole;
  const begins = after ? { afterSeq: after.seq, afterCheckpoint: after.checkpoint } : beginning;
  return {
    part: through ? { ...begins, throughSeq: through.seq } : { ...begins, to },
    checkpoint: through?.checkpoint,
  };
}

function isBefore(one: Seal, other: Seal): boolean {
  const [oneTxid, otherTxid] = [BigInt(one.lastTxid), BigInt(other.lastTxid)];
  const isEarlier = oneTxid < otherTxid || (oneTxid === otherTxid && BigInt(one.lastId) < BigInt(other.lastId));
  return isEarlier && one.seq < other.seq;
}

/** What was found of the pieces, in their order, up to the first that is not as it was sealed or could not be verified. */
export async function verifyPieces(
  databaseUrl: string,
  pieces: Piece[],
  {
    keys,
    published,
    onProgress,
    isGentle = false,
    workerFile = join(__dirname, 'verification-worker.js'),
  }: ThreadOptions,
): Promise<PartVerdict[]> {
  const done = pieces.map(({ start }) => start);
  const [first = 0] = done;
  const tell = (place: number) => (leaves: number) => {
    done[place] = leaves;
    const sum = pieces.reduce((total, { start }, at) => total + (done[at] ?? start) - start, first);
    void onProgress?.(sum, pieces[place]?.size ?? sum);
  };
  const threads = pieces.map(({ part, checkpoint }, place) => {
    const work = { databaseUrl, part, keys, isGentle, published: checkpoint === undefined ? published : undefined };
    return new Thread(workerFile, work, tell(place));
  });
  try {
    const found: PartVerdict[] = [];
    for (const [place, thread] of threads.entries()) {
      const piece = await thread.found.catch(() => undefined);
      const expected = pieces[place]?.checkpoint;
      const endsAsCut = expected === undefined || piece?.end?.checkpoint === expected;
      if (!piece?.verdict.valid || !endsAsCut) break;
      tell(place)(piece.verdict.treeSize);
      found.push(piece);
    }
    return found;
  } finally {
    await Promise.all(threads.map((thread) => thread.stop()));
  }
}

/** One part under way in a thread of its own. */
class Thread {
  /** Rejects where the thread can not finish. */
  readonly found: Promise<PartVerdict>;
  private readonly worker: Worker;

  constructor(file: string, work: WorkOfThread, onProgress: (leaves: number) => void) {
    // The compiled program, whatever conditions this process resolves imports by.
    this.worker = new Worker(file, { workerData: work, execArgv: [] });
    this.found = new Promise((resolve, reject) => {
      this.worker.on('message', (word: WordOfThread) => ('leaves' in word ? onProgress(word.leaves) : resolve(word)));
      this.worker.once('error', reject);
      this.worker.once('exit', (status) => reject(new Error(`The thread ended with ${status} before its part.`)));
    });
    // A failure is for who waits for it; nobody does once an earlier part is at fault.
    this.found.catch(() => undefined);
  }

  async stop(): Promise<void> {
    await this.worker.terminate();
  }
}

/** The lowest id that entries of two parts have. */
function doubledIn(found: PartVerdict[]): number | undefined {
  const ids = new IdSet();
  const doubles = found.map((part) => ids.absorb(part.ids)).filter((id) => id !== undefined);
  return doubles.length === 0 ? undefined : Math.min(...doubles);
}

function comparedIn(found: PartVerdict[]): number {
  return found.reduce((sum, { verdict }) => sum + verdict.entriesCompared, 0);
}
