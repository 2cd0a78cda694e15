import { RedisConnection } from '#platform/redis';
import { noRedis, OwnRedis } from '../../../test/support/redis';
import { beginScript, cacheScripts, endScript, fillScript, holdMs, lookUpScript } from './cache-scripts';

(noRedis ? describe.skip : describe)(`the scripts of the cache${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: OwnRedis;
  let connection: RedisConnection;
  beforeAll(async () => {
    redis = await OwnRedis.start();
    connection = new RedisConnection(redis.url, cacheScripts);
    await connection.open();
  });
  beforeEach(async () => {
    await redis.command('FLUSHALL');
    await redis.command('ZADD', 'changing', '-1', '');
  });
  afterAll(async () => {
    connection.onApplicationShutdown();
    await redis.stop();
  });

  const keys = ['row', 'changing'];
  const lookUp = (field = 'all') => connection.run(lookUpScript, keys, [field, 'members 1']);
  const fill = (asked: unknown, value: string, field = 'all') =>
    connection.run(fillScript, keys, [field, 'members 1', String(asked), value, '60000']);
  const begin = () => connection.run(beginScript, keys, ['members 1']);
  const end = (ends: unknown, left?: string) =>
    connection.run(endScript, keys, ['members 1', String(ends), ...(left ? ['all', left, '60000'] : [])]);
  /** The next ms by the clock of Redis. */
  const tick = () => new Promise((resolve) => setTimeout(resolve, 3));

  it('store what was read after it was asked for, each rendering apart, and until one time', async () => {
    expect(await fill(await lookUp(), 'whole')).toBe(1);
    expect(await fill(await lookUp('some'), 'part', 'some')).toBe(1);
    expect([await lookUp(), await lookUp('some')]).toEqual(['whole', 'part']);
    expect(Number(await redis.command('PTTL', 'row'))).toBeGreaterThan(50_000);
  });

  it('store nothing that was asked for before a change began, nor while it is under way', async () => {
    const asked = await lookUp();
    await fill(asked, 'old');
    await begin();
    expect(await lookUp()).toBe(0);
    expect([await fill(asked, 'old'), await fill(0, 'old')]).toEqual([0, 0]);
    expect(await lookUp()).toBe(0);
  });

  it('store again what is asked for after the end of a change, and nothing that was asked for before', async () => {
    const before = await lookUp();
    const ends = await begin();
    await end(ends);
    expect(await fill(before, 'old')).toBe(0);
    await tick();
    expect(await fill(await lookUp(), 'new')).toBe(1);
  });

  it('store what a change has left, until its time, and nothing that was asked for before', async () => {
    const before = await lookUp();
    expect(await end(await begin(), 'left')).toBe(1);
    expect(await fill(before, 'old')).toBe(0);
    expect(await lookUp()).toBe('left');
    expect(Number(await redis.command('PTTL', 'row'))).toBeGreaterThan(50_000);
  });

  it('store nothing that a change has left where another began meanwhile, may have been forgotten, or it comes late', async () => {
    const first = await begin();
    const second = await begin();
    expect([await end(first, 'of the first'), await end(second, 'of the second')]).toEqual([0, 0]);
    expect(await lookUp()).toBe(0);

    await redis.command('DEL', 'changing');
    expect(await end(await begin(), 'after who knows')).toBe(0);

    await redis.command('ZADD', 'changing', '-1', '');
    const ends = Number(await begin()) - 6_000;
    await redis.command('ZADD', 'changing', String(ends), 'members 1');
    expect(await end(ends, 'late')).toBe(0);
    expect(await redis.command('EXISTS', 'row')).toBe(0);
  });

  it('let a change that met another one end with the last', async () => {
    const first = await begin();
    const second = await begin();
    expect([Number(first) > 0, second]).toEqual([true, 0]);
    await end(first);
    await tick();
    expect(await lookUp()).toBe(0);
    const ends = Number(await redis.command('ZSCORE', 'changing', 'members 1'));
    expect(ends).toBeGreaterThan(Number(first));
  });

  it('store nothing as long as they may have forgotten a change', async () => {
    const asked = await lookUp();
    await redis.command('FLUSHALL');
    expect(await fill(asked, 'old')).toBe(0);
    expect(await lookUp()).toBe(0);
    const since = -Number(await redis.command('ZSCORE', 'changing', ''));
    await redis.command('ZADD', 'changing', String(-(since - holdMs - 1_000)), '');
    expect(Number(await lookUp())).toBeGreaterThan(0);
  });

  it('store nothing that comes late', async () => {
    const asked = Number(await lookUp());
    expect(await fill(asked - 6_000, 'late')).toBe(0);
    expect(await fill(asked + 60_000, 'from the future')).toBe(0);
    expect(await fill(asked, 'in time')).toBe(1);
  });
});
