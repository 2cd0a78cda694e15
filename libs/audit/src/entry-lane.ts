import { setTimeout as rest } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { DatabaseError } from 'pg';
import { OutdatedError, unavailable } from '#kernel';
import type { Trace } from '#platform/observability';
import { checkIn, checkOut, connectionWaitMs, type Database, Pace } from '#platform/database';
import { Pool } from '#platform/sessions';
import { auditMetrics } from './audit.metrics';
import { placeholdersOf } from './entry';

/** Entries that may wait; more are refused at once, so that memory stays bounded under a flood. */
const maxWaiting = 5_000;
/** Characters of JSON that may wait, for the same reason. */
const maxWaitingLength = 64 * 1024 * 1024;
/** Longest rest of a lane that rests, in ms. */
const maxRestMs = 250;

export const appendSql = 'SELECT audit_append($1::json) AS outdated';

/** PostgreSQL refuses what the entry holds, today and tomorrow. A placeholder stands for it. */
export class UnwritableEntryError extends Error {
  constructor(sqlState: string, cause: unknown) {
    super(`The entry of this access cannot be written: SQLSTATE ${sqlState}.`, { cause });
  }
}

export interface Appended {
  /**
   * Places of the entries that were not written, from 1, and below zero where only a replica was
   * late; null where all were written.
   */
  outdated: number[] | null;
}

/** One entry, or several that are written all or none, as JSON with commas between them. */
export interface EntryGroup {
  json: string;
  count: number;
  trace?: Trace;
}

interface Waiting extends EntryGroup {
  givenUpAt: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

interface LaneOptions {
  /** Groups that share one statement and one commit. */
  maxBatch: number;
  /** How long one statement may take, in ms. */
  statementMs: number;
  /**
   * Whether it rests after a batch for as long as that took, so that other statements have the
   * processor meanwhile.
   */
  rests?: boolean;
}

/**
 * A queue of entries with a connection of its own. One batch is under way at a time: while it waits
 * for the disk the next one fills, and fewer, fuller commits cost least. The group that is given up
 * first goes first.
 */
export class EntryLane {
  private readonly logger = new Logger('audit');
  private readonly pool: Pool;
  private waiting: Waiting[] = [];
  private waitingLength = 0;
  private isBusy = false;
  private isScheduled = false;
  private readonly pace = new Pace();
  private drained?: () => void;

  constructor(
    private readonly database: Database,
    connectionString: string,
    private readonly options: LaneOptions,
  ) {
    this.pool = new Pool({
      connectionString,
      max: 1,
      connectionTimeoutMillis: connectionWaitMs,
      query_timeout: options.statementMs,
      keepAlive: true,
    });
    this.pool.on('error', (error) => this.logger.warn({ cause: error.message }, 'Ledger connection lost'));
  }

  get depth(): number {
    return this.waiting.length;
  }

  /**
   * Resolves when the group is committed. Rejects when it is not, or not known to be after
   * `patienceMs`.
   */
  add(entries: EntryGroup, patienceMs: number): Promise<void> {
    const { length } = entries.json;
    if (this.waiting.length >= maxWaiting || this.waitingLength + length > maxWaitingLength) {
      auditMetrics.refused.inc();
      return Promise.reject(unavailable('audit.unavailable', 'Too many accesses wait to be recorded.'));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ ...entries, givenUpAt: Date.now() + patienceMs, resolve, reject });
      this.waitingLength += length;
      if (patienceMs < this.options.statementMs) setTimeout(() => this.refuseLate(), patienceMs + 1).unref();
      this.pace.join();
      this.schedule();
    });
  }

  /** Commits what waits, then closes. */
  async close(): Promise<void> {
    if (this.waiting.length > 0 || this.isBusy) await new Promise<void>((resolve) => (this.drained = resolve));
    await this.pool.end();
  }

  /** Starts a batch when it is time, so that what arrives together is committed together. */
  private schedule(): void {
    if (this.isScheduled || this.isBusy || this.waiting.length === 0) return;
    this.isScheduled = true;
    void this.pace.turn().then(() => {
      this.isScheduled = false;
      if (!this.isBusy && this.waiting.length > 0) void this.commitBatch();
    });
  }

  private async commitBatch(): Promise<void> {
    const batch = this.takeBatch();
    const begunAt = performance.now();
    this.isBusy = true;
    try {
      await this.settle(batch);
      if (this.options.rests && !this.drained) await rest(Math.min(maxRestMs, performance.now() - begunAt));
    } catch (error) {
      this.refuse(batch, error);
    } finally {
      this.isBusy = false;
      this.schedule();
      if (this.waiting.length === 0) this.drained?.();
    }
  }

  /**
   * Writes a batch, and tells each request that waits what became of its entry. An entry whose
   * values PostgreSQL refuses fails no other one: the batch is divided until that entry is alone.
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

  /**
   * Writes a placeholder and refuses the access. It is a fault of the program: 500, and an alert.
   */
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

  /** The groups that go next, without those whose deadline has passed. */
  private takeBatch(): Waiting[] {
    const { maxBatch } = this.options;
    this.refuseLate();
    if (maxBatch === 1) this.waiting.sort((one, other) => one.givenUpAt - other.givenUpAt);
    const batch = this.waiting.splice(0, maxBatch);
    for (const { json } of batch) this.waitingLength -= json.length;
    return batch;
  }

  /** Refuses, unwritten, those whose deadline has passed. */
  private refuseLate(): void {
    const now = Date.now();
    const late = this.waiting.filter(({ givenUpAt }) => givenUpAt <= now);
    if (late.length === 0) return;
    this.waiting = this.waiting.filter(({ givenUpAt }) => givenUpAt > now);
    for (const entry of late) {
      this.waitingLength -= entry.json.length;
      auditMetrics.refused.inc();
      entry.reject(unavailable('audit.unavailable', 'The access could not be recorded in time, so nothing is shown.'));
    }
    if (this.waiting.length === 0 && !this.isBusy) this.drained?.();
  }

  /**
   * Answers the places of those that were not written because their conditions do not hold, from 1.
   */
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

/**
 * Rejects those of a batch that have an entry among `places`, which were not written; answers the
 * others.
 */
function refuseOutdated(batch: Waiting[], places: number[]): Waiting[] {
  if (places.length === 0) return batch;
  const owners = batch.flatMap((waiting) => Array<Waiting>(waiting.count).fill(waiting));
  const refused = new Map(places.map((place) => [owners[Math.abs(place) - 1], place]));
  for (const [owner, place] of refused) owner?.reject(new OutdatedError({ isReplicaLate: place < 0 }));
  return batch.filter((waiting) => !refused.has(waiting));
}
