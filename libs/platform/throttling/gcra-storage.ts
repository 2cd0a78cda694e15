import type { ThrottlerStorage } from '@nestjs/throttler';
import { intervalOf, type BucketState } from './gcra';

/** What @nestjs/throttler reads of an answer. Times are whole seconds. */
export type ThrottlerRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Counts requests for @nestjs/throttler by GCRA. It never fails: a process whose Redis is away counts by itself. A block grows
 * with each one that is not heeded, so `blockDuration` has no meaning here.
 */
export abstract class GcraStorage implements ThrottlerStorage {
  /** Takes one of the `limit` requests that the bucket named `key` holds. `ttl`: ms in which an empty bucket fills again. */
  increment(
    key: string,
    ttl: number,
    limit: number,
    blockDuration: number,
    throttler: string,
  ): Promise<ThrottlerRecord> {
    if (!(limit >= 1)) throw new Error(`A limit is at least 1, not ${limit} (${key})`);
    // The guard of the package says `ttl` where nobody said anything.
    if (blockDuration !== ttl) throw new Error(`A block grows by itself: give no blockDuration (${key})`);
    return this.take({ key, limit, span: ttl * 1000, throttler });
  }

  /** Why limits are not as exact as they should be; undefined where they are. */
  get fault(): string | undefined {
    return undefined;
  }

  protected abstract take(bucket: Bucket): Promise<ThrottlerRecord>;
}

/** What is limited: a user over all routes, an address, attempts at one account. */
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
