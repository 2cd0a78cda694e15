import { BlockList } from 'node:net';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';

const portal = 'https://portal.local.example';
const loopback = new BlockList();
loopback.addAddress('127.0.0.1', 'ipv4');

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi({
    config: { CORS_ORIGINS: [portal, 'http://localhost:5173'], TRUSTED_PROXIES: loopback, RATE_LIMIT_PUBLIC: 40 },
  });
  staff = await api.as('staff');
});
afterAll(() => api.close());

const asks = { 'Access-Control-Request-Method': 'PATCH', 'Access-Control-Request-Headers': 'authorization,if-match' };
const corsOf = (headers: object) => Object.keys(headers).filter((name) => name.startsWith('access-control-'));

describe('a page of a listed origin', () => {
  it('may ask for what the contract names, without credentials of the browser', async () => {
    const reply = await api.anonymous.send('OPTIONS', '/members/1', undefined, { Origin: portal, ...asks });
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(reply.headers).toMatchObject({
      'access-control-allow-origin': portal,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-max-age': '600',
      vary: 'Origin',
      'x-content-type-options': 'nosniff',
    });
    const allowed = String(reply.headers['access-control-allow-headers']).toLowerCase().split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining([
        ...['authorization', 'content-type', 'if-match', 'idempotency-key'],
        ...['x-access-reason', 'x-break-glass', 'x-request-id'],
      ]),
    );
    expect(reply.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it('may read the headers of an answer, and of a refusal', async () => {
    for (const client of [staff, api.anonymous]) {
      const reply = await client.get('/members', { Origin: portal });
      expect([200, 401]).toContain(reply.status);
      expect(reply.headers).toMatchObject({ 'access-control-allow-origin': portal, vary: 'Origin' });
      const exposed = String(reply.headers['access-control-expose-headers']).toLowerCase().split(', ');
      expect(exposed).toEqual(
        expect.arrayContaining([
          ...['etag', 'location', 'x-request-id', 'retry-after', 'content-disposition'],
          ...['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'],
        ]),
      );
    }
  });

  it('asks beforehand as often as it likes: nobody is counted for it, and nothing is on record', async () => {
    const left = async () => Number((await api.anonymous.get('/auth/jwks.json')).headers['ratelimit-remaining']);
    const before = await left();
    for (let time = 0; time < 60; time += 1) {
      const reply = await api.anonymous.send('OPTIONS', '/members', undefined, { Origin: portal, ...asks });
      expect(reply.status).toBe(204);
      expect(reply.headers).not.toHaveProperty('ratelimit-limit');
      if (time === 59) await api.expectAudit(reply);
    }
    expect(await left()).toBeGreaterThanOrEqual(before - 1);
  });
});

describe('a page of another origin', () => {
  it.each(['https://portal.local.example.evil.example', 'http://portal.local.example', 'null', 'https://evil.example'])(
    'is told nothing: %s',
    async (Origin) => {
      const preflight = await api.anonymous.send('OPTIONS', '/members', undefined, { Origin, ...asks });
      expect([preflight.status, corsOf(preflight.headers)]).toEqual([404, []]);
      const reply = await staff.get('/members', { Origin });
      expect([reply.status, corsOf(reply.headers), reply.headers.vary]).toEqual([200, [], 'Origin']);
    },
  );
});

describe('where no origin is listed', () => {
  it('no reply says a word of it', async () => {
    const plain = await startApi();
    try {
      const preflight = await plain.anonymous.send('OPTIONS', '/members', undefined, { Origin: portal, ...asks });
      const reply = await plain.anonymous.get('/auth/jwks.json', { Origin: portal });
      expect([preflight.status, reply.status]).toEqual([404, 200]);
      for (const { headers } of [preflight, reply]) expect([corsOf(headers), headers.vary]).toEqual([[], undefined]);
    } finally {
      await plain.close();
    }
  });
});

/** OWASP ASVS 5.0, chapter 3.4, at level 2. */
describe('security headers', () => {
  const pages = ['/docs', '/openapi.json', '/api/v1/members', '/api/v1/nowhere', '/api/v1/%zz', '/health/live'];

  it.each(pages)('stand on %s', async (path) => {
    const { headers } = await api.anonymous.get(`/../..${path}`);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    const policy = String(headers['content-security-policy']).split(';');
    expect(policy).toEqual(
      expect.arrayContaining([`default-src 'self'`, `object-src 'none'`, `base-uri 'none'`, `frame-ancestors 'none'`]),
    );
    expect(policy.filter((line) => line.startsWith('script-src') || line.includes('unsafe-eval'))).toEqual([]);
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('server');
  });

  it('demand TLS for a year where a trusted proxy speaks it, and only there', async () => {
    const over = async (client: Client, proto?: string) =>
      (await client.get('/auth/me', proto ? { 'X-Forwarded-Proto': proto } : {})).headers['strict-transport-security'];
    expect(await over(staff, 'https')).toBe('max-age=31536000; includeSubDomains');
    expect([await over(staff, 'http'), await over(staff)]).toEqual([undefined, undefined]);
    const untrusting = await startApi();
    try {
      expect(await over(untrusting.anonymous, 'https')).toBeUndefined();
    } finally {
      await untrusting.close();
    }
  });

  it('keep the documentation a page whose scripts are its own', async () => {
    const { text } = await api.anonymous.get('/../../docs');
    const scripts = [...text.matchAll(/<script([^>]*)>/g)].map(([, attributes]) => attributes);
    expect(scripts.length).toBeGreaterThan(0);
    expect(scripts.filter((attributes) => !/src="\.?\//.test(attributes ?? ''))).toEqual([]);
  });
});
