import { createHmac, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import { CONFIG, derivedKey, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';

/** Keys are kept this long; a client that repeats a request does so much sooner. */
export const keptHours = 24;

/**
 * Remembers which record a request with an idempotency key created, in the transaction that creates it. Requests with
 * the same key at once wait for one another on a lock, so the later ones see what the first created. Of the request it keeps
 * a hash under a key that the database does not hold: a request may carry a password, which a bare hash would let one guess.
 */
@Injectable()
export class Idempotency {
  private readonly hashKey: KeyObject;

  constructor(
    private readonly database: Database,
    @Inject(CONFIG) config: Config,
  ) {
    this.hashKey = derivedKey(config, 'idempotency');
  }

  /** The record an earlier request with this key created; undefined where there was none, or no key was sent. */
  async earlier(context: RequestContext, request: object): Promise<number | undefined> {
    const { idempotencyKey: key, actor, route } = context;
    if (key === undefined || !actor?.userId) return undefined;
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new DomainError('request.malformed', 'Idempotency-Key must be 1 to 255 visible ASCII characters.');
    }
    await this.database.query(context, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [
      `${actor.userId} ${route} ${key}`,
    ]);
    const [found] = await this.database.query<{ request_hash: string; record_id: number }>(
      context,
      `SELECT request_hash, record_id FROM idempotency_keys
       WHERE user_id = $1 AND operation = $2 AND key = $3 AND created_at > now() - interval '${keptHours} hours'`,
      [actor.userId, route, key],
    );
    if (found && found.request_hash !== this.hashOf(request)) {
      throw new DomainError('idempotency.key-reused', 'Send a new key with a new request.');
    }
    return found?.record_id;
  }

  async keep(context: RequestContext, request: object, recordId: number): Promise<void> {
    const { idempotencyKey: key, actor, route } = context;
    if (key === undefined || !actor?.userId) return;
    await this.database.query(
      context,
      `INSERT INTO idempotency_keys (user_id, operation, key, request_hash, record_id) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (user_id, operation, key)
       DO UPDATE SET request_hash = excluded.request_hash, record_id = excluded.record_id, created_at = now()`,
      [actor.userId, route, key, this.hashOf(request), recordId],
    );
  }

  private hashOf(request: object): string {
    return createHmac('sha256', this.hashKey).update(JSON.stringify(request)).digest('hex');
  }
}
