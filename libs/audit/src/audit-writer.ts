import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { OutdatedError } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { conditionsOf, entryOf, type EntryFacts } from './entry';
import { appendSql, EntryLane, type Appended } from './entry-lane';

/**
 * An entry not durable after this many ms is given up, and with it the reply that waits for it (P2:
 * 503 within 2 s).
 */
const deadlineMs = 1_000;
/** The same where the reply has begun: nobody waits for its status any more. */
const laterPartMs = 30_000;
/**
 * An entry of so many characters is a large one. The entry of a page of 200 records has some 5,000.
 */
const largeEntry = 16_384;

/**
 * Makes entries durable. Inside a transaction an entry is written by that transaction; outside of
 * one it joins the next group commit. When the returned promise resolves, the entry is committed
 * (`synchronous_commit` is on); when it rejects, whatever waited for it must not be shown. The
 * statement also compares what the access was decided by: OutdatedError where that has changed, and
 * then it has written no entry.
 */
@Injectable()
export class AuditWriter implements OnApplicationShutdown {
  private readonly usual: EntryLane;
  /**
   * Of entries that name thousands of records. Each takes PostgreSQL as long as hundreds of others,
   * which do not wait for it.
   */
  private readonly large: EntryLane;
  /** Tells entries that are written together from the others of their batch. */
  private groups = 0;
  private readonly lastWords: (() => Promise<void>)[] = [];

  constructor(
    private readonly database: Database,
    @Inject(CONFIG) { databaseUrl }: Config,
  ) {
    this.usual = new EntryLane(database, databaseUrl, { maxBatch: 500, statementMs: deadlineMs });
    this.large = new EntryLane(database, databaseUrl, { maxBatch: 1, statementMs: 10_000, rests: true });
  }

  /**
   * Records facts about a context: all of them, or none. Resolves when they are durable, or inside
   * a transaction when they are written, to commit with it. Large ones are committed one after the
   * other. Where a later one fails, the ledger names records that were not shown.
   */
  async record(context: RequestContext, ...facts: EntryFacts[]): Promise<void> {
    const together = facts.length > 1 ? (this.groups += 1) : undefined;
    const entries = facts.map((each) => entryOf(context, each, together));
    const json = entries.join(',');
    if (this.database.inTransaction(context)) {
      const [row] = await this.database.query<Appended>(context, appendSql, [`[${json}]`]);
      const [place] = row?.outdated ?? [];
      if (place !== undefined) throw new OutdatedError({ isReplicaLate: place < 0 });
      return;
    }
    const { replica } = context;
    if (json.length <= largeEntry) await this.commit(context, json, facts.length);
    else for (const each of entries) await this.commit(context, each, 1);
    if (replica) replica.isConfirmed = true;
  }

  /**
   * Resolves when the account that asks was found to be what it was, at some moment after the
   * request began.
   */
  async confirmAccount(context: RequestContext): Promise<void> {
    const conditions = conditionsOf(context);
    if (conditions) await this.commit(context, conditions, 1);
  }

  private async commit(context: RequestContext, json: string, count: number): Promise<void> {
    const { trace, replyHasBegun, timeLeftMs } = context;
    const part = trace?.begin('wait for the entry');
    const lane = replyHasBegun || json.length > largeEntry ? this.large : this.usual;
    try {
      await lane.add({ json, count, trace }, replyHasBegun ? laterPartMs : Math.min(deadlineMs, timeLeftMs));
      part?.end();
      if (context.account) context.account.isConfirmed = true;
    } catch (error) {
      part?.end(error instanceof OutdatedError ? 'outdated' : 'refused');
      throw error;
    }
  }

  get depth(): number {
    return this.usual.depth + this.large.depth;
  }

  /** Has something done once no request is open any more, while entries can still be written. */
  beforeClosing(work: () => Promise<void>): void {
    this.lastWords.push(work);
  }

  /** Commits what waits, then closes. */
  async onApplicationShutdown(): Promise<void> {
    for (const work of this.lastWords) await work();
    await Promise.all([this.usual.close(), this.large.close()]);
  }
}
