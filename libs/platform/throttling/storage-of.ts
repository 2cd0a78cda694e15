import type { Clock } from '#kernel';
import type { RedisConnection } from '#platform/redis';
import type { GcraStorage } from './gcra-storage';
import { LocalStorage } from './local-storage';
import { RedisStorage } from './redis-storage';

/** Limits shared by all processes where there is a Redis. */
export function storageOf(redis: RedisConnection, clock: Clock): GcraStorage {
  const local = new LocalStorage(clock);
  return redis.isConfigured ? new RedisStorage(redis, local) : local;
}
