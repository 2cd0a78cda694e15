import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseError, Pool } from 'pg';
import { OutdatedError, unavailable } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import type { Trace } from '#platform/observability';
import { checkIn, checkOut, Database, connectionWaitMs, Pace } from '#platform/database';
import { auditMetrics } from './audit.metrics';
import { conditionsOf, entryOf, placeholdersOf, type EntryFacts } from './entry';

/** An entry not durable after this many ms is given up, and with it the reply that waits for it (P2: 503 within 2 s). */
const deadlineMs = 1_000;
/** Entries that may wait; more are refused at once, so that memory stays bounded under a flood. */
const maxWaiting = 5_000;
/** Bytes of JSON that may wait, for the same reason: an export's entry names every record. */
const maxWaitingBytes = 64 * 1024 * 1024;
/** Entries that share one statement and one commit. */
const maxBatch = 500;
const appendSql = 'SELECT audit_append($1::json) AS outdated';
/** Batches under way at a time. While one waits for the disk the next one fills: fewer, fuller commits cost least. */
const lanes = 1;

/** PostgreSQL refuses what the entry holds, today and tomorrow. A placeholder stands for it. */
export class UnwritableEntryError extends Error {
  constructor(sqlState: string, cause: unknown) {
    super(`The entry of this access cannot be written: SQLSTATE ${sqlState}.`, { cause });
  }
}

interface Appended {
  /**
   * Places of the entries that were not written, from 1, and below zero where only a replica was late; null where all
   * were written.
   */
  outdated: number[] | null;
}

interface Waiting {
  /** One entry, or several that are written all or none, as JSON with commas between them. */
  json: string;
  count: number;
  givenUpAt: number;
  trace?: Trace;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Makes entries durable. Inside a transaction an entry is written by that transaction; outside of one it joins the next
 * group commit. When the returned promise resolves, the entry is committed (`synchronous_commit` is on); when it rejects,
 * whatever waited for it must not be shown. The statement also compares what the access was decided by: OutdatedError where
 * that has changed, and then it has written no entry.
 */
@Injectable()
export class AuditWriter implements OnApplicationShutdown {
  private readonly logger = new Logger('audit');
  private readonly pool: Pool;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private underway = 0;
  private scheduled = false;
  /** Tells entries that are written together from the others of their batch. */
  private groups = 0;
  private readonly pace = new Pace();
  private drained?: () => void;
  private readonly lastWords: (() => Promise<void>)[] = [];

  constructor(
    private readonly database: Database,
    @Inject(CONFIG) config: Config,
  ) {
    this.pool = new Pool({
      connectionString: config.databaseUrl,
      max: lanes,
      connectionTimeoutMillis: connectionWaitMs,
      query_timeout: deadlineMs,
      keepAlive: true,
    });
    this.pool.on('error', (error) => this.logger.warn({ cause: error.message }, 'Ledger connection lost'));
  }

  /**
   * Records facts about a context: all of them, or none. Resolves when they are durable, or inside a transaction when they
   * are written, to commit with it.
   */
  async record(context: RequestContext, ...facts: EntryFacts[]): Promise<void> {
    const together = facts.length > 1 ? (this.groups += 1) : undefined;
    const json = facts.map((each) => entryOf(context, each, together)).join(',');
    if (this.database.inTransaction(context)) {
      const [row] = await this.database.query<Appended>(context, appendSql, [`[${json}]`]);
      const [place] = row?.outdated ?? [];
      if (place !== undefined) throw new OutdatedError({ isReplicaLate: place < 0 });
      return;
    }
    const { replica } = context;
    await this.commit(context, json, facts.length);
    if (replica) replica.isConfirmed = true;
  }

  /** Resolves when the account that asks was found to be what it was, at some moment after the request began. */
  async confirmAccount(context: RequestContext): Promise<void> {
    const conditions = conditionsOf(context);
    if (conditions) await this.commit(context, conditions, 1);
  }

  private async commit(context: RequestContext, json: string, count: number): Promise<void> {
    const part = context.trace?.begin('wait for the entry');
    try {
      await this.enqueue({ json, count, trace: context.trace }, Math.min(deadlineMs, context.timeLeftMs));
      part?.end();
      if (context.account) context.account.isConfirmed = true;
    } catch (error) {
      part?.end(error instanceof OutdatedError ? 'outdated' : 'refused');
      throw error;
    }
  }

  get depth(): number {
    return this.waiting.length;
  }

  /** Has something done once no request is open any more, while entries can still be written. */
  beforeClosing(work: () => Promise<void>): void {
    this.lastWords.push(work);
  }

  /** Commits what waits, then closes. */
  async onApplicationShutdown(): Promise<void> {
    for (const work of this.lastWords) await work();
    if (this.waiting.length > 0 || this.underway > 0) await new Promise<void>((resolve) => (this.drained = resolve));
    await this.pool.end();
  }

