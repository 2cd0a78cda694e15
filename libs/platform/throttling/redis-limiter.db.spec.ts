import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import fc from 'fast-check';
import { Clock } from '#kernel';
import { RedisConnection } from '#platform/redis';
import { noRedis, OwnRedis } from '../../../test/support/redis';
import { emptyState, take } from './gcra';
import { gcraScript } from './gcra-script';
import { LocalLimiter } from './local-limiter';
import type { Bucket, Verdict } from './rate-limiter';
import { RedisLimiter } from './redis-limiter';

const start = 1_790_000_000_000_000;
/** The script on a clock of the test; the server, which has another one, forgets nothing. */
const scriptOnClock = gcraScript.text
  .replace(`redis.call('TIME')`, '{ ARGV[2], ARGV[3] }')
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

  async function open(): Promise<RedisLimiter> {
    const connection = new RedisConnection(redis.url, [gcraScript]);
    connections.push(connection);
    await connection.open();
    return new RedisLimiter(connection, new LocalLimiter(new Clock()));
  }

  /** So many at once. */
  const takeAll = (limiter: RedisLimiter, count: number, of: Bucket) =>
    Promise.all(Array.from({ length: count }, async () => limiter.take(of)));
  const bucket = (id: string, perMinute: number) => ({ kind: 'user', id, tier: 'test', perMinute });
  const passed = (verdicts: Verdict[]) => verdicts.filter(({ passes }) => passes).length;

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
    let sequence = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 2, 3, 7, 20, 1000, 100_000_000), gaps, async (perMinute, gapsBetween) => {
        const key = `sequence ${(sequence += 1)}`;
        const state = emptyState();
        let now = start;
        const asked = gapsBetween.map((gap) => {
          now += gap;
          const passes = take(state, perMinute, now);
          const expected = [
            passes ? 1 : 0,
            ...[state.fullAt - now, state.blockedAt - now, state.blockedUntil - now, state.strikes, state.refused],
          ];
          const clock = [Math.floor(now / 1_000_000), now % 1_000_000].map(String);
          return {
            expected,
            answer: client.sendCommand(['EVAL', scriptOnClock, '1', key, String(perMinute), ...clock]),
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
    const verdicts = await Promise.all([one, other].map((limiter) => takeAll(limiter, 200, bucket('17', 50))));
    expect(passed(verdicts.flat())).toBe(50);
    expect(await redis.command('PTTL', 'ip2a:limit:user:17')).toBeGreaterThan(55_000);
  });

  it('survive that Redis forgets the script, or everything', async () => {
    const limiter = await open();
    const ask = () => takeAll(limiter, 30, bucket('18', 20));
    expect(passed(await ask())).toBe(20);
    await redis.command('SCRIPT', 'FLUSH');
    expect(passed(await ask())).toBe(0);
    await redis.command('FLUSHALL');
    expect(passed(await ask())).toBe(20);
    expect(limiter.fault).toBeUndefined();
  });

  it('are kept by the process while Redis is killed, from where they were, and by Redis once it is back', async () => {
    const limiter = await open();
    const ask = async (count: number) => passed(await takeAll(limiter, count, bucket('19', 20)));
    expect(await ask(15)).toBe(15);
    await redis.kill();
    expect(await ask(15)).toBe(5);
    expect(limiter.fault).toMatch(/away/);
    await redis.startAgain();
    await back(limiter);
    expect(await ask(30)).toBe(20);
  });

  it('cost a request a bounded time while Redis hangs, and the next ones none', async () => {
    const limiter = await open();
    await limiter.take(bucket('20', 20));
    redis.pause();
    const begun = performance.now();
    await takeAll(limiter, 100, bucket('20', 20));
    const first = performance.now() - begun;
    expect(first).toBeLessThan(250);
    expect(limiter.take(bucket('20', 20))).not.toBeInstanceOf(Promise);
    redis.resume();
    await back(limiter);
    expect((await limiter.take(bucket('21', 20))).passes).toBe(true);
  });

  it('do without Redis from the start, and take it when it comes', async () => {
    await redis.kill();
    const limiter = await open();
    expect(limiter.take(bucket('22', 20))).toMatchObject({ passes: true, remaining: 19 });
    await redis.startAgain();
    await back(limiter);
  });

  async function back(limiter: RedisLimiter): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (limiter.fault) {
      expect(Date.now()).toBeLessThan(deadline);
      await sleep(20);
    }
  }
});
