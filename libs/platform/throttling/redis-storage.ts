import type { RedisConnection } from '#platform/redis';
import { intervalOf, longestBlock, maxStrikes, type BucketState } from './gcra';
import { GcraStorage, recordOf, type Bucket, type ThrottlerRecord } from './gcra-storage';
import { gcraScript } from './gcra-script';
import type { LocalStorage } from './local-storage';
import { decisionCounter } from './throttling.metrics';

/** Before the keys of buckets, because others may use the same Redis. */
const prefix = 'ip2a:limit:';

/** Limits of all processes together, counted by a Redis server; by this process alone while that is away. */
export class RedisStorage extends GcraStorage {
  constructor(
    private readonly connection: RedisConnection,
    private readonly local: LocalStorage,
  ) {
    super();
  }

  override get fault(): string | undefined {
    return this.connection.isUp ? undefined : 'Redis is away; each process keeps the limits by itself';
  }

  protected override take(bucket: Bucket): Promise<ThrottlerRecord> {
    return this.connection.isUp ? this.takeShared(bucket) : this.local.take(bucket);
  }

  /**
   * The local storage learns each decision of Redis, so it goes on from there when Redis goes away.
   */
  private async takeShared(bucket: Bucket): Promise<ThrottlerRecord> {
    const { key, limit, span, throttler } = bucket;
    let answer: unknown;
    try {
      answer = await this.connection.run(gcraScript, [prefix + key], [String(limit), String(span)]);
    } catch {
      // It is away, or the key holds something of somebody else.
      return this.local.take(bucket);
    }
    const decision = decisionIn(answer, bucket);
    if (!decision) {
      this.connection.distrust();
      return this.local.take(bucket);
    }
    this.local.learn(bucket, decision.state);
    decisionCounter('redis', throttler, decision.passes).inc();
    return recordOf(bucket, decision.passes, decision.state, 0);
  }
}

/** What the script decided, with times from now; undefined where it cannot have answered so. */
export function decisionIn(
  answer: unknown,
  { limit, span }: Bucket,
): { passes: boolean; state: BucketState } | undefined {
  if (!Array.isArray(answer) || answer.length !== 6 || !answer.every(Number.isSafeInteger)) return undefined;
  const [passes, fullAt, blockedAt, blockedUntil, strikes, refused] = answer as [number, ...number[]] & number[];
  const interval = intervalOf(limit, span);
  const state = { fullAt, blockedAt, blockedUntil, strikes, refused } as BucketState;
  const isPossible =
    state.fullAt <= interval * limit &&
    state.blockedAt <= 0 &&
    state.blockedUntil <= Math.max(longestBlock, interval) &&
    state.strikes >= 0 &&
    state.strikes <= maxStrikes &&
    state.refused >= 0 &&
    (passes === 1 ? state.blockedUntil <= 0 : passes === 0 && state.blockedUntil > 0);
  return isPossible ? { passes: passes === 1, state } : undefined;
}
