import { connect } from 'node:net';
import { openApiDocument } from '#app';
import { aMember } from '../../libs/members/src/member.factory';
import { startApi, type Client, type LocalApi, type Reply } from '../support/harness';
import { inParallel } from '../support/load';
import { seedMembers } from '../support/seed';
import { tries } from '../support/soak';
import { hostileRequests } from './hostile';

let api: LocalApi;
let admin: Client;
let id: number;
beforeAll(async () => {
  api = await startApi();
  [id] = (await seedMembers(api.database, 30)) as [number];
  admin = await api.as('admin');
});
afterAll(() => api.close());

/** Every row but the ledger's, so that any change shows. */
async function state(): Promise<unknown> {
  const tables = ['members', 'users', 'roles', 'user_roles', 'refresh_tokens', 'idempotency_keys', 'imports'];
  const hashes = tables.map(
    (table) => `(SELECT md5(string_agg(t::text, '' ORDER BY t.id)) FROM ${table} t) AS ${table}`,
  );
  const [row] = await api.query(`SELECT ${hashes.join(', ')}`);
  return row;
}

interface Problem {
  type: string;
  status: number;
  requestId: string;
  detail: string;
}

/** What is wrong with a refusal: nothing of the server's insides, and everything a problem must have. */
function faultOf(
  { status, headers, text }: Pick<Reply, 'status' | 'headers' | 'text'>,
  hasBody = true,
): string | undefined {
  if (status < 400) return undefined;
  if (status >= 500) return `${status} ${text.slice(0, 200)}`;
  if (!hasBody) return undefined;
  if (headers['content-type'] !== 'application/problem+json; charset=utf-8')
    return `${status} ${headers['content-type']} ${text.slice(0, 100)}`;
  const problem = JSON.parse(text) as Problem;
  if (problem.status !== status || !/^\/docs\/errors#[a-z.-]+$/.test(problem.type) || !problem.detail)
    return `${status} ${text.slice(0, 200)}`;
  if (headers['x-request-id'] !== problem.requestId) return `${status} without its request id`;
  if (/node_modules|at .*\.[jt]s:|SELECT |INSERT |syntax error/.test(text)) return `${status} ${text.slice(0, 200)}`;
  return undefined;
}

describe('a request that is not valid', () => {
  const json = { 'Content-Type': 'application/json' };
  const csv = { 'Content-Type': 'text/csv' };
  const member = () => JSON.stringify(aMember());
  const spoilt = (fields: object) => JSON.stringify({ ...aMember(), ...fields });
  let users = 0;
  const user = (fields: object) => {
    users += 1;
    const valid = { email: `new${users}@local.example`, password: 'correct horse battery staple' };
    return JSON.stringify({ ...valid, firstName: 'A', lastName: 'B', roles: ['staff'], ...fields });
  };
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`;

  type Case = [
    what: string,
    status: number,
    method: string,
    path: string,
    body?: string,
    headers?: Record<string, string>,
  ];
  const cases: Case[] = [
    ['an id that is no number', 422, 'GET', '/members/abc'],
    ['an id of zero', 422, 'GET', '/members/0'],
    ['an id beyond integer', 422, 'GET', '/members/2147483648'],
    ['an id in hexadecimal', 422, 'GET', '/members/0x1'],
    ['an id with an exponent', 422, 'GET', '/members/1e0'],
    ['an id with a fraction', 422, 'GET', '/members/1.0'],
    ['an id with a sign', 422, 'GET', '/members/%2B1'],
    ['an id with blanks', 422, 'GET', '/members/%201%20'],
    ['an id with NUL', 422, 'GET', '/members/1%00'],
    ['broken percent-encoding', 400, 'GET', '/members/%zz'],
    ['a member number with NUL', 422, 'GET', '/members/by-number/1%00'],
    ['an unknown route', 404, 'GET', '/nothing'],
    ['an unknown route with broken encoding', 400, 'GET', '/nothing/%E0%A4%A'],
    ['a method that the route does not have', 404, 'PUT', '/members'],
    ['an unknown query parameter', 422, 'GET', '/members?colour=red'],
    ['a query parameter named __proto__', 422, 'GET', '/members?__proto__=1'],
    ['a repeated query parameter', 422, 'GET', '/members?status=active&status=retired'],
    ['a repeated limit', 422, 'GET', '/members?limit=1&limit=2'],
    ['a query parameter with brackets', 422, 'GET', '/members?limit[]=1'],
    ['a limit of zero', 422, 'GET', '/members?limit=0'],
    ['a limit above 200', 422, 'GET', '/members?limit=201'],
    ['an empty limit', 422, 'GET', '/members?limit='],
    ['a limit with an exponent', 422, 'GET', '/members?limit=1e1'],
    ['an unknown sort', 422, 'GET', '/members?sort=password'],
    ['SQL for a sort', 422, 'GET', '/members?sort=id;DROP%20TABLE%20members'],
    ['an unknown status', 422, 'GET', '/members?status=gone'],
    ['a search with NUL', 422, 'GET', '/members?q=%00'],
    ['an empty search', 422, 'GET', '/members?q='],
    ['a search that is too long', 422, 'GET', `/members?q=${'x'.repeat(101)}`],
    ['a cursor that is none', 422, 'GET', '/members?cursor=abc'],
    ['a cursor of another list', 422, 'GET', `/members?cursor=${Buffer.from('["x","1"]').toString('base64url')}`],
    ['a cursor with a wrong key', 422, 'GET', `/members?cursor=${Buffer.from('["","x"]').toString('base64url')}`],
    [
      'a cursor with a huge key',
      422,
      'GET',
      `/members?cursor=${Buffer.from('["","99999999999"]').toString('base64url')}`,
    ],
    ['a cursor with NUL behind it', 422, 'GET', `/members?cursor=${Buffer.from('["","1"]').toString('base64url')}%00`],
    [
      'a trail cursor with NUL behind it',
      422,
      'GET',
      `/audit/logs?cursor=${Buffer.from('["trail","2026-01-01","1"]').toString('base64url')}%00`,
    ],
    ['an offset that no place has', 422, 'GET', '/audit/logs?from=2026-01-31T12:00:00%2B23:00'],
    ['an instant before the common era', 422, 'GET', '/audit/logs?from=0000-01-01T00:00:00Z'],
    ['an address that is none', 422, 'GET', '/audit/logs?ipAddress=1.2.3.4.5'],
    ['an address with a zone', 422, 'GET', '/audit/logs?ipAddress=fe80::1%25eth0'],
    ['an entry id beyond bigint', 422, 'GET', '/audit/logs/99999999999999999999'],
    ['a record id beyond bigint', 422, 'GET', '/audit/logs?recordId=9223372036854775808'],
    ['an unknown format', 422, 'GET', '/members/export?format=xml'],

    ['a body that is no JSON', 400, 'POST', '/members', '{"a":', json],
    ['an empty body', 422, 'POST', '/members', '', json],
    ['no body', 422, 'POST', '/members'],
    ['an array for a body', 422, 'POST', '/members', '[]', json],
    ['null for a body', 422, 'POST', '/members', 'null', json],
    ['a text for a body', 422, 'POST', '/members', '"x"', json],
    ['a prototype in the body', 400, 'POST', '/members', '{"__proto__":{"isAdmin":true}}', json],
    ['a body of a deep object', 422, 'POST', '/members', deep, json],
    ['a body of deep arrays', 422, 'POST', '/members', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, json],
    ['a body above the limit', 413, 'POST', '/members', spoilt({ notes: 'x'.repeat(1_100_000) }), json],
    ['a body of text', 415, 'POST', '/members', member(), { 'Content-Type': 'text/plain' }],
    ['a body of XML', 415, 'POST', '/members', '<member/>', { 'Content-Type': 'application/xml' }],
    ['a form', 415, 'POST', '/members', 'a=b', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['CSV where JSON belongs', 415, 'POST', '/members', 'a,b', csv],
    ['a content type that is none', 415, 'POST', '/members', member(), { 'Content-Type': 'nonsense' }],
    ['JSON where CSV belongs', 415, 'POST', '/members/import', '{}', json],
    ['nothing where CSV belongs', 415, 'POST', '/members/import'],
    [
      'a form without a file',
      400,
      'POST',
      '/members/import',
      '--x--\r\n',
      { 'Content-Type': 'multipart/form-data; boundary=x' },
    ],
    ['a form without a boundary', 400, 'POST', '/members/import', 'x', { 'Content-Type': 'multipart/form-data' }],
    ['an unknown field', 422, 'POST', '/members', spoilt({ colour: 'red' }), json],
    ['an id of one’s own', 422, 'POST', '/members', spoilt({ id: 1 }), json],
    ['an audit reference of one’s own', 422, 'PATCH', '/members/:id', '{"auditRef":"1"}', json],
    ['a field that is missing', 422, 'POST', '/members', '{"memberNumber":"1"}', json],
    ['null where a value belongs', 422, 'PATCH', '/members/:id', '{"lastName":null}', json],
    ['an array for a text', 422, 'POST', '/members', spoilt({ firstName: ['a'] }), json],
    ['an object for a text', 422, 'POST', '/members', spoilt({ firstName: { a: 1 } }), json],
    ['a number for a text', 422, 'POST', '/members', spoilt({ firstName: 1 }), json],
    ['blanks for a name', 422, 'POST', '/members', spoilt({ firstName: '  ' }), json],
    ['NUL in a name', 422, 'POST', '/members', spoilt({ firstName: 'a\0' }), json],
    ['half a surrogate pair in a name', 422, 'POST', '/members', '{"firstName":"\\ud800"}', json],
    ['half a surrogate pair in a change', 422, 'PATCH', '/members/:id', '{"firstName":"\\ud800"}', json],
    ['a name that is too long', 422, 'POST', '/members', spoilt({ firstName: 'x'.repeat(101) }), json],
    ['a number with a dash', 422, 'POST', '/members', spoilt({ memberNumber: 'A-1' }), json],
    ['a number in other digits', 422, 'POST', '/members', spoilt({ memberNumber: '１２' }), json],
    ['a date that is none', 422, 'POST', '/members', spoilt({ hireDate: '2026-02-30' }), json],
    ['an instant for a date', 422, 'POST', '/members', spoilt({ hireDate: '2026-02-03T00:00:00Z' }), json],
    ['a date of another age', 422, 'POST', '/members', spoilt({ hireDate: '0001-01-01' }), json],
    ['an e-mail address that is none', 422, 'POST', '/members', spoilt({ email: 'rosa' }), json],
    ['an unknown classification', 422, 'POST', '/members', spoilt({ classification: 'king' }), json],
    ['an If-Match that is none', 400, 'PATCH', '/members/:id', '{"phone":"1"}', { ...json, 'If-Match': '123' }],
    ['an Idempotency-Key with blanks', 400, 'POST', '/members', member(), { ...json, 'Idempotency-Key': 'a b' }],
    ['an empty Idempotency-Key', 400, 'POST', '/members', member(), { ...json, 'Idempotency-Key': '' }],
    [
      'an Idempotency-Key that is too long',
      400,
      'POST',
      '/members',
      member(),
      { ...json, 'Idempotency-Key': 'x'.repeat(256) },
    ],
    ['a user with a short password', 422, 'POST', '/users', user({ password: 'short' }), json],
    ['a user with an unknown role', 422, 'POST', '/users', user({ roles: ['king'] }), json],
    ['a user with a role twice', 422, 'POST', '/users', user({ roles: ['staff', 'staff'] }), json],
    ['a user with a text for roles', 422, 'POST', '/users', user({ roles: 'admin' }), json],
    ['a user with a truth for a member', 422, 'POST', '/users', user({ memberId: true }), json],
    ['a user with an array for a member', 422, 'POST', '/users', user({ memberId: [1] }), json],
    ['a user with a text for a member', 422, 'POST', '/users', user({ memberId: '1' }), json],
    ['a user of a member who does not exist', 422, 'POST', '/users', user({ memberId: 999_999 }), json],
    [
      'a role that ends at no place’s time',
      422,
      'POST',
      '/users',
      user({ roles: [{ name: 'staff', expiresAt: '2026-01-31T12:00:00+23:00' }] }),
      json,
    ],
    ['a text for a truth', 422, 'POST', '/users', user({ emailVerified: 'yes' }), json],
    ['a log-in with an array', 422, 'POST', '/auth/login', '{"email":["a"],"password":"b"}', json],
    ['a log-in with an object', 422, 'POST', '/auth/login', '{"email":{"$ne":null},"password":{"$ne":null}}', json],
    ['a log-in with half a surrogate pair', 422, 'POST', '/auth/login', '{"email":"\\ud800","password":"b"}', json],
    ['a log-in with NUL', 422, 'POST', '/auth/login', '{"email":"a\\u0000","password":"b"}', json],
    [
      'a log-in with a huge password',
      422,
      'POST',
      '/auth/login',
      JSON.stringify({ email: 'a', password: 'x'.repeat(257) }),
      json,
    ],
    ['a refresh with a number', 422, 'POST', '/auth/refresh', '{"refreshToken":1}', json],
    ['an import mode that is none', 422, 'POST', '/members/import?mode=half', 'a', csv],
    ['an import with an unknown column', 422, 'POST', '/members/import', 'colour\nred', csv],
    ['an empty import', 422, 'POST', '/members/import', '', csv],
  ];
  it.each(cases)(
    'is refused for %s with %i, and changes nothing',
    async (...[, status, method, path, body, headers]: Case) => {
      const before = await state();
      const reply = await admin.send(method, path.replace(':id', String(id)), body, headers);
      expect([reply.status, faultOf(reply)]).toEqual([status, undefined]);
      expect(await state()).toEqual(before);
    },
  );
});

describe('what Node refuses before it is a request', () => {
  it.each([
    ['headers that are too large', 431, `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`],
    ['a user agent that is too large', 431, `GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: ${'x'.repeat(40_000)}\r\n\r\n`],
    ['a line that is no request', 400, 'nonsense\r\n\r\n'],
    ['NUL in a header', 400, 'GET / HTTP/1.1\r\nHost: x\r\nX-Access-Reason: a\0b\r\n\r\n'],
    [
      'two lengths',
      400,
      'POST /api/v1/members HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
    ],
    [
      'a length and chunks',
      400,
      'POST /api/v1/members HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a length that is none', 400, 'POST /api/v1/members HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
  ])('is answered as a problem: %s', async (_what, status, bytes) => {
    const answer = await raw(bytes);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toMatch(/content-type: application\/problem\+json/i);
    expect(head).toMatch(/x-content-type-options: nosniff/i);
    expect(head).toMatch(/content-security-policy: .*frame-ancestors 'none'/i);
    expect(head).toMatch(/cache-control: no-store/i);
    expect(JSON.parse(body)).toMatchObject({ status });
  });

  function raw(bytes: string): Promise<string> {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    return new Promise((resolve, reject) => {
      let answer = '';
      socket.on('data', (chunk) => {
        answer += String(chunk);
        if (/\r\n\r\n[^]*\}$/.test(answer)) socket.end();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(answer));
      socket.end(bytes, 'latin1');
    });
  }
});

describe('headers that are long, strange or not ours', () => {
  it('are cut or replaced, and the request is served and on record', async () => {
    const strange = {
      'User-Agent': 'agent '.repeat(1000),
      'X-Access-Reason': Buffer.from('Ünterschrift 🙂 '.repeat(100)).toString('latin1'),
      'X-Request-Id': 'x'.repeat(65),
      'X-Forwarded-For': '6.6.6.6',
      Range: 'bytes=0-1',
    };
    const reply = await admin.get(`/members/${id}`, strange);
    expect(reply.status).toBe(200);
    expect(reply.requestId).toMatch(/^[0-9a-f-]{36}$/);
    const [entry] = await api.entries({ requestId: reply.requestId });
    expect(entry).toMatchObject({
      action: 'READ',
      recordId: id,
      ipAddress: '127.0.0.1',
      userAgent: strange['User-Agent'].slice(0, 512),
    });
    expect(entry?.reason).toBe(
      'Ünterschrift 🙂 '
        .repeat(100)
        .slice(0, 500)
        .toWellFormed()
        .replace(/\ufffd$/, ''),
    );
  });

  it.each(['a b', 'a"b', '', 'ä', '../x', '{}'])('replaces the request id %j', async (given) => {
    const reply = await admin.get(`/members/${id}`, { 'X-Request-Id': given });
    expect(reply.requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    await api.expectAudit(reply, { action: 'READ', recordId: id });
  });
});

it('does not let one bad request spoil the answers of others', async () => {
  const cursor = Buffer.from('["","1"]').toString('base64url');
  const replies = await inParallel(120, 40, (index) =>
    index % 4 ? admin.get(`/members/${id}`) : admin.get(`/members?cursor=${cursor}%00`),
  );
  expect(replies.filter((reply, index) => index % 4 > 0 && reply.status !== 200).map(({ text }) => text)).toEqual([]);
});

it('answers whatever is made of the OpenAPI document with a problem or with success, and changes nothing it refused', async () => {
  const sacrifice = await api.somebody(['admin']);
  const requests = hostileRequests(openApiDocument(api.app), { seed: 20261123, perOperation: tries(12, 120), id });
  const faults: { fault: string; request: string }[] = [];
  const refused = new Set<string>();
  await inParallel(requests.length, 8, async (index) => {
    const { method, path, headers, body } = requests[index]!;
    // These end or lock the account that sends them.
    if (/\/logout|\/change-password|\/auth\/mfa\//.test(path)) return;
    const requestId = `hostile-${index}`;
    const reply = await sacrifice.send(method, path.startsWith('/api') ? path : `/../..${path}`, body, {
      ...headers,
      'x-request-id': requestId,
    });
    const fault = faultOf(reply, method !== 'HEAD');
    const request = `${method} ${path.slice(0, 150)} ${JSON.stringify(headers).slice(0, 150)} ${body?.slice(0, 150)}`;
    if (fault) faults.push({ fault, request });
    if (reply.status >= 400) refused.add(requestId);
  });
  expect(oneOfEachKind(faults)).toEqual([]);
  expect(refused.size).toBeGreaterThan(requests.length / 2);
  const changes = (await api.entries()).filter(({ action }) =>
    ['CREATE', 'UPDATE', 'DELETE', 'RESTORE'].includes(action),
  );
  // A failed log-in counts itself, and that is a change.
  const hidden = changes.filter(({ requestId, route }) => refused.has(requestId ?? '') && route !== 'auth:login');
  expect(hidden).toEqual([]);
});

/** Many requests meet the same fault; one of each tells enough. */
function oneOfEachKind(faults: { fault: string; request: string }[]) {
  return [...new Map(faults.map((found) => [found.fault.slice(0, 90).replace(/\d{2,}|'.*/g, ''), found])).values()];
}
