import { BlockList } from 'node:net';
import { Controller, Get, SetMetadata } from '@nestjs/common';
import { SkipThrottle, Throttle } from '@nestjs/throttler';
import { OPERATION } from '#access';
import { Clock } from '#kernel';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';

/** A clock that stands still until a test turns it. */
class HandClock extends Clock {
  private ahead = 0;
  private readonly begun = Date.now();
  override now(): Date {
    return new Date(this.begun + this.ahead);
  }
  turn(seconds: number): void {
    this.ahead += seconds * 1000;
  }
}

const allowed = SetMetadata(OPERATION, 'auth:me');

/** Limits as one would write them in any NestJS project. */
@Controller('throttled')
class ThrottledController {
  @Get('seldom')
  @Throttle({ default: { limit: 3, ttl: 600_000 } })
  @allowed
  seldom() {
    return {};
  }

  @Get('skipping')
  @SkipThrottle()
  @allowed
  skipping() {
    return {};
  }

  @Get('blocking')
  @Throttle({ default: { limit: 3, ttl: 60_000, blockDuration: 600_000 } })
  @allowed
  blocking() {
    return {};
  }
}

const clock = new HandClock();
let api: LocalApi;
let anonymous: Client;
beforeAll(async () => {
  const config = { RATE_LIMIT_STAFF: 40, RATE_LIMIT_MEMBER: 10, RATE_LIMIT_PUBLIC: 8, TRUSTED_PROXIES: trusted() };
  api = await startApi({ clock, config, controllers: [ThrottledController] });
  anonymous = api.anonymous;
});
beforeEach(() => clock.turn(3600));
afterAll(() => api.close());

function trusted() {
  const list = new BlockList();
  list.addAddress('127.0.0.1');
  return list;
}

const from = (address: string) => ({ 'X-Forwarded-For': address });
const limits = ({ headers }: Reply) => [
  headers['ratelimit-limit'],
  headers['ratelimit-remaining'],
  headers['ratelimit-reset'],
];

/** The statuses of so many requests, one after the other. */
async function statuses(count: number, send: () => Promise<Reply>): Promise<number[]> {
  const found: number[] = [];
  for (let request = 0; request < count; request += 1) found.push((await send()).status);
  return found;
}

const times = (count: number, status: number) => Array<number>(count).fill(status);

