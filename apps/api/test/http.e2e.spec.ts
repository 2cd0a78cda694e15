import { BlockList } from 'node:net';
import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { inParallel } from '../../../test/support/load';
import { isReady } from '../../../test/support/readiness';

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
});
afterAll(() => api.close());

const count = async (memberNumber: string) =>
  (await api.query('SELECT FROM members WHERE member_number = $1', [memberNumber])).length;

describe('Idempotency-Key', () => {
  let keys = 0;
  const newKey = () => `key-${(keys += 1)}`;

  it('answers a repeated request with the record of the first, which is a reading', async () => {
    const member = aMember();
    const headers = { 'Idempotency-Key': newKey() };
    const first = await staff.post('/members', member, headers);
    const again = await staff.post('/members', member, headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.json()).toEqual(first.json());
    expect([again.headers.location, again.headers.etag]).toEqual([first.headers.location, first.headers.etag]);
    const recordId = first.json()['id'] as number;
    await api.expectAudit(first, { action: 'CREATE', recordId });
    await api.expectAudit(again, { action: 'READ', tableName: 'members', recordId });
  });

  it('takes the same request in another spelling for the same', async () => {
    const member = aMember();
    const headers = { 'Idempotency-Key': newKey() };
    await staff.post('/members', member, headers);
    const reversed = Object.fromEntries(Object.entries({ ...member, firstName: ' Rosa ' }).reverse());
    expect((await staff.post('/members', reversed, headers)).status).toBe(201);
    expect(await count(member.memberNumber)).toBe(1);
  });

  it('refuses another request with the same key', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    await staff.post('/members', aMember(), headers);
    const other = aMember();
    const refused = await staff.post('/members', other, headers);
    expect(codeOf(refused)).toEqual([422, 'idempotency.key-reused']);
    expect(await count(other.memberNumber)).toBe(0);
    await api.expectAudit(refused);
  });

  it('makes one record of twenty requests at once', async () => {
    const member = aMember();
    const headers = { 'Idempotency-Key': newKey() };
    const replies = await inParallel(20, 20, () => staff.post('/members', member, headers));
    expect(replies.filter(({ status }) => status !== 201).map(({ text }) => text)).toEqual([]);
    expect(new Set(replies.map((reply) => reply.text)).size).toBe(1);
    expect(await count(member.memberNumber)).toBe(1);
    const [id] = replies.map((reply) => reply.json()['id'] as number);
    expect(await api.entries({ tableName: 'members', recordId: id, action: 'CREATE' })).toHaveLength(1);
    expect(await api.entries({ tableName: 'members', recordId: id, action: 'READ' })).toHaveLength(19);
  });

  it('is kept by nobody else, and for no other operation', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    const created = [
      await staff.post('/members', aMember(), headers),
      await (await api.as('officer')).post('/members', aMember(), headers),
    ];
    expect(created.map(({ status }) => status)).toEqual([201, 201]);
    const admin = await api.as('admin');
    const user = {
      email: 'once@local.example',
      password: 'correct horse battery staple',
      firstName: 'A',
      lastName: 'B',
      roles: ['staff'],
    };
    const users = [await admin.post('/users', user, headers), await admin.post('/users', user, headers)];
    expect(users.map(({ status }) => status)).toEqual([201, 201]);
    expect(users[1]?.json()).toEqual(users[0]?.json());
    expect((await admin.post('/users', { ...user, password: 'another horse battery' }, headers)).status).toBe(422);
  });

  it('is free again after a day, and after a request that was refused', async () => {
    const headers = { 'Idempotency-Key': newKey() };
    const { memberNumber } = aMember();
    await staff.post('/members', aMember({ memberNumber }));
    expect((await staff.post('/members', aMember({ memberNumber }), headers)).status).toBe(409);
    expect((await staff.post('/members', aMember(), headers)).status).toBe(201);
    await api.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = $1`, [
      headers['Idempotency-Key'],
    ]);
    expect((await staff.post('/members', aMember(), headers)).status).toBe(201);
  });

  it('keeps nothing from which a password could be guessed', async () => {
    const admin = await api.as('admin');
    const user = {
      email: 'hashed@local.example',
      password: 'correct horse battery staple',
      firstName: 'A',
      lastName: 'B',
      roles: ['staff'],
    };
    await admin.post('/users', user, { 'Idempotency-Key': newKey() });
    await admin.post('/users', { ...user, email: 'hashed2@local.example' }, { 'Idempotency-Key': newKey() });
    const stored = JSON.stringify(await api.query('SELECT * FROM idempotency_keys'));
    const { createHash } = await import('node:crypto');
    const { password: _password, ...known } = user;
    const guesses = [{ ...known, password: user.password }, user].flatMap((guess) => [guess, ordered(guess)]);
    for (const guess of guesses) {
      expect(stored).not.toContain(createHash('sha256').update(JSON.stringify(guess)).digest('hex'));
    }
  });

  /** The fields in the order of the schema, in which the server has them. */
  function ordered({
    email,
    firstName,
    lastName,
    password,
    roles,
  }: {
    email: string;
    firstName: string;
    lastName: string;
    password: string;
    roles: string[];
  }) {
    return { email, firstName, lastName, password, roles };
  }
});

describe('every reply', () => {
  it('names its request, by the client’s id where that is short and plain', async () => {
    const given = await staff.get('/members?limit=1', { 'X-Request-Id': 'desk-3:2026.11_a' });
    expect(given.requestId).toBe('desk-3:2026.11_a');
    await api.expectAudit(given, { action: 'BULK_READ' });
    const made = [await staff.get('/members?limit=1'), await staff.get('/members?limit=1')].map(
      ({ requestId }) => requestId,
    );
    expect(made).toEqual([
      expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      expect.any(String),
    ]);
    expect(new Set(made).size).toBe(2);
    expect([...made].sort()).toEqual(made);
  });

  it('is not stored, framed or sniffed, whatever it says', async () => {
    const replies = [
      await staff.get('/members?limit=1'),
      await staff.get('/members/2147483647'),
      await staff.get('/nothing'),
      await api.anonymous.get('/members'),
      await staff.get('/members/export'),
      await staff.get('/members', { 'If-None-Match': '*' }),
    ];
    for (const { headers } of replies) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      expect(headers['content-security-policy']).toContain(`frame-ancestors 'none'`);
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });

  it('to a fault is a problem that names the path without what was searched for', async () => {
    const reply = await staff.get('/members?q=Delgado&limit=0');
    expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(reply.json()).toEqual({
      type: '/docs/errors#request.invalid',
      title: 'The request is not valid',
      status: 422,
      detail: expect.any(String) as string,
      instance: '/api/v1/members',
      requestId: reply.requestId,
      errors: [{ pointer: '/limit', message: expect.any(String) as string }],
    });
    expect(reply.text).not.toContain('Delgado');
  });

  it('to an unknown route is a problem, too', async () => {
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['DELETE', '/members'],
      ['PUT', '/members/1'],
      ['TRACE', '/members'],
      ['OPTIONS', '/members'],
    ] as const) {
      const reply = await staff.send(method, path);
      expect([method, ...codeOf(reply)]).toEqual([method, 404, 'route.not-found']);
    }
  });
});

it('the program of the client is recorded as it calls itself, in UTF-8 or Latin-1', async () => {
  for (const bytes of [Buffer.from('Büro 東京/1.0'), Buffer.from('Büro/1.0', 'latin1')]) {
    const reply = await staff.get('/members?limit=1', { 'User-Agent': bytes.toString('latin1') });
    const userAgent = bytes.includes('東京') ? 'Büro 東京/1.0' : 'Büro/1.0';
    await api.expectAudit(reply, { userAgent });
  }
});

describe('the address of the client', () => {
  it('is the socket’s, whatever a header says', async () => {
    const reply = await staff.get('/members?limit=1', { 'X-Forwarded-For': '203.0.113.7' });
    await api.expectAudit(reply, { ipAddress: '127.0.0.1' });
  });

  it('is what a trusted proxy says, and not what the client told the proxy', async () => {
    const trusted = new BlockList();
    trusted.addSubnet('127.0.0.0', 8);
    trusted.addSubnet('10.0.0.0', 8);
    const proxied = await startApi({ config: { TRUSTED_PROXIES: trusted } });
    try {
      const client = await proxied.as('staff');
      const cases = {
        '203.0.113.7': '203.0.113.7',
        '6.6.6.6, 203.0.113.7': '203.0.113.7',
        '6.6.6.6, 203.0.113.7, 10.1.1.1': '203.0.113.7',
        '2001:DB8:0:0::1': '2001:db8::1',
        '203.0.113.7:4711': '203.0.113.7',
        '6.6.6.6, "[2001:db8::1]:4711", [::FFFF:10.1.1.1]:80': '2001:db8::1',
        '::FFFF:203.0.113.7': '203.0.113.7',
        '::ffff:cb00:7107': '203.0.113.7',
        nonsense: '127.0.0.1',
        '10.1.1.1': '10.1.1.1',
        '': '127.0.0.1',
      };
      for (const [header, ipAddress] of Object.entries(cases)) {
        const reply = await client.get('/members?limit=1', { 'X-Forwarded-For': header });
        await proxied.expectAudit(reply, { ipAddress });
      }
    } finally {
      await proxied.close();
    }
  });
});

describe('the system’s own routes', () => {
  const at = (path: string) => api.anonymous.get(`/../..${path}`);

  it('tell whether the process lives and whether it can serve', async () => {
    expect((await at('/health/live')).json()).toEqual({ status: 'ok', checks: {} });
    await isReady(api);
    const ready = await at('/health/ready');
    expect([ready.status, ready.json()]).toEqual([200, expect.objectContaining({ status: 'ok' })]);
  });

  it('tell strangers whether it can serve, and nothing else', async () => {
    const trusted = new BlockList();
    trusted.addAddress('127.0.0.1');
    const proxied = await startApi({ config: { TRUSTED_PROXIES: trusted } });
    const ask = async (url: string, path: string, from: string) => {
      const reply = await fetch(`${url}${path}`, { headers: { 'X-Forwarded-For': from } });
      return [reply.status, await reply.text()];
    };
    const brief = [200, JSON.stringify({ status: 'ok', checks: {} })];
    try {
      await isReady(proxied);
      await isReady(api);
      for (const [url, from] of [
        [proxied.url, '203.0.113.7'],
        // A proxy that is not trusted does not make its clients the operator's.
        [api.url, '127.0.0.1'],
        [api.url, '203.0.113.7'],
      ] as const) {
        expect(await ask(url, '/health/ready', from)).toEqual(brief);
        expect(await ask(url, '/metrics', from)).toEqual([403, expect.stringContaining('access.denied')]);
      }
      const [status, text] = await ask(proxied.url, '/health/ready', '127.0.0.1');
      expect([status, text]).toEqual([200, expect.stringContaining('ledger')]);
      expect((await ask(proxied.url, '/metrics', '127.0.0.1'))[0]).toBe(200);
    } finally {
      await proxied.close();
    }
  });

  it('measure an address that cannot be decoded', async () => {
    const counted = async () =>
      Number(
        /ip2a_request_seconds_count\{operation="unknown",status="400"\} (\d+)/.exec((await at('/metrics')).text)?.[1] ??
          0,
      );
    const before = await counted();
    const reply = await staff.get('/members/%zz');
    expect([...codeOf(reply), reply.json()['instance']]).toEqual([400, 'request.malformed', '/api/v1/members/%zz']);
    expect(await counted()).toBe(before + 1);
  });

  it('are measured, by operation and without a person’s data', async () => {
    await staff.get('/members?q=Quarantelli');
    const reply = await at('/metrics');
    expect(reply.headers['content-type']).toMatch(/^text\/plain/);
    expect(reply.text).toMatch(/ip2a_request_seconds_count\{operation="members:list",status="200"\} \d+/);
    expect(reply.text).toMatch(/ip2a_audit_entries_total \d+/);
    expect(reply.text).not.toContain('Quarantelli');
  });

  it('show the documentation and the document', async () => {
    expect((await at('/docs')).text).toContain('swagger-ui');
    const document = (await at('/openapi.json')).json<{ openapi: string; paths: Record<string, object> }>();
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toContain('/api/v1/members/{id}');
  });

  it.each([
    [undefined, undefined],
    ['gzip, deflate, br', 'gzip'],
    ['br, *;q=0.1', 'gzip'],
    ['gzip;q=0', undefined],
    ['br', undefined],
  ])('send the document to who accepts %j in the coding %s, and once only', async (accepted, coding) => {
    const ask = (headers: Record<string, string> = {}) =>
      fetch(`${api.url}/openapi.json`, { headers: { 'Accept-Encoding': accepted ?? 'identity', ...headers } });
    const reply = await ask();
    expect([reply.status, reply.headers.get('content-encoding') ?? undefined]).toEqual([200, coding]);
    expect((await reply.json()) as object).toMatchObject({ openapi: '3.1.0' });
    const etag = reply.headers.get('etag') ?? '';
    const again = await ask({ 'If-None-Match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await ask({ 'If-None-Match': '"another"' })).status).toBe(200);
  });

  it('leave no entry', async () => {
    const replies = [
      await at('/health/live'),
      await at('/health/ready'),
      await at('/metrics'),
      await at('/docs'),
      await at('/openapi.json'),
      await api.anonymous.get('/auth/jwks.json'),
    ];
    for (const reply of replies) await api.expectAudit(reply);
  });
});
