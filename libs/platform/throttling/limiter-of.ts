import type { Clock } from '#kernel';
import type { Config } from '#platform/config';
import { LocalLimiter } from './local-limiter';
import type { RateLimiter } from './rate-limiter';
import { RedisLimiter } from './redis-limiter';

/** The limiter that the settings ask for: shared by all processes where there is a REDIS_URL. */
export function limiterOf({ REDIS_URL }: Pick<Config, 'REDIS_URL'>, clock: Clock): RateLimiter {
  const local = new LocalLimiter(clock);
  return REDIS_URL ? new RedisLimiter(REDIS_URL, local) : local;
}
