import type { TestDatabase } from './database';
import type { OwnRedis } from './redis';
import { spawnApi, type Program } from './program';

const secondsOfPatience = 60;

/** Two processes that share a database and a Redis. */
export function spawnPair(database: TestDatabase, redis: OwnRedis): Promise<[Program, Program]> {
  const env = { REDIS_URL: redis.url };
  return Promise.all([spawnApi(database, env), spawnApi(database, env)]);
}

/** Waits until a second reading of the path is a hit in this process. */
export async function untilCached(program: Program, path: string): Promise<void> {
  const staff = await program.as('staff');
  const deadline = performance.now() + secondsOfPatience * 1000;
  while (performance.now() < deadline) {
    const before = await hitsOf(program);
    const { status } = await staff.get(path);
    if (status !== 200) throw new Error(`${path} answers ${status}`);
    if ((await hitsOf(program)) > before) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${path} is not cached`);
}

export async function keysOf(redis: OwnRedis, pattern: string): Promise<string[]> {
  return (await redis.command('KEYS', `ip2a:cache:${pattern}`)) as string[];
}

/** How often the cache has answered with a record so far. */
export async function hitsOf(program: Program): Promise<number> {
  return counted(program, /^ip2a_cache_requests_total\{kind="(?:member|organization)",result="hit"\} (\d+)$/gm);
}

export async function counted(program: Program, sample: RegExp): Promise<number> {
  const text = await (await fetch(`${program.url}/metrics`)).text();
  return [...text.matchAll(sample)].reduce((sum, [, count]) => sum + Number(count), 0);
}
