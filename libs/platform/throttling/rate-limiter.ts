import { DomainError } from '#kernel';
import { intervalOf, type BucketState } from './gcra';

/** What is limited: a user over all routes, an address, attempts at one account. */
export interface Bucket {
  /** Such as `user` or `address`; ids are unique within it. */
  kind: string;
  id: string | number;
  /** The label in the metrics. */
  tier: string;
  /** Requests that pass at once, and in a minute. */
  perMinute: number;
}

/** The answer about one request, as the headers tell it. */
export interface Verdict {
  bucket: Bucket;
  passes: boolean;
  /** Requests that would pass right now. */
  remaining: number;
  /** Seconds until the bucket is full again, or until the end of the block. */
  resetSeconds: number;
  /** Seconds to wait; 0 where the request passes. */
  retryAfterSeconds: number;
}

/** Says for each request whether it is one too many. Never fails: who is not sure counts by itself. */
export abstract class RateLimiter {
  abstract take(bucket: Bucket): Verdict | Promise<Verdict>;

  /** Why limits are not as exact as they should be; undefined where they are. */
  get fault(): string | undefined {
    return undefined;
  }
}

/** The name of a bucket, the same in every process. */
export function keyOf({ kind, id }: Bucket): string {
  return `${kind}:${id}`;
}

export function verdictOf(bucket: Bucket, passes: boolean, state: BucketState, now: number): Verdict {
  const interval = intervalOf(bucket.perMinute);
  const debt = Math.max(0, state.fullAt - now);
  const fullIn = inSeconds(debt);
  if (passes) {
    const remaining = Math.max(0, Math.floor((interval * bucket.perMinute - debt) / interval));
    return { bucket, passes, remaining, resetSeconds: fullIn, retryAfterSeconds: 0 };
  }
  const retryAfterSeconds = Math.max(1, inSeconds(state.blockedUntil - now));
  return { bucket, passes, remaining: 0, resetSeconds: Math.max(fullIn, retryAfterSeconds), retryAfterSeconds };
}

/** A verdict as the reply says it (draft-ietf-httpapi-ratelimit-headers-06). */
export function throttlingHeaders({ bucket, remaining, resetSeconds }: Verdict): Record<string, string> {
  return {
    'ratelimit-limit': String(bucket.perMinute),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
  };
}

/** The 429 of a request that does not pass; `email` is the account that it tried, if it did. */
export function tooMany({ bucket, retryAfterSeconds }: Verdict, email?: string): DomainError {
  const unit = retryAfterSeconds === 1 ? 'second' : 'seconds';
  return new DomainError(
    'rate.limited',
    `No more than ${bucket.perMinute} a minute. Wait ${retryAfterSeconds} ${unit}; what comes sooner makes the wait longer.`,
    { retryAfterSeconds, limited: { limit: keyOf(bucket), email } },
  );
}

function inSeconds(microseconds: number): number {
  return Math.ceil(microseconds / 1_000_000);
}
