import { RedisAwayError, type RedisConnection } from '#platform/redis';
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
    let answer: number[];
    try {
      answer = (await this.connection.run(gcraScript, [prefix + key], [String(limit), String(span)])) as number[];
    } catch (error) {
      if (error instanceof RedisAwayError) return this.local.take(bucket);
      throw error;
    }
    const [passes, fullAt = 0, blockedAt = 0, blockedUntil = 0, strikes = 0, refused = 0] = answer;
    const fromNow = { fullAt, blockedAt, blockedUntil, strikes, refused };
    this.local.learn(bucket, fromNow);
    decisionCounter('redis', throttler, passes === 1).inc();
    return recordOf(bucket, passes === 1, fromNow, 0);
  }
}
