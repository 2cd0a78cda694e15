import { CacheModule, type CacheOptions } from '@nestjs/cache-manager';
import { Global, Module } from '@nestjs/common';
import { Keyv } from 'keyv';
import { CONFIG, type Config } from '#platform/config';
import { Database } from '#platform/database';
import { RedisConnection } from '#platform/redis';
import { SecretBox } from '#platform/secrets';
import { MemoryStore } from './memory-store';
import { redisStore } from './redis-store';
import { TieredCache } from './tiered-cache';

/** The prefix of all keys: other programs may use the same Redis. */
const prefix = 'ip2a:cache';

/** The stores of @nestjs/cache-manager: this process's memory, and Redis where there is one. */
export async function cacheOptions(redis: RedisConnection, database: Database, config: Config) {
  const memory = new Keyv({ store: new MemoryStore(), useKeyPrefix: false });
  // Values stay as they are.
  memory.serialize = undefined;
  memory.deserialize = undefined;
  if (!redis.isConfigured) return { stores: [memory] };
  const namespace = `${prefix}:${await nameOf(database)}`;
  return { stores: [memory, await redisStore(redis, new SecretBox(config, 'cache'), namespace)] };
}

/** Distinguishes this database from others whose program uses the same Redis. */
async function nameOf(database: Database): Promise<string> {
  const [row] = await database.query<{ name: string }>(
    undefined,
    `SELECT concat_ws('.', (SELECT system_identifier FROM pg_control_system()),
       (SELECT oid FROM pg_database WHERE datname = current_database())) AS name`,
  );
  return row?.name ?? '';
}

/** The cache in both tiers, for all modules. */
@Global()
@Module({
  imports: [
    CacheModule.registerAsync({
      inject: [RedisConnection, Database, CONFIG],
      // Keyv has two declarations of the same class, one for each kind of module.
      useFactory: (...asked: Parameters<typeof cacheOptions>) =>
        cacheOptions(...asked) as Promise<unknown> as Promise<CacheOptions>,
    }),
  ],
  providers: [TieredCache],
  exports: [TieredCache],
})
export class TieredCacheModule {}