describe('limits by role', () => {
  it.each([
    ['staff', 40],
    ['organizer', 40],
    ['instructor', 40],
    ['member', 10],
  ] as const)('let a user who is %s send %i a minute, whatever they ask for', async (role, limit) => {
    const somebody = await api.somebody([role]);
    const paths = ['/auth/me', '/members/999999', '/no/such/route', '/reports/roster', '/auth/sessions'];
    let next = 0;
    const found = await statuses(limit, () => somebody.get(paths[next++ % paths.length] ?? ''));
    expect(found).not.toContain(429);
    expect(await statuses(2, () => somebody.get('/auth/me'))).toEqual(times(2, 429));
    clock.turn(61);
    expect(await statuses(1, () => somebody.get('/auth/me'))).toEqual([200]);
  });

  it('count each user for themselves, over all their sessions', async () => {
    const one = await api.somebody(['member']);
    const again = await api.login(one.account);
    const other = await api.somebody(['member']);
    expect(await statuses(5, () => one.get('/auth/me'))).toEqual(times(5, 200));
    expect(await statuses(6, () => again.get('/auth/me'))).toEqual([...times(5, 200), 429]);
    expect((await other.get('/auth/me')).status).toBe(200);
  });

  it('count who brings no good token by address, IPv6 by network', async () => {
    const bad = { Authorization: 'Bearer not.a.token' };
    const here = (headers = {}) => anonymous.get('/auth/me', { ...from('203.0.113.5'), ...headers });
    expect(await statuses(4, () => here())).toEqual(times(4, 401));
    expect(await statuses(5, () => here(bad))).toEqual([...times(4, 401), 429]);
    expect((await anonymous.get('/auth/me', from('203.0.113.6'))).status).toBe(401);
    let host = 0;
    const network = () => anonymous.get('/auth/jwks.json', from(`2001:db8:1:2::${(host += 1).toString(16)}`));
    expect(await statuses(9, network)).toEqual([...times(8, 200), 429]);
    expect((await anonymous.get('/auth/jwks.json', from('2001:db8:1:3::1'))).status).toBe(200);
  });

  it('do not let a token whose session has ended use up its owner’s requests', async () => {
    const owner = await api.somebody(['member']);
    const thief = await api.login(owner.account);
    await thief.post('/auth/logout');
    const stolen = () => thief.get('/auth/me', from('203.0.113.7'));
    const refused = await statuses(12, stolen);
    expect([refused[0], refused.at(-1)]).toEqual([401, 429]);
    expect(await statuses(8, () => owner.get('/auth/me'))).toEqual(times(8, 200));
  });

  it('are told with every answer, and with a refusal how long to wait', async () => {
    const somebody = await api.somebody(['member']);
    expect(limits(await somebody.get('/auth/me'))).toEqual(['10', '9', '6']);
    expect(limits(await somebody.get('/members/1'))).toEqual(['10', '8', '12']);
    await statuses(8, () => somebody.get('/auth/me'));
    const refused = await somebody.get('/auth/me');
    expect(refused.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect([...codeOf(refused), refused.headers['retry-after']]).toEqual([429, 'rate.limited', '6']);
    expect(limits(refused)).toEqual(['10', '0', '60']);
  });

  const ask = (path: string, headers = {}) => anonymous.get(`/../..${path}`, headers);

  it('leave the question whether the process lives alone, and probes and monitoring of the operator', async () => {
    const strangers = from('203.0.113.30');
    const asked: [string, object][] = [
      ['/health/live', {}],
      ['/health/live', strangers],
      ['/health/ready', {}],
      ['/metrics', {}],
    ];
    for (const [path, headers] of asked) {
      const replies = await Promise.all(Array.from({ length: 30 }, () => ask(path, headers)));
      expect([path, [...new Set(replies.map(({ status }) => status))]]).toEqual([path, [200]]);
      expect(replies.every((reply) => reply.headers['ratelimit-limit'] === undefined)).toBe(true);
    }
  });

  it.each(['/health/ready', '/metrics', '/nothing', '/members/%zz'])('count what strangers ask of %s', async (path) => {
    const found = await statuses(10, () => ask(path, from(`203.0.113.${40 + path.length}`)));
    expect(found.slice(8)).toEqual([429, 429]);
    expect(found.slice(0, 8)).not.toContain(429);
  });

  it.each(['/docs', '/docs/swagger-ui.css', '/openapi.json'])(
    'count %s by themselves, and ten times as many',
    async (path) => {
      const headers = from(`203.0.113.${60 + path.length}`);
      const found = await statuses(82, () => ask(path, headers));
      expect(found.slice(80)).toEqual([429, 429]);
      expect(found.slice(0, 80)).not.toContain(429);
      expect((await ask('/nothing', headers)).status).toBe(404);
    },
  );

  it('count addresses that cannot be decoded together with all others, for users, too', async () => {
    const somebody = await api.somebody(['member']);
    expect(await statuses(9, () => somebody.get('/members/%zz'))).toEqual(times(9, 400));
    const [own, beyond] = [await somebody.get('/auth/me'), await somebody.get('/nothing/%E0%A4%A')];
    expect([own.status, ...codeOf(beyond)]).toEqual([200, 429, 'rate.limited']);
    await api.expectAudit(beyond, { action: 'RATE_LIMITED', changedBy: somebody.account.id });
  });

  it('refuse before a body is read', async () => {
    const flood = () => anonymous.post('/auth/login', 'no JSON {', { ...from('203.0.113.8') });
    expect(await statuses(10, flood)).toEqual([...times(8, 415), 429, 429]);
  });
});

describe('a route with @Throttle', () => {
  const seldom = (client: Client) => client.get('/throttled/seldom');

  it('has a limit of its own for each user, beside the one over all routes', async () => {
    const [one, other] = [await api.somebody(['member']), await api.somebody(['member'])];
    expect(await statuses(5, () => seldom(one))).toEqual([...times(3, 200), ...times(2, 429)]);
    expect((await seldom(other)).status).toBe(200);
    // Those five counted over all routes, too.
    expect(await statuses(6, () => one.get('/auth/me'))).toEqual([...times(5, 200), 429]);
    clock.turn(210);
    expect(await statuses(2, () => seldom(one))).toEqual([200, 429]);
  });

  it('says the limit that is nearest, and refuses in its own span', async () => {
    const somebody = await api.somebody(['member']);
    expect(limits(await seldom(somebody))).toEqual(['3', '2', '200']);
    await statuses(2, () => seldom(somebody));
    const refused = await seldom(somebody);
    expect(codeOf(refused)).toEqual([429, 'rate.limited']);
    expect(refused.json()).toMatchObject({ detail: expect.stringMatching(/^No more than 3 in 600 seconds/) });
    expect([refused.headers['retry-after'], ...limits(refused)]).toEqual(['200', '3', '0', '600']);
    await api.expectAudit(refused, {
      action: 'RATE_LIMITED',
      filters: { limit: `default auth:me user:${somebody.account.id}`, limited: 1 },
    });
  });

  it('cannot skip the limit over all routes, nor set the time of a block', async () => {
    const somebody = await api.somebody(['member']);
    expect(await statuses(11, () => somebody.get('/throttled/skipping'))).toEqual([...times(10, 200), 429]);
    clock.turn(120);
    expect((await somebody.get('/throttled/blocking')).status).toBe(500);
  });
});

describe('who keeps hammering', () => {
  it('waits twice as long each time, and is forgiven after quiet minutes', async () => {
    const here = () => anonymous.get('/auth/jwks.json', from('203.0.113.20'));
    await statuses(8, here);
    const waits: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const wait = Number((await here()).headers['retry-after']);
      waits.push(wait);
      clock.turn(wait - 1);
    }
    // The first ones are as long as it takes until one request is refilled.
    expect(waits.slice(3)).toEqual([8, 16, 32, 64, 128, 256, 512, 900, 900]);
    clock.turn(60 * 60);
    expect((await here()).status).toBe(200);
  });
});

