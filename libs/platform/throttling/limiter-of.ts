import type { Clock } from '#kernel';
import type { RedisConnection } from '#platform/redis';
import { LocalLimiter } from './local-limiter';
import type { RateLimiter } from './rate-limiter';
import { RedisLimiter } from './redis-limiter';

/** Limits shared by all processes where there is a Redis. */
export function limiterOf(redis: RedisConnection, clock: Clock): RateLimiter {
  const local = new LocalLimiter(clock);
  return redis.isConfigured ? new RedisLimiter(redis, local) : local;
}
