import { RedisAwayError, type RedisConnection } from '#platform/redis';
import { gcraScript } from './gcra-script';
import type { LocalLimiter } from './local-limiter';
import { keyOf, RateLimiter, verdictOf, type Bucket, type Verdict } from './rate-limiter';
import { decisionCounter } from './throttling.metrics';

/** Before the names of buckets, because others may use the same Redis. */
const prefix = 'ip2a:limit:';

/** Limits of all processes together, counted by a Redis server; by this process alone while that is away. */
export class RedisLimiter extends RateLimiter {
  constructor(
    private readonly connection: RedisConnection,
    private readonly local: LocalLimiter,
  ) {
    super();
  }

  override get fault(): string | undefined {
    return this.connection.isUp ? undefined : 'Redis is away; each process keeps the limits by itself';
  }

  override take(bucket: Bucket): Verdict | Promise<Verdict> {
    return this.connection.isUp ? this.takeShared(bucket) : this.local.take(bucket);
  }

  /** What Redis decided is told to the local limiter, so that nobody begins anew when Redis goes away. */
  private async takeShared(bucket: Bucket): Promise<Verdict> {
    let answer: number[];
    try {
      answer = (await this.connection.run(
        gcraScript,
        [prefix + keyOf(bucket)],
        [String(bucket.perMinute)],
      )) as number[];
    } catch (error) {
      if (error instanceof RedisAwayError) return this.local.take(bucket);
      throw error;
    }
    const [passes, fullAt = 0, blockedAt = 0, blockedUntil = 0, strikes = 0, refused = 0] = answer;
    const fromNow = { fullAt, blockedAt, blockedUntil, strikes, refused };
    this.local.learn(bucket, fromNow);
    decisionCounter('redis', bucket.tier, passes === 1).inc();
    return verdictOf(bucket, passes === 1, fromNow, 0);
  }
}
