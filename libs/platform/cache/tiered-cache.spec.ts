import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { createCache, type Cache } from 'cache-manager';
import type { Config } from '#platform/config';
import type { Database } from '#platform/database';
import type { RedisConnection } from '#platform/redis';
import { cacheOptions } from './cache.module';
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
      const rest = command.slice(1);
      if (verb === 'SET') values.set(key, value);
      if (verb === 'UNLINK') for (const name of rest) values.delete(name);
      if (verb === 'MGET') return rest.map((name) => values.get(name) ?? null);
      if (verb === 'SCAN') return ['0', [...values.keys()].filter((name) => name.startsWith(rest[2]!.slice(0, -1)))];
      return verb === 'GET' ? (values.get(key) ?? null) : 'OK';
    },
  };
  return { redis, values, asked };
}

/** The cache as the CacheModule makes it. */
async function managerOn(redis: object, name = 'one'): Promise<Cache> {
  const database = { query: async () => [{ name }] } as unknown as Database;
  const config = { SECRETS_KEY_FILE, JWT_PRIVATE_KEY_FILE: undefined } as unknown as Config;
  return createCache(await cacheOptions(redis as RedisConnection, database, config));
}

async function cacheOn(redis: object, name?: string): Promise<TieredCache> {
  return new TieredCache(await managerOn(redis, name), redis as RedisConnection);
}

/** Keeps a text, and waits until Redis has it. */
async function keep(cache: TieredCache, key: string, text: string, seconds = 60): Promise<void> {
  cache.set(key, text, seconds);
  await turn();
}

describe('a text', () => {
  it('is kept in memory and, encrypted and for so many seconds, in Redis', async () => {
    const { redis, values, asked } = redisWith();
    const cache = await cacheOn(redis);
    await keep(cache, 'members:5:view', '{"name":"Delgado"}', 300);
    expect(cache.here('member', 'members:5:view')).toBe('{"name":"Delgado"}');
    expect([...values.keys()]).toEqual(['ip2a:cache:one:members:5:view']);
    expect(asked[0]?.slice(3)).toEqual(['PX', '300000']);
    expect([...values.values()].join()).not.toContain('Delgado');
  });

  it('reaches other processes through Redis, and stays in their memory', async () => {
    const { redis } = redisWith();
    await keep(await cacheOn(redis), 'k', 'text');
    const other = await cacheOn(redis);
    expect(other.here('member', 'k')).toBeUndefined();
    expect(await other.elsewhere('member', 'k', 60)).toBe('text');
    expect(other.here('member', 'k')).toBe('text');
  });

  it('of another database, another key or another’s making is none', async () => {
    const { redis, values } = redisWith();
    await keep(await cacheOn(redis), 'k', 'text');
    const [value] = values.values();
    const cache = await cacheOn(redis);
    expect(await (await cacheOn(redis, 'two')).elsewhere('member', 'k', 60)).toBeUndefined();
    for (const forged of [value, `${value?.slice(0, -5)}AAAA"`, '', 'nonsense', '7', 'null', '""']) {
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
    await keep(cache, 'k', 'text');
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

describe('the cache manager', () => {
  it('keeps whatever it is given in both tiers, encrypted in Redis', async () => {
    const { redis, values } = redisWith();
    const manager = await managerOn(redis);
    await manager.set('roster', { name: 'Delgado', phones: [1, 2] }, 60_000);
    expect([...values.values()].join()).not.toContain('Delgado');
    for (const one of [manager, await managerOn(redis)]) {
      expect(await one.get('roster')).toEqual({ name: 'Delgado', phones: [1, 2] });
      expect(await one.mget(['roster', 'nothing'])).toEqual([{ name: 'Delgado', phones: [1, 2] }, undefined]);
    }
    await manager.del('roster');
    expect([await manager.get('roster'), values.size]).toEqual([undefined, 0]);
    expect(await manager.wrap('made', () => Promise.resolve(7), 60_000)).toBe(7);
    expect(await (await managerOn(redis)).get('made')).toBe(7);
  });

  it('clears its own keys alone', async () => {
    const { redis, values, asked } = redisWith(new Map([['somebody else’s', 'value']]));
    const [manager, neighbour] = [await managerOn(redis), await managerOn(redis, 'two')];
    await manager.set('a', 1);
    await manager.set('b', 2);
    await neighbour.set('a', 3);
    await manager.clear();
    expect([...values.keys()].sort()).toEqual(['ip2a:cache:two:a', 'somebody else’s']);
    expect(await manager.get('a')).toBeUndefined();
    expect(asked.flat()).not.toContain('FLUSHDB');
  });

  it('does without Redis where there is none', async () => {
    const manager = await managerOn({ isConfigured: false, isUp: false });
    await manager.set('a', 1);
    expect([await manager.get('a'), manager.stores.length]).toEqual([1, 1]);
  });
});
