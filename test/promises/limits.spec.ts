import { spawnApi, type Client, type Program, type Reply } from '../support/harness';
import { inParallel, until } from '../support/load';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { noRedis, OwnRedis } from '../support/redis';

const limit = 200;
const intervalMs = 60_000 / limit;
/** Much more than trouble with Redis may cost a request (50 ms), because the machine may be busy with other tests. */
const boundMs = 1_000;

(noRedis ? describe.skip : describe)(`limits over two processes${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: OwnRedis;
  let database: TestDatabase;
  let programs: Program[];
  beforeAll(async () => {
    [redis, database] = await Promise.all([OwnRedis.start(), createTestDatabase()]);
    const env = { REDIS_URL: redis.url, RATE_LIMIT_STAFF: String(limit), RATE_LIMIT_MEMBER: '60' };
    programs = await Promise.all([spawnApi(database, env), spawnApi(database, env)]);
    // The first requests of a process are slow, and a busy machine would answer some of a burst of them 503.
    const clients = await somebody();
    await inParallel(100, 4, (index) => ask(clients, index));
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.close()));
    await Promise.all([redis.stop(), database.drop()]);
  });

  /** One user, at both processes. */
  async function somebody(role: 'staff' | 'member' = 'staff'): Promise<Client[]> {
    const [one, other] = programs as [Program, Program];
    const here = await one.somebody([role]);
    return [here, other.client(here.account, here.session)];
  }

  const ask = (clients: Client[], index: number) => clients[index % clients.length]!.get('/auth/me');
  const passed = (replies: Reply[]) => replies.filter(({ status }) => status !== 429).length;

  async function burst(clients: Client[], count: number): Promise<{ replies: Reply[]; refilled: number }> {
    const begun = performance.now();
    const replies = await inParallel(count, 12, (index) => ask(clients, index));
    return { replies, refilled: Math.floor((performance.now() - begun) / intervalMs) };
  }

  async function redisIsUp(): Promise<boolean> {
    const texts = await Promise.all(programs.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    return texts.every((text) => text.includes('ip2a_redis_up 1'));
  }

  it('let exactly the limit pass in a burst, and what is refilled meanwhile', async () => {
    const { replies, refilled } = await burst(await somebody(), limit * 2);
    expect(passed(replies)).toBeGreaterThanOrEqual(limit);
    expect(passed(replies)).toBeLessThanOrEqual(limit + refilled);
    expect(await redisIsUp()).toBe(true);
  });

  it('let no second burst pass after the first', async () => {
    const clients = await somebody();
    const begun = performance.now();
    const { replies } = await burst(clients, limit);
    while (performance.now() < begun + 3_000) replies.push(...(await burst(clients, limit)).replies);
    const refilled = Math.floor((performance.now() - begun) / intervalMs);
    expect(passed(replies)).toBeLessThanOrEqual(limit + refilled);
    expect(passed(replies)).toBeGreaterThanOrEqual(limit);
  });

  const troubles: [what: string, begin: () => unknown, end: () => unknown][] = [
    ['hangs', () => redis.pause(), () => redis.resume()],
    ['is killed', () => redis.kill(), () => redis.startAgain()],
    ['loses all it knew', () => redis.command('FLUSHALL'), () => redis.command('SCRIPT', 'FLUSH')],
  ];
  it.each(troubles)('fail no request, and stay bounded, when Redis %s', async (_what, begin, end) => {
    const clients = await somebody();
    const replies = await inParallel(60, 4, (index) => ask(clients, index));
    const send = async (count: number) => replies.push(...(await inParallel(count, 4, (index) => ask(clients, index))));
    const during = send(limit * 2);
    await begin();
    await during;
    await send(limit);
    await end();
    await until(redisIsUp);
    await send(limit);

    expect([...new Set(replies.map(({ status }) => status))].sort()).toEqual([200, 429]);
    expect(Math.max(...replies.map(({ ms }) => ms))).toBeLessThan(boundMs);
    // Each process may let the limit pass once more by itself, and so may Redis when it begins anew.
    expect(passed(replies)).toBeLessThanOrEqual(limit * 4);
    expect((await ask(await somebody(), 0)).status).toBe(200);
    const { replies: after, refilled } = await burst(await somebody(), limit * 2);
    expect(passed(after)).toBeGreaterThanOrEqual(limit);
    expect(passed(after)).toBeLessThanOrEqual(limit + refilled);
  });

  it('are on record under a flood in a bounded number of entries, whose counts are all there is', async () => {
    const clients = await somebody('member');
    const { replies } = await burst(clients, 2_200);
    const refused = replies.length - passed(replies);
    expect(refused).toBeGreaterThanOrEqual(2_000);
    await Promise.all(programs.map((program) => program.end('SIGTERM')));

    const changedBy = clients[0]!.account.id;
    const entries = (await programs[0]!.entries({ action: 'RATE_LIMITED' })).filter(
      (entry) => entry.changedBy === changedBy,
    );
    expect(entries.length).toBeLessThanOrEqual(2 * programs.length * 2);
    expect(entries.map(({ filters }) => Number(filters?.['limited'])).reduce((sum, count) => sum + count)).toBe(
      refused,
    );
    expect(new Set(entries.map(({ actorEmail }) => actorEmail))).toEqual(new Set([clients[0]!.account.email]));
  });
});
