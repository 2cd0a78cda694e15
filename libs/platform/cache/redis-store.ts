import { KeyvAdapter } from 'cache-manager';
import type { redisInsStore } from 'cache-manager-redis-yet';
import { Keyv, type DeserializedData } from 'keyv';
import type { RedisConnection } from '#platform/redis';
import type { SecretBox } from '#platform/secrets';

/** Keys that one step of `clear` looks at. */
const scanCount = 500;

type Client = Parameters<typeof redisInsStore>[0];

/**
 * The tier that all processes share: cache-manager-redis-yet over our connection to Redis, which queues nothing while it is away.
 * Keyv seals each value for this namespace. Reading rejects where Redis is away, or where the value is not of our making.
 */
export async function redisStore(redis: RedisConnection, box: SecretBox, namespace: string): Promise<Keyv> {
  // It brings a driver of its own, which takes long to load and is asked for nothing.
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

/** What the store asks of a client, asked of our connection. */
function clientOver(redis: RedisConnection, namespace: string): Client {
  const client = {
    get: (key: string) => redis.ask(['GET', key]),
    set: (key: string, value: string, options?: { PX: number }) =>
      redis.ask(['SET', key, value, ...(options ? ['PX', String(options.PX)] : [])]),
    mGet: (keys: string[]) => redis.ask(['MGET', ...keys]),
    del: (keys: string | string[]) => redis.ask(['UNLINK', ...[keys].flat()]),
    /** What `clear` calls. Other programs may use the same database of Redis, so only our own keys go. */
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
