import { LRUCache } from 'lru-cache';
import type { Clock } from '#kernel';
import { emptyState, take, type BucketState } from './gcra';
import { RateLimiter, verdictOf, type Bucket, type Verdict } from './rate-limiter';
import { decisionCounter } from './throttling.metrics';

/** Buckets of one kind that are kept; the one used least recently is forgotten first. Some 2 MB a kind, at most. */
const maxBuckets = 20_000;

/** Limits of this process alone: exact where it is the only one, and bounded where Redis is away. */
export class LocalLimiter extends RateLimiter {
  private readonly kinds = new Map<string, LRUCache<string | number, BucketState>>();

  constructor(
    private readonly clock: Clock,
    private readonly maxKept = maxBuckets,
  ) {
    super();
  }

  override take(bucket: Bucket): Verdict {
    const now = this.now();
    const buckets = this.ofKind(bucket.kind);
    let state = buckets.get(bucket.id);
    if (!state) buckets.set(bucket.id, (state = emptyState()));
    const passes = take(state, bucket.perMinute, now);
    decisionCounter('local', bucket.tier, passes).inc();
    return verdictOf(bucket, passes, state, now);
  }

  /** Goes on from what another one has decided; its times count from now. */
  learn(bucket: Bucket, fromNow: BucketState): void {
    const now = this.now();
    this.ofKind(bucket.kind).set(bucket.id, {
      ...fromNow,
      fullAt: fromNow.fullAt + now,
      blockedAt: fromNow.blockedAt + now,
      blockedUntil: fromNow.blockedUntil + now,
    });
  }

  /** How many buckets are kept. */
  get size(): number {
    return [...this.kinds.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Kinds are kept apart, so that a flood of addresses does not push users out. */
  private ofKind(kind: string): LRUCache<string | number, BucketState> {
    let buckets = this.kinds.get(kind);
    if (!buckets) this.kinds.set(kind, (buckets = new LRUCache({ max: this.maxKept })));
    return buckets;
  }

  private now(): number {
    return this.clock.now().getTime() * 1000;
  }
}
