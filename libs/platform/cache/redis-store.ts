import { KeyvAdapter } from 'cache-manager';
import type { redisInsStore } from 'cache-manager-redis-yet';
import { Keyv, type DeserializedData } from 'keyv';
import type { RedisConnection } from '#platform/redis';
import type { SecretBox } from '#platform/secrets';

/** Keys that one step of `clear` scans. */
const scanCount = 500;

type Client = Parameters<typeof redisInsStore>[0];

/**
 * The Redis tier, which all processes share: cache-manager-redis-yet over our connection, which
 * queues nothing while Redis is away. Keyv encrypts each value for this namespace. `get` rejects
 * where Redis is away or the value cannot be decrypted.
 */
export async function redisStore(redis: RedisConnection, box: SecretBox, namespace: string): Promise<Keyv> {
  // It loads a driver of its own, which takes long and is not used.
  const { redisInsStore } = await import('cache-manager-redis-yet');
  const store = redisInsStore(clientOver(redis, namespace), { isCacheable: () => true });
  return new Keyv({
    store: new KeyvAdapter(store),
    namespace,
    serialize: (data) => box.seal(JSON.stringify(data), namespace),
    deserialize: <Value>(sealed: string) => JSON.parse(box.open(sealed, namespace)) as DeserializedData<Value>,
    emitErrors: false,
    throwOnErrors: true,
  });
}

/** The commands of a client that the store uses, sent by our connection. */
function clientOver(redis: RedisConnection, namespace: string): Client {
  const client = {
    get: (key: string) => redis.ask(['GET', key]),
    set: (key: string, value: string, options?: { PX: number }) =>
      redis.ask(['SET', key, value, ...(options ? ['PX', String(options.PX)] : [])]),
    mGet: (keys: string[]) => redis.ask(['MGET', ...keys]),
    del: (keys: string | string[]) => redis.ask(['UNLINK', ...[keys].flat()]),
    /**
     * `clear` calls it. Other programs may use the same database of Redis, so it drops our own keys
     * alone.
     */
    async flushDb() {
      let cursor = '0';
      do {
        const page = await redis.ask(['SCAN', cursor, 'MATCH', `${namespace}:*`, 'COUNT', String(scanCount)]);
        const [next, keys] = page as [string, string[]];
        if (keys.length > 0) await redis.ask(['UNLINK', ...keys]);
        cursor = next;
      } while (cursor !== '0');
    },
  };
  return client as unknown as Client;
}
