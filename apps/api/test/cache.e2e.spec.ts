import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { noRedis, OwnRedis } from '../../../test/support/redis';
import { anOrganization } from '../../../libs/organizations/src/organization.factory';
import { counted, hitsOf, keysOf, spawnPair, untilCached } from '../../../test/support/cached';
import { spawnApi, type Client, type Program } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';

(noRedis ? describe.skip : describe)(`a record from the cache${noRedis ? ` (${noRedis})` : ''}`, () => {
  let redis: OwnRedis;
  let database: TestDatabase;
  let one: Program;
  let other: Program;
  /** A process that has no cache. */
  let bare: Program;
  let ids: number[];
  let staff: Client;

  beforeAll(async () => {
    [redis, database] = await Promise.all([OwnRedis.start(), createTestDatabase()]);
    ids = await seedMembers(database, 10);
    [[one, other], bare] = await Promise.all([spawnPair(database, redis), spawnApi(database)]);
    staff = await one.as('staff');
    await untilCached(one, redis, `/members/${ids[0]}`);
  });
  afterAll(async () => {
    await Promise.all([one, other, bare].map((program) => program.close()));
    await Promise.all([redis.stop(), database.drop()]);
  });

  it('leaves exactly the entry that one from the database leaves, and has its headers', async () => {
    const path = `/members/${ids[1]}`;
    const miss = await staff.get(path, { 'X-Access-Reason': 'Call about dues' });
    const before = await hitsOf(one);
    const hit = await staff.get(path, { 'X-Access-Reason': 'Call about dues' });
    expect((await hitsOf(one)) - before).toBe(1);
    expect([hit.status, hit.text, hit.headers.etag]).toEqual([200, miss.text, miss.headers.etag]);
    const [ofMiss, ofHit] = await Promise.all([miss, hit].map(({ requestId }) => one.entries({ requestId })));
    const same = {
      id: expect.anything() as unknown,
      requestId: hit.requestId,
      changedAt: expect.anything() as unknown,
    };
    expect(ofHit).toEqual(ofMiss!.map((entry) => expect.objectContaining({ ...entry, ...same }) as object));
    expect(ofHit).toHaveLength(1);
    expect((await staff.get(path, { 'If-None-Match': String(hit.headers.etag) })).status).toBe(304);
  });

  it('is not shown when its entry can not be written', async () => {
    const path = `/members/${ids[0]}`;
    await untilCached(one, redis, path);
    await database.query('REVOKE INSERT ON audit_logs FROM ip2a_app');
    const before = await hitsOf(one);
    const reply = await staff.get(path);
    await database.query('GRANT INSERT ON audit_logs TO ip2a_app');
    expect([reply.status, reply.headers.etag, reply.text.includes('Springfield')]).toEqual([503, undefined, false]);
    expect((await hitsOf(one)) - before).toBe(1);
  });

  it('shows each role what it may see, and nobody else’s', async () => {
    const [member] = ids.slice(2);
    const { id: organization } = (await staff.post('/organizations', anOrganization())).json<{ id: number }>();
    const officer = await one.as('officer');
    await officer.patch(`/members/${member}`, { notes: 'For officers' });
    const roles = ['officer', 'staff', 'organizer', 'instructor', 'member', 'admin'] as const;
    for (const path of [`/members/${member}`, `/members/${ids[3]}`, `/organizations/${organization}`, '/me']) {
      for (const role of [...roles, ...roles]) {
        const here = await one.as(role, { memberId: role === 'member' ? member : undefined });
        const there = bare.client(here.account, here.session);
        const [cached, plain] = [await here.get(path), await there.get(path)];
        expect([role, path, cached.status, cached.status === 200 && cached.json()]).toEqual([
          role,
          path,
          plain.status,
          plain.status === 200 && plain.json(),
        ]);
      }
    }
    for (const kind of ['member', 'organization']) {
      const sample = new RegExp(`^ip2a_cache_requests_total\\{kind="${kind}",result="hit"\\} (\\d+)$`, 'gm');
      expect(await counted(one, sample)).toBeGreaterThan(1);
    }
  });

  it('was written by another process, and one that knows the account from there asks no database about it', async () => {
    const somebody = await one.somebody(['staff']);
    await somebody.get(`/members/${ids[0]}`);
    const sample = /^ip2a_cache_requests_total\{kind="session",result="hit"\} (\d+)$/gm;
    const before = [await hitsOf(other), await counted(other, sample)];
    expect((await other.client(somebody.account, somebody.session).get(`/members/${ids[0]}`)).status).toBe(200);
    expect([await hitsOf(other), await counted(other, sample)]).toEqual(before.map((count) => count + 1));
  });

  it('is there as a change has left it, unless the change took the record out of use', async () => {
    const path = `/members/${ids[7]}`;
    await untilCached(one, redis, path);
    const changed = await staff.patch(path, { phone: '555-1234' });
    const before = await hitsOf(other);
    const there = other.client(staff.account, staff.session);
    const shown = await there.get(path);
    expect([shown.text, shown.headers.etag]).toEqual([changed.text, changed.headers.etag]);
    expect((await hitsOf(other)) - before).toBe(1);
    const admin = await one.as('admin');
    expect((await admin.delete(path)).status).toBe(204);
    expect((await there.get(path)).status).toBe(404);
  });

  it('is kept as numbers that nobody can read, and for minutes', async () => {
    const keys = await keysOf(redis, '*');
    expect(
      keys.filter(
        (key) =>
          !/^ip2a:cache:[\d.]+:([0-9a-f]{16}:(changing|(members|organizations):\d+)|session:\d+:[0-9a-f-]{36})$/.test(
            key,
          ),
      ),
    ).toEqual([]);
    const stored: string[] = [];
    for (const key of keys) {
      const [kind, left] = [await redis.command('TYPE', key), Number(await redis.command('PTTL', key))];
      const seconds = key.includes(':members:') ? 300 : key.includes(':organizations:') ? 600 : 86_400;
      expect([key, left > 0 && left <= seconds * 1000]).toEqual([key, true]);
      const words = { hash: ['HGETALL', key], string: ['GET', key], zset: ['ZRANGE', key, '0', '-1'] }[String(kind)];
      stored.push(...[await redis.command(...words!)].flat().map(String));
    }
    expect(stored.length).toBeGreaterThan(10);
    const names = /Delgado|Smith|Okafor|Nu.ez|Kowalski|Chen|Brien|Garcia|Springfield|example|staff|officer|Harbor/;
    const decoded = stored.map((text) => Buffer.from(text.replace(/^v1\./, ''), 'base64url').toString('latin1'));
    expect([...stored, ...decoded].filter((text) => names.test(text))).toEqual([]);
  });

  it('is a miss where its value was put in another’s place, changed, or replaced by anything', async () => {
    const [mine, yours] = [ids[4], ids[5]];
    for (const id of [mine, yours]) await untilCached(one, redis, `/members/${id}`);
    const [mineKey] = await keysOf(redis, `*:members:${mine}`);
    const [yoursKey] = await keysOf(redis, `*:members:${yours}`);
    const [field, value] = (await redis.command('HGETALL', mineKey!)) as string[];
    const forgeries: string[][] = [
      ['HSET', yoursKey!, field!, value!],
      ['HSET', yoursKey!, field!, `${value!.slice(0, -3)}AAA`],
      ['HSET', yoursKey!, field!, ''],
      ['HSET', yoursKey!, field!, 'nonsense'],
      ['SET', yoursKey!, 'nonsense'],
      ['LPUSH', yoursKey!, value!],
    ];
    for (const forgery of forgeries) {
      await redis.command('DEL', yoursKey!);
      await redis.command(...forgery);
      const reply = await staff.get(`/members/${yours}`);
      expect([forgery[0], reply.status, reply.json()['id']]).toEqual([forgery[0], 200, yours]);
    }
    expect(await counted(one, /^ip2a_redis_up (\d)$/gm)).toBe(1);
  });

  it('is looked for by many at once in few readings', async () => {
    const path = `/members/${ids[6]}`;
    const replies = await Promise.all(Array.from({ length: 60 }, () => staff.get(path)));
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    const entries = await Promise.all(replies.map(({ requestId }) => one.entries({ requestId })));
    expect(entries.map((found) => found.map(({ action, recordId }) => [action, Number(recordId)]))).toEqual(
      replies.map(() => [['READ', ids[6]]]),
    );
  });
});
