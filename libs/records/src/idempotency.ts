import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';

/** Keys are kept this long; a client that repeats a request does so much sooner. */
const keptHours = 24;

/**
 * Remembers which record a request with an idempotency key created, in the transaction that creates it. Requests with
 * the same key at once wait for one another on a lock, so the later ones see what the first created.
 */
@Injectable()
export class Idempotency {
  constructor(private readonly database: Database) {}

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
    if (found && found.request_hash !== hashOf(request)) {
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
      [actor.userId, route, key, hashOf(request), recordId],
    );
  }
}

function hashOf(request: object): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}