describe('attempts', () => {
  const login = (email: string, address: string, password = 'wrong password') =>
    anonymous.post('/auth/login', { email, password }, from(address));

  it('at one account are limited by network, whether or not it exists, and leave the owner elsewhere alone', async () => {
    const { email, password } = await api.account(['member']);
    for (const [name, near, far] of [
      [email, '198.51.100.90', '198.51.100.91'],
      ['nobody@local.example', '198.51.100.92', '198.51.100.93'],
    ] as const) {
      let tried = 0;
      const typed = [name, name.toUpperCase(), ` ${name}`];
      const found = await statuses(3, () => login(typed[(tried += 1) % 3] ?? '', near));
      expect(found).toEqual([401, 401, 429]);
      const refused = await login(name, near);
      expect([...codeOf(refused), limits(refused)[0]]).toEqual([429, 'rate.limited', '2']);
      expect((await login(name, far)).status).toBe(401);
    }
    expect((await login(email, '198.51.100.94', password)).status).toBe(200);
  });

  it('from one address are limited, whatever accounts they are at', async () => {
    let guess = 0;
    const found = await statuses(5, () => login(`guess${(guess += 1)}@local.example`, '198.51.100.200'));
    expect(found).toEqual([401, 401, 401, 401, 429]);
  });

  it.each([
    ['/auth/refresh', { refreshToken: 'x' }, 401],
    ['/auth/forgot-password', { email: 'who@local.example' }, 202],
    ['/auth/resend-verification', { email: 'who@local.example' }, 202],
    ['/auth/register', { memberNumber: '1', dateOfBirth: '1980-05-17', email: 'who@local.example' }, 202],
    ['/auth/verify-email', { token: 'x', newPassword: 'correct horse battery staple' }, 401],
    ['/auth/reset-password', { token: 'x', newPassword: 'correct horse battery staple' }, 401],
    ['/auth/mfa/verify', { mfaToken: 'x', code: '123456' }, 401],
  ])('by %s are limited likewise', async (path, body, status) => {
    const found = await statuses(3, () => anonymous.post(path, body, from('198.51.100.201')));
    expect(found).toEqual([status, status, 429]);
  });

  it('do not do without the wait of an account', async () => {
    const { email, password } = await api.account(['member']);
    for (let guess = 0; guess < 5; guess += 1) {
      clock.turn(60);
      expect((await login(email, '198.51.100.202')).status).toBe(401);
    }
    clock.turn(60);
    expect((await login(email, '198.51.100.202', password)).status).toBe(401);
  });
});

describe('refusals', () => {
  it('are on record with the user and the route, once, and counted from then on', async () => {
    const somebody = await api.somebody(['member']);
    const { id, email } = somebody.account;
    await statuses(10, () => somebody.get('/auth/me'));
    const refused = await somebody.get('/members/1');
    await api.expectAudit(refused, {
      action: 'RATE_LIMITED',
      outcome: 'denied',
      changedBy: id,
      actorEmail: email,
      actorRoles: ['member'],
      ipAddress: '127.0.0.1',
      route: 'members:read',
      filters: { limit: `user:${id}`, limited: 1 },
      notes: 'rate.limited',
    });
    await api.expectAudit(await somebody.get('/members/1'));
  });

  it('name the account that was tried, where one was', async () => {
    const email = 'who@local.example';
    const attempt = () => anonymous.post('/auth/login', { email, password: 'x' }, from('198.51.100.210'));
    await statuses(2, attempt);
    const [entry] = await api.entries({ requestId: (await attempt()).requestId });
    expect(entry).toMatchObject({ action: 'RATE_LIMITED', changedBy: null, ipAddress: '198.51.100.210' });
    expect(entry?.filters).toMatchObject({ email, limited: 1 });
  });
});
