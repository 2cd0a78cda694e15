import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '#platform/config';
import type { Database } from '#platform/database';
import type { RedisConnection } from '#platform/redis';
import { TieredCache } from './tiered-cache';

const folder = mkdtempSync(join(tmpdir(), 'ip2a-cache-'));
const SECRETS_KEY_FILE = join(folder, 'secrets.key');
writeFileSync(SECRETS_KEY_FILE, randomBytes(32));
afterAll(() => rmSync(folder, { recursive: true }));

/** A map in place of Redis, which several caches may share, and which may be away. */
function redisWith(values = new Map<string, string>()) {
  const asked: string[][] = [];
  const redis = {
    isConfigured: true,
    isUp: true,
    ask: async (command: string[]) => {
      asked.push(command);
      const [verb, key = '', value = ''] = command;
      if (verb === 'SET') values.set(key, value);
      return verb === 'GET' ? (values.get(key) ?? null) : 'OK';
    },
  };
  return { redis, values, asked };
}

async function cacheOn(redis: object, database = 'one'): Promise<TieredCache> {
  const primary = { query: async () => [{ database }] } as unknown as Database;
  const config = { SECRETS_KEY_FILE, JWT_PRIVATE_KEY_FILE: undefined } as unknown as Config;
  const cache = new TieredCache(redis as RedisConnection, primary, config);
  await cache.onModuleInit();
  return cache;
}

describe('a text', () => {
  it('is kept in memory and, encrypted and for so many seconds, in Redis', async () => {
    const { redis, values, asked } = redisWith();
    const cache = await cacheOn(redis);
    cache.set('members:5:view', '{"name":"Delgado"}', 300);
    expect(cache.here('member', 'members:5:view')).toBe('{"name":"Delgado"}');
    expect([...values.keys()]).toEqual(['ip2a:cache:one:members:5:view']);
    expect(asked[0]?.slice(3)).toEqual(['EX', '300']);
    expect([...values.values()].join()).not.toContain('Delgado');
  });

  it('reaches other processes through Redis, and stays in their memory', async () => {
    const { redis } = redisWith();
    (await cacheOn(redis)).set('k', 'text', 60);
    const other = await cacheOn(redis);
    expect(other.here('member', 'k')).toBeUndefined();
    expect(await other.elsewhere('member', 'k', 60)).toBe('text');
    expect(other.here('member', 'k')).toBe('text');
  });

  it('of another database, another key or another’s making is none', async () => {
    const { redis, values } = redisWith();
    (await cacheOn(redis)).set('k', 'text', 60);
    const [value] = values.values();
    const cache = await cacheOn(redis);
    expect(await (await cacheOn(redis, 'two')).elsewhere('member', 'k', 60)).toBeUndefined();
    for (const forged of [value, `${value?.slice(0, -4)}AAAA`, '', 'nonsense']) {
      values.set('ip2a:cache:one:other', String(forged));
      expect(await cache.elsewhere('member', 'other', 60)).toBeUndefined();
    }
  });

  it('is a miss while Redis is away or fails', async () => {
    const { redis } = redisWith();
    const cache = await cacheOn(redis);
    redis.isUp = false;
    cache.set('k', 'text', 60);
    expect([cache.here('member', 'k'), await cache.elsewhere('member', 'k', 60)]).toEqual(['text', undefined]);
    redis.isUp = true;
    redis.ask = () => Promise.reject(new Error('away'));
    cache.set('k', 'text', 60);
    expect(await cache.elsewhere('member', 'k', 60)).toBeUndefined();
  });

  it('is dropped from memory alone', async () => {
    const { redis } = redisWith();
    const cache = await cacheOn(redis);
    cache.set('k', 'text', 60);
    cache.drop('k');
    expect([cache.here('member', 'k'), await cache.elsewhere('member', 'k', 60)]).toEqual([undefined, 'text']);
  });

  it('gives way to newer ones beyond so many bytes', async () => {
    const { redis } = redisWith();
    redis.isUp = false;
    const cache = await cacheOn(redis);
    const megabyte = 'x'.repeat(500_000);
    for (let index = 0; index < 100; index += 1) cache.set(`k${index}`, megabyte, 60);
    const kept = Array.from({ length: 100 }, (_, index) => cache.here('member', `k${index}`) !== undefined);
    expect(kept.filter(Boolean).length).toBeGreaterThan(50);
    expect(kept.filter(Boolean).length).toBeLessThanOrEqual(67);
    expect([kept[0], kept[99]]).toEqual([false, true]);
  });
});
