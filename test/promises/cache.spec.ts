import { Client as Connection } from 'pg';
import { hitsOf, spawnPair, untilCached } from '../support/cached';
import { spawnApi, type Client, type Program, type Reply } from '../support/harness';
import { inParallel, until } from '../support/load';
import { seedMembers } from '../support/seed';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { noRedis, OwnRedis } from '../support/redis';
import { tries } from '../support/soak';

/** Much more than trouble with Redis may cost a request (50 ms), because the machine may be busy with other tests. */
const boundMs = 1_400;
const lanes = 6;
const quietPairs = tries(180, 2_000);
const troubledPairs = tries(60, 240);
const kills = tries(1, 6);

/** P8: whoever was told of a state never sees an older one, at any process. */
(noRedis ? describe.skip : describe)(`records that are cached${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: OwnRedis;
  let database: TestDatabase;
  let programs: [Program, Program];
  /** The same person at both processes. */
  let clients: [Client, Client];
  let ids: number[];
  /** The last number that somebody was told is a member's. */
  const told = new Map<number, number>();
  let last = 0;

  beforeAll(async () => {
    [redis, database] = await Promise.all([OwnRedis.start(), createTestDatabase()]);
    ids = await seedMembers(database, 40);
    programs = await spawnPair(database, redis);
    const here = await programs[0].somebody(['staff']);
    clients = [here, programs[1].client(here.account, here.session)];
    await database.query(`UPDATE members SET phone = '0'`);
    await cached();
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.close()));
    await Promise.all([redis.stop(), database.drop()]);
  });

  const cached = () =>
    Promise.all(programs.map((program, index) => untilCached(program, `/members/${ids[20 + index]}`)));
  const path = (id: number) => `/members/${id}`;
  const numberIn = (reply: Reply) => Number(reply.json()['phone']);

  /** Reads at one process; what is older than what anybody was told before is stale. */
  async function read(client: Client, id: number, stale: string[]): Promise<Reply> {
    const atLeast = told.get(id) ?? 0;
    const reply = await client.get(path(id));
    if (reply.status !== 200) return reply;
    const found = numberIn(reply);
    if (found < atLeast) stale.push(`${id}: ${found} instead of ${atLeast}`);
    told.set(id, Math.max(told.get(id) ?? 0, found));
    return reply;
  }

  async function write(client: Client, id: number): Promise<Reply> {
    const number = (last += 1);
    const reply = await client.patch(path(id), { phone: String(number) });
    if (reply.status === 200) told.set(id, Math.max(told.get(id) ?? 0, number));
    return reply;
  }

  /** So many changes, each followed by a reading at the other process, while others read the same records everywhere all the time. */
  async function pairs(
    count: number,
    meanwhile?: () => Promise<unknown>,
  ): Promise<{ stale: string[]; replies: Reply[] }> {
    const stale: string[] = [];
    const replies: Reply[] = [];
    let isOver = false;
    const readers = inParallel(lanes, lanes, async (lane) => {
      for (let turn = lane; !isOver; turn += 1) {
        replies.push(await read(clients[turn % 2]!, ids[turn % lanes]!, stale));
      }
    });
    const writers = inParallel(lanes, lanes, async (lane) => {
      for (let turn = 0; turn < count / lanes; turn += 1) {
        const side = (turn + lane) % 2;
        replies.push(await write(clients[side]!, ids[lane]!));
        replies.push(await read(clients[1 - side]!, ids[lane]!, stale));
        // So that something is stored, which the next change has to undo.
        if (turn % 3 === 0) replies.push(await read(clients[1 - side]!, ids[lane]!, stale));
      }
    });
    await Promise.all([writers, meanwhile?.()]);
    isOver = true;
    await readers;
    return { stale, replies };
  }

  /** A machine that is busy with other tests may refuse some in time; nothing else may happen to a request. */
  function expectServed(replies: Reply[]): void {
    const others = replies.filter(({ status }) => status !== 200);
    expect(others.filter(({ status }) => status !== 503)).toEqual([]);
    expect(others.length).toBeLessThan(replies.length / 10);
  }

  it('are never older than what was told, over hundreds of changes and readings at both processes', async () => {
    const before = await hitsOf(programs[0]);
    const { stale, replies } = await pairs(quietPairs);
    expect(stale).toEqual([]);
    expectServed(replies);
    expect((await hitsOf(programs[0])) - before).toBeGreaterThan(100);
  });

  async function redisIsUp(): Promise<boolean> {
    const texts = await Promise.all(programs.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()));
    return texts.every((text) => text.includes('ip2a_redis_up 1'));
  }
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  const troubles: [what: string, trouble: () => Promise<unknown>][] = [
    [
      'hangs',
      async () => {
        redis.pause();
        await pause(700);
        redis.resume();
      },
    ],
    [
      'is killed and begins empty',
      async () => {
        await redis.kill();
        await pause(300);
        await redis.startAgain();
      },
    ],
    ['is flushed', () => redis.command('FLUSHALL')],
    [
      'is killed and begins with an old dump',
      async () => {
        await redis.command('SAVE');
        await pause(300);
        await redis.kill();
        await redis.startAgain();
      },
    ],
  ];
  it.each(troubles)('are right when Redis %s, in time, and cached again afterwards', async (_what, trouble) => {
    const { stale, replies } = await pairs(troubledPairs, async () => {
      await pause(150);
      await trouble();
    });
    expect(stale).toEqual([]);
    expectServed(replies);
    const served = replies.filter(({ status }) => status === 200);
    expect(Math.max(...served.map(({ ms }) => ms))).toBeLessThan(boundMs);
    await until(redisIsUp);
    await cached();
    const after = await pairs(troubledPairs / 2);
    expect(after.stale).toEqual([]);
  });

  /** A record that both processes answer from the cache. */
  async function hot(index: number): Promise<number> {
    const id = ids[index]!;
    for (const program of programs) await untilCached(program, path(id));
    return id;
  }
  const seen = async (id: number) =>
    Promise.all(clients.map(async (client) => (await client.get(path(id))).json()['phone']));

  it('are seen as psql has left them, at once, triggers of replication or not', async () => {
    const id = await hot(10);
    await database.query(`UPDATE members SET phone = 'by psql' WHERE id = $1`, [id]);
    expect(await seen(id)).toEqual(['by psql', 'by psql']);

    await hot(10);
    const superuser = new Connection({ connectionString: database.superuserUrl });
    await superuser.connect();
    await superuser.query(
      `SET session_replication_role = replica; UPDATE members SET phone = 'applied' WHERE id = ${id}`,
    );
    expect(await seen(id)).toEqual(['applied', 'applied']);

    await hot(10);
    await superuser.query(`BEGIN; UPDATE members SET phone = 'first' WHERE id = ${id}; SAVEPOINT s;
      UPDATE members SET phone = 'second' WHERE id = ${id}; ROLLBACK TO s`);
    expect(await seen(id)).toEqual(['applied', 'applied']);
    await superuser.query('COMMIT');
    expect(await seen(id)).toEqual(['first', 'first']);

    await hot(10);
    await superuser.query(`DELETE FROM members WHERE id = ${id}`);
    await superuser.end();
    expect((await clients[1].get(path(id))).status).toBe(404);
  });

  it('are seen as a process without Redis has left them', async () => {
    const apart = await spawnApi(database);
    const staff = await apart.as('staff');
    const id = await hot(11);
    expect((await staff.patch(path(id), { phone: 'apart' })).status).toBe(200);
    expect(await seen(id)).toEqual(['apart', 'apart']);
    await hot(11);
    expect((await staff.delete(path(id))).status).toBe(204);
    expect((await clients[0].get(path(id))).status).toBe(404);
    expect((await staff.post(`${path(id)}/restore`)).status).toBe(200);
    expect(await seen(id)).toEqual(['apart', 'apart']);
    await apart.close();
  });

  it('are not stored while a change is under way, nor what was read before it', async () => {
    const id = await hot(12);
    const blocker = new Connection({ connectionString: database.ownerUrl });
    await blocker.connect();
    await blocker.query(`BEGIN; SELECT FROM members WHERE id = ${id} FOR UPDATE`);
    const changing = clients[0].patch(path(id), { phone: 'late' });
    // Readers of the old state, before the change is committed.
    await seen(id);
    await seen(id);
    await blocker.query('COMMIT');
    await blocker.end();
    await changing;
    const [row] = await database.query<{ phone: string }>('SELECT phone FROM members WHERE id = $1', [id]);
    expect(await seen(id)).toEqual([row?.phone, row?.phone]);
  });

  it('are as new as the rows when a process is killed anywhere in a change', async () => {
    for (let round = 0; round < kills; round += 1) {
      const victim = await spawnApi(database, { REDIS_URL: redis.url });
      const staff = await victim.as('staff');
      const chosen = ids.slice(22, 34);
      for (const id of chosen) await hot(ids.indexOf(id));
      let answers = 0;
      await inParallel(400, 12, async (index) => {
        if (!victim.isRunning) return;
        await write(staff, chosen[index % chosen.length]!).catch(() => undefined);
        answers += 1;
        if (answers === 30 + (round % 3) * 7) victim.child.kill('SIGKILL');
      });
      await victim.end('SIGKILL');
      const rows = await database.query<{ id: number; phone: string }>(
        'SELECT id, phone FROM members WHERE id = ANY ($1)',
        [chosen],
      );
      for (const { id, phone } of rows) {
        for (const number of await seen(id)) expect(Number(number)).toBeGreaterThanOrEqual(Number(phone));
      }
    }
  });
});
