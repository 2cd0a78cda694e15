import type { ThrottlerStorage } from '@nestjs/throttler';
import { intervalOf, type BucketState } from './gcra';

/** The answer that @nestjs/throttler reads. Times are whole seconds. */
export type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Counts requests for @nestjs/throttler by GCRA. It never rejects for a fault of Redis: the process
 * then counts by itself. The penalty grows with each block that a client ignores, so
 * `blockDuration` is refused.
 */
export abstract class GcraStorage implements ThrottlerStorage {
  /**
   * Takes one request out of the bucket `key`, which holds `limit`. An empty bucket is full after
   * `ttl` ms.
   */
  increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttler: string,
  ): Promise<ThrottlerRecord> {
    if (!(limit >= 1)) throw new Error(`A limit is at least 1, not ${limit} (${key})`);
    // `ttl` is the default of ThrottlerGuard.
    if (blockDuration !== ttl) throw new Error(`A block grows by itself: give no blockDuration (${key})`);
    return this.take({ key, limit, span: ttl * 1000, throttler });
  }

  /** Why limits are not as exact as they should be; undefined where they are. */
  get fault(): string | undefined {
    return undefined;
  }

  protected abstract take(bucket: Bucket): Promise<ThrottlerRecord>;
}

/** A bucket limits a user over all routes, an IP address, or attempts at one account. */
export interface Bucket {
  /** Begins with its kind and a colon. It is the same in every process. */
  key: string;
  /** Requests that pass at once, and within `span`. */
  limit: number;
  /** Microseconds. */
  span: number;
  /** The label in the metrics. */
  throttler: string;
}

export function recordOf({ limit, span }: Bucket, passes: boolean, state: BucketState, now: number): ThrottlerRecord {
  const interval = intervalOf(limit, span);
  const debt = Math.max(0, state.fullAt - now);
  const fullIn = inSeconds(debt);
  if (passes) {
    const remaining = Math.max(0, Math.floor((interval * limit - debt) / interval));
    return { totalHits: limit - remaining, timeToExpire: fullIn, isBlocked: false, timeToBlockExpire: 0 };
  }
  const wait = Math.max(1, inSeconds(state.blockedUntil - now));
  return { totalHits: limit, timeToExpire: Math.max(fullIn, wait), isBlocked: true, timeToBlockExpire: wait };
}

function inSeconds(microseconds: number): number {
  return Math.ceil(microseconds / 1_000_000);
}