  private enqueue(entries: Pick<Waiting, 'json' | 'count' | 'trace'>, patienceMs: number): Promise<void> {
    const { length: bytes } = entries.json;
    if (this.waiting.length >= maxWaiting || this.waitingBytes + bytes > maxWaitingBytes) {
      auditMetrics.refused.inc();
      return Promise.reject(unavailable('audit.unavailable', 'Too many accesses wait to be recorded.'));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...entries, givenUpAt: Date.now() + patienceMs, resolve, reject });
      this.waitingBytes += bytes;
      this.pace.join();
      this.schedule();
    });
  }

  /** Starts a batch when it is time, so that what arrives together is committed together. */
  private schedule(): void {
    if (this.scheduled || this.underway >= lanes || this.waiting.length === 0) return;
    this.scheduled = true;
    void this.pace.turn().then(() => {
      this.scheduled = false;
      if (this.underway < lanes && this.waiting.length > 0) void this.commitBatch();
    });
  }

  private async commitBatch(): Promise<void> {
    const batch = this.takeBatch();
    this.underway += 1;
    try {
      await this.settle(batch);
    } catch (error) {
      this.refuse(batch, error);
    } finally {
      this.underway -= 1;
      this.schedule();
      if (this.waiting.length === 0 && this.underway === 0) this.drained?.();
    }
  }

  /**
   * Writes a batch, and tells each request that waits what became of its entry. An entry whose values
   * PostgreSQL refuses fails no other one: the batch is divided until that entry is alone.
   */
  private async settle(batch: Waiting[]): Promise<void> {
    const [first] = batch;
    if (!first) return;
    try {
      const outdated = await doneBy(this.append(batch), first.givenUpAt);
      const written = refuseOutdated(batch, outdated);
      for (const { resolve } of written) resolve();
      auditMetrics.outdated.inc(batch.length - written.length);
      auditMetrics.entries.inc(written.reduce((sum, { count }) => sum + count, 0));
      auditMetrics.batchSize.observe(batch.length);
    } catch (error) {
      const sqlState = faultWithin(error);
      if (sqlState === undefined) this.refuse(batch, error);
      else if (batch.length === 1) await this.replace(first, sqlState, error);
      else {
        const middle = Math.floor(batch.length / 2);
        await this.settle(batch.slice(0, middle));
        await this.settle(batch.slice(middle));
      }
    }
  }

  private refuse(batch: Waiting[], error: unknown): void {
    auditMetrics.refused.inc(batch.length);
    const refusal = unavailable('audit.unavailable', 'The access could not be recorded, so nothing is shown.', error);
    for (const entry of batch) entry.reject(refusal);
  }

  /** Writes a placeholder and refuses the access. It is a fault of the program: 500, and an alert. */
  private async replace(entry: Waiting, sqlState: string, cause: unknown): Promise<void> {
    auditMetrics.replaced.inc(entry.count);
    this.logger.error({ sqlState, cause: (cause as Error).message }, 'An entry could not be written as it was');
    try {
      const json = placeholdersOf(entry.json, sqlState);
      if (json) await doneBy(this.append([{ ...entry, json }]), entry.givenUpAt);
    } catch (error) {
      this.logger.error({ cause: (error as Error).message }, 'Nor could its placeholder');
    }
    entry.reject(new UnwritableEntryError(sqlState, cause));
  }

  /** The oldest entries; those whose deadline has passed are refused on the way, unwritten. */
  private takeBatch(): Waiting[] {
    const now = Date.now();
    const taken = this.waiting.splice(0, maxBatch);
    for (const entry of taken) this.waitingBytes -= entry.json.length;
    const batch = taken.filter((entry) => entry.givenUpAt > now);
    for (const entry of taken) {
      if (entry.givenUpAt > now) continue;
      auditMetrics.refused.inc();
      entry.reject(unavailable('audit.unavailable', 'The access could not be recorded in time, so nothing is shown.'));
    }
    return batch;
  }

  /** Answers the places of those that were not written because their conditions do not hold, from 1. */
  private async append(batch: Waiting[]): Promise<number[]> {
    const client = await checkOut(this.pool);
    const traces = batch.flatMap(({ trace }) => trace ?? []);
    const part = traces[0]?.beginShared('commit entries', traces, { 'ip2a.entries': batch.length });
    try {
      const entries = `[${batch.map((entry) => entry.json).join(',')}]`;
      const { rows } = await this.database.runOn(client, appendSql, [entries]);
      checkIn(client);
      part?.end();
      return (rows as Appended[])[0]?.outdated ?? [];
    } catch (error) {
      part?.end('failed');
      checkIn(client, error);
      throw error;
    }
  }
}

/** Rejects where the work is not done by this time, in ms since the epoch. */
async function doneBy<T>(work: Promise<T>, givenUpAt: number): Promise<T> {
  let giveUp: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    giveUp = setTimeout(() => reject(new Error('Deadline passed')), Math.max(1, givenUpAt - Date.now()));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(giveUp);
  }
}

/**
 * The SQLSTATE where PostgreSQL refuses a value of some entry: data exceptions, constraints, limits
 * of the program. A check without a name means that the ledger lacks a partition.
 */
function faultWithin(error: unknown): string | undefined {
  if (!(error instanceof DatabaseError) || !/^(?:22|23|54)/.test(error.code ?? '')) return undefined;
  return error.code === '23514' && !error.constraint ? undefined : error.code;
}

/** Rejects those of a batch that have an entry among `places`, which were not written; answers the others. */
function refuseOutdated(batch: Waiting[], places: number[]): Waiting[] {
  if (places.length === 0) return batch;
  const owners = batch.flatMap((waiting) => Array<Waiting>(waiting.count).fill(waiting));
  const refused = new Map(places.map((place) => [owners[Math.abs(place) - 1], place]));
  for (const [owner, place] of refused) owner?.reject(new OutdatedError({ isReplicaLate: place < 0 }));
  return batch.filter((waiting) => !refused.has(waiting));
}
