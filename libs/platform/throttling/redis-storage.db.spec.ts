import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import fc from 'fast-check';
import { Clock } from '#kernel';
import { RedisConnection } from '#platform/redis';
import { noRedis, OwnRedis } from '../../../test/support/redis';
import { emptyState, take } from './gcra';
import { gcraScript } from './gcra-script';
import type { ThrottlerRecord } from './gcra-storage';
import { LocalStorage } from './local-storage';
import { RedisStorage } from './redis-storage';

const start = 1_790_000_000_000_000;
/** The script on a clock of the test; the server, which has another one, forgets nothing. */
const scriptOnClock = gcraScript.text
  .replace(`redis.call('TIME')`, '{ ARGV[3], ARGV[4] }')
  .replace(/,\s*'PX', string\.format\(.*\)\)\n/, ')\n');

(noRedis ? describe.skip : describe)(`limits in Redis${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: OwnRedis;
  const connections: RedisConnection[] = [];
  beforeAll(async () => {
    redis = await OwnRedis.start();
  });
  afterEach(() => {
    for (const connection of connections.splice(0)) connection.onApplicationShutdown();
  });
  afterAll(() => redis.stop());

  async function open(): Promise<RedisStorage> {
    const connection = new RedisConnection(redis.url, [gcraScript]);
    connections.push(connection);
    await connection.open();
    return new RedisStorage(connection, new LocalStorage(new Clock()));
  }

  /** So many at once. */
  const takeAll = (storage: RedisStorage, count: number, key: string, limit: number) =>
    Promise.all(Array.from({ length: count }, () => storage.increment(key, 60_000, limit, 60_000, 'test')));
  const passed = (records: ThrottlerRecord[]) => records.filter(({ isBlocked }) => !isBlocked).length;

  it('are decided as in process, for the same requests at the same times', async () => {
    const client = await createClient({ url: redis.url, RESP: 2 }).connect();
    expect(scriptOnClock).not.toMatch(/TIME|PX/);
    const gaps = fc.array(
      fc.oneof(
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 0, max: 4_000_000 }),
        fc.integer({ min: -10_000_000, max: 1_000_000_000 }),
      ),
      { minLength: 1, maxLength: 120 },
    );
    const limits = fc.constantFrom(1, 2, 3, 7, 20, 1000, 100_000_000);
    const spans = fc.constantFrom(1, 60, 3600).map((seconds) => seconds * 1_000_000);
    let sequence = 0;
    await fc.assert(
      fc.asyncProperty(limits, spans, gaps, async (limit, span, gapsBetween) => {
        const key = `sequence ${(sequence += 1)}`;
        const state = emptyState();
        let now = start;
        const asked = gapsBetween.map((gap) => {
          now += gap;
          const passes = take(state, limit, span, now);
          const expected = [
            passes ? 1 : 0,
            ...[state.fullAt - now, state.blockedAt - now, state.blockedUntil - now, state.strikes, state.refused],
          ];
          const clock = [Math.floor(now / 1_000_000), now % 1_000_000].map(String);
          return {
            expected,
            answer: client.sendCommand(['EVAL', scriptOnClock, '1', key, String(limit), String(span), ...clock]),
          };
        });
        expect(await Promise.all(asked.map(({ answer }) => answer))).toEqual(asked.map(({ expected }) => expected));
      }),
      { numRuns: 200 },
    );
    client.destroy();
  });

  it('let exactly the limit pass, however many ask at once', async () => {
    const [one, other] = [await open(), await open()];
    const records = await Promise.all([one, other].map((storage) => takeAll(storage, 200, 'user:17', 50)));
    expect(passed(records.flat())).toBe(50);
    expect(await redis.command('PTTL', 'ip2a:limit:user:17')).toBeGreaterThan(55_000);
  });

  it('survive that Redis forgets the script, or everything', async () => {
    const storage = await open();
    const ask = () => takeAll(storage, 30, 'user:18', 20);
    expect(passed(await ask())).toBe(20);
    await redis.command('SCRIPT', 'FLUSH');
    expect(passed(await ask())).toBe(0);
    await redis.command('FLUSHALL');
    expect(passed(await ask())).toBe(20);
    expect(storage.fault).toBeUndefined();
  });

  it('are kept by the process while Redis is killed, from where they were, and by Redis once it is back', async () => {
    const storage = await open();
    const ask = async (count: number) => passed(await takeAll(storage, count, 'user:19', 20));
    expect(await ask(15)).toBe(15);
    await redis.kill();
    expect(await ask(15)).toBe(5);
    expect(storage.fault).toMatch(/away/);
    await redis.startAgain();
    await back(storage);
    expect(await ask(30)).toBe(20);
  });

  it('cost a request a bounded time while Redis hangs, and the next ones none', async () => {
    const storage = await open();
    await takeAll(storage, 1, 'user:20', 20);
    redis.pause();
    const begun = performance.now();
    await takeAll(storage, 100, 'user:20', 20);
    const first = performance.now() - begun;
    expect(first).toBeLessThan(250);
    // Nobody asks Redis any more, so the answer is there before anything else happens.
    const next = takeAll(storage, 100, 'user:20', 20).then(() => 'decided');
    expect(await Promise.race([next, new Promise((resolve) => setImmediate(resolve, 'waiting'))])).toBe('decided');
    redis.resume();
    await back(storage);
    expect(passed(await takeAll(storage, 1, 'user:21', 20))).toBe(1);
  });

  it('do without Redis from the start, and take it when it comes', async () => {
    await redis.kill();
    const storage = await open();
    expect(await takeAll(storage, 1, 'user:22', 20)).toMatchObject([{ totalHits: 1, isBlocked: false }]);
    await redis.startAgain();
    await back(storage);
  });

  async function back(storage: RedisStorage): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (storage.fault) {
      expect(Date.now()).toBeLessThan(deadline);
      await sleep(20);
    }
  }
});
