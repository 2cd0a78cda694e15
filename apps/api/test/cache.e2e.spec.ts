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
    ids = await seedMembers(database, 20);
    [[one, other], bare] = await Promise.all([spawnPair(database, redis), spawnApi(database)]);
    staff = await one.as('staff');
    await untilCached(one, `/members/${ids[0]}`);
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
    await untilCached(one, path);
    await database.query('REVOKE INSERT ON audit_logs FROM ip2a_owner');
    const before = await hitsOf(one);
    const reply = await staff.get(path);
    await database.query('GRANT INSERT ON audit_logs TO ip2a_owner');
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
    await untilCached(one, path);
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
        (key) => !/^ip2a:cache:[\d.]+:((members|organizations):\d+:[\w-]{16}|session:\d+:[0-9a-f-]{36})$/.test(key),
      ),
    ).toEqual([]);
    const stored: string[] = [];
    for (const key of keys) {
      const left = Number(await redis.command('PTTL', key));
      const seconds = key.includes(':members:') ? 300 : key.includes(':organizations:') ? 600 : 86_400;
      expect([key, left > 0 && left <= seconds * 1000]).toEqual([key, true]);
      stored.push(String(await redis.command('GET', key)));
    }
    expect(stored.length).toBeGreaterThan(10);
    const names = /Delgado|Smith|Okafor|Nu.ez|Kowalski|Chen|Brien|Garcia|Springfield|example|staff|officer|Harbor/;
    const decoded = stored.map((text) => Buffer.from(text.replace(/^v1\./, ''), 'base64url').toString('latin1'));
    expect([...stored, ...decoded].filter((text) => names.test(text))).toEqual([]);
  });

  it('is a miss where its value was put in another’s place, changed, or replaced by anything', async () => {
    const stored = async (id: number) => {
      await staff.get(`/members/${id}`);
      const [key] = await keysOf(redis, `*:members:${id}:*`);
      return { key: key!, value: String(await redis.command('GET', key!)) };
    };
    const mine = await stored(ids[8]!);
    const forgeries: ((yours: { key: string; value: string }) => string[])[] = [
      ({ key }) => ['SET', key, mine.value],
      ({ key, value }) => ['SET', key, `${value.slice(0, -3)}AAA`],
      ({ key }) => ['SET', key, ''],
      ({ key }) => ['SET', key, 'nonsense'],
      ({ key }) => ['HSET', key, 'field', mine.value],
      ({ key, value }) => ['LPUSH', key, value],
    ];
    const there = other.client(staff.account, staff.session);
    for (const [index, forgery] of forgeries.entries()) {
      // Of each record the other process has nothing in memory.
      const yours = ids[10 + index]!;
      const { key, value } = await stored(yours);
      await redis.command('DEL', key);
      await redis.command(...forgery({ key, value }));
      const reply = await there.get(`/members/${yours}`);
      expect([index, reply.status, reply.json()['id']]).toEqual([index, 200, yours]);
    }
    expect(await counted(other, /^ip2a_redis_up (\d)$/gm)).toBe(1);
  });

  it('that Redis has kept from before a change is looked up again, and shown once, with its version', async () => {
    const id = ids[16]!;
    await staff.get(`/members/${id}`);
    const [key] = await keysOf(redis, `*:members:${id}:*`);
    const old = String(await redis.command('GET', key!));
    const changed = await staff.patch(`/members/${id}`, { phone: '555-9876' });
    await redis.command('SET', key!, old);
    const shown = await other.client(staff.account, staff.session).get(`/members/${id}`);
    expect([shown.status, shown.text, shown.headers.etag]).toEqual([200, changed.text, changed.headers.etag]);
    const entries = await other.query<{ version: string }>(
      `SELECT record_version AS version FROM audit_logs WHERE request_id = $1`,
      [shown.requestId],
    );
    expect(entries.map(({ version }) => `"${version}"`)).toEqual([changed.headers.etag]);
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
