import { LRUCache } from 'lru-cache';
import type { Clock } from '#kernel';
import { emptyState, take, type BucketState } from './gcra';
import { GcraStorage, recordOf, type Bucket, type ThrottlerRecord } from './gcra-storage';
import { decisionCounter } from './throttling.metrics';

/** Buckets of one kind that are kept; the one used least recently is forgotten first. Some 2 MB a kind, at most. */
const maxBuckets = 20_000;

/** Limits of this process alone: exact where it is the only one, and bounded where Redis is away. */
export class LocalStorage extends GcraStorage {
  private readonly kinds = new Map<string, LRUCache<string, BucketState>>();

  constructor(
    private readonly clock: Clock,
    private readonly maxKept = maxBuckets,
  ) {
    super();
  }

  override take(bucket: Bucket): Promise<ThrottlerRecord> {
    const now = this.now();
    const { key, limit, span, throttler } = bucket;
    const buckets = this.ofKind(key);
    let state = buckets.get(key);
    if (!state) buckets.set(key, (state = emptyState()));
    const passes = take(state, limit, span, now);
    decisionCounter('local', throttler, passes).inc();
    return Promise.resolve(recordOf(bucket, passes, state, now));
  }

  /** Goes on from what another one has decided; its times count from now. */
  learn({ key }: Bucket, fromNow: BucketState): void {
    const now = this.now();
    this.ofKind(key).set(key, {
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
  private ofKind(key: string): LRUCache<string, BucketState> {
    const kind = key.slice(0, key.indexOf(':'));
    let buckets = this.kinds.get(kind);
    if (!buckets) this.kinds.set(kind, (buckets = new LRUCache({ max: this.maxKept })));
    return buckets;
  }

  private now(): number {
    return this.clock.now().getTime() * 1000;
  }
}
