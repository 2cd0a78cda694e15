import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';

/** How often an export says that it goes on, in ms. */
const aliveMs = 10_000;
/** An export that has not said so for this long has lost its lease, in seconds: its process is gone. */
const lostSeconds = 30;

/**
 * One export at a time for each person, over all processes. A lease is a row, so that no connection is
 * held for a slow reader. Commands and jobs have no account, and need none.
 */
@Injectable()
export class ExportLeases {
  /** The lease of a request, whose handler may run a second time. */
  private readonly holders = new WeakMap<RequestContext, string>();

  constructor(private readonly database: Database) {}

  /** The text that `begin` answers, as a stream. 409 while the person has another export under way. */
  async stream(context: RequestContext, begin: () => Promise<AsyncIterable<string>>): Promise<Readable> {
    const userId = context.actor?.userId ?? undefined;
    const holder = userId === undefined ? undefined : await this.take(context, userId);
    const release = () => (holder === undefined ? undefined : this.release(holder));
    try {
      const stream = Readable.from(released(await begin(), release), { objectMode: false });
      const beat = holder === undefined ? undefined : setInterval(() => void this.goOn(holder, stream), aliveMs);
      stream.once('close', () => {
        clearInterval(beat);
        void release();
      });
      return stream;
    } catch (error) {
      await release();
      throw error;
    }
  }

  private async take(context: RequestContext, userId: number): Promise<string> {
    const holder = randomUUID();
    const taken = await this.database.query(
      undefined,
      `INSERT INTO export_leases AS l (user_id, holder) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET holder = excluded.holder, alive_at = now()
       WHERE l.holder = $3 OR l.alive_at < now() - interval '${lostSeconds} seconds' RETURNING user_id`,
      [userId, holder, this.holders.get(context) ?? null],
    );
    if (taken.length === 0) {
      throw new DomainError('export.busy', 'You have an export under way. Ask again when it has ended.', {
        retryAfterSeconds: 5,
      });
    }
    this.holders.set(context, holder);
    return holder;
  }

  /** An export whose lease somebody else has taken since breaks off. */
  private async goOn(holder: string, stream: Readable): Promise<void> {
    try {
      const sql = 'UPDATE export_leases SET alive_at = now() WHERE holder = $1 RETURNING user_id';
      const kept = await this.database.query(undefined, sql, [holder]);
      if (kept.length === 0) stream.destroy(new Error('The export has lost its lease.'));
    } catch {
      // The next one may reach the database again.
    }
  }

  /** Where it fails the lease ends by itself. */
  private async release(holder: string): Promise<void> {
    await this.database
      .query(undefined, 'DELETE FROM export_leases WHERE holder = $1', [holder])
      .catch(() => undefined);
  }
}

/** Releases before the end is seen: whoever has read all of an export may ask for the next one. */
async function* released(lines: AsyncIterable<string>, release: () => unknown): AsyncGenerator<string> {
  try {
    yield* lines;
  } finally {
    await release();
  }
}
