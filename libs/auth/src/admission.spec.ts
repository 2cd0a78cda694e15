import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { OPERATION, type AccessGuard, type Operation } from '#access';
import type { Config } from '#platform/config';
import type { Actor, RequestContext } from '#platform/context';
import type { Bucket, RateLimiter, Verdict } from '#platform/throttling';
import { aContext, anActor, codeOf, errorOf } from '../../../test/support/unconnected';
import { AdmissionService } from './admission.service';
import { AttemptsGuard } from './attempts.guard';
import { JwtAuthGuard } from './jwt-auth.guard';
import { JwtStrategy } from './jwt.strategy';
import { sha256 } from './random-tokens';
import type { SessionsService } from './sessions.service';
import { invalidToken, type Claims, type TokensService } from './tokens.service';

const config = { RATE_LIMIT_STAFF: 1000, RATE_LIMIT_MEMBER: 100, RATE_LIMIT_PUBLIC: 21 } as Config;
const claims: Claims = { userId: 7, sessionId: 'family', tier: 'staff', expiresAt: 1 };
const address = '203.0.113.9';

/** A limiter that refuses the buckets of this kind, and keeps all that it is asked. */
function limiterWith(refused?: string, isRemote = false) {
  const buckets: Bucket[] = [];
  const take = (bucket: Bucket): Verdict | Promise<Verdict> => {
    buckets.push(bucket);
    const passes = refused === undefined || !bucket.kind.includes(refused);
    const verdict = { bucket, passes, remaining: 0, resetSeconds: 3, retryAfterSeconds: passes ? 0 : 3 };
    return isRemote ? Promise.resolve(verdict) : verdict;
  };
  return { limiter: { take } as unknown as RateLimiter, buckets };
}

/** Tokens: `known` was verified before, `good` was not, and no other is any good. */
const tokens = {
  known: (token: string) => (token === 'known' ? claims : undefined),
  verify: async (token: string) => {
    if (token !== 'good' && token !== 'known') throw invalidToken();
    return claims;
  },
} as unknown as TokensService;

const nameOf = ({ kind, id, tier, perMinute }: Bucket) => `${kind}:${id} ${tier} ${perMinute}`;

describe('admission', () => {
  interface Given {
    token?: string;
    route?: Operation;
    isEnded?: boolean;
    refused?: string;
    isRemote?: boolean;
    remembered?: Actor;
  }

  async function admit({ token, route = 'members:read', isEnded = false, refused, isRemote, remembered }: Given) {
    const { limiter, buckets } = limiterWith(refused, isRemote);
    const sessions = { isEnded: () => isEnded, remembered: () => remembered } as unknown as SessionsService;
    const context = aContext(undefined, { route, ipAddress: address });
    const { passes } = await new AdmissionService(tokens, sessions, limiter, config).admit(context, token);
    return { buckets: buckets.map(nameOf), passes, actor: context.actor };
  }

  const byUser = 'user:7 staff 1000';
  const byAddress = `address:${address} public 21`;

  it.each<[string, Given, string]>([
    ['a good token counts for its user', { token: 'known' }, byUser],
    ['so does one that has to be checked first', { token: 'good' }, byUser],
    ['no token counts for the address', {}, byAddress],
    ['neither does an empty one', { token: '' }, byAddress],
    ['nor one that is not good', { token: 'bad' }, byAddress],
    // Or a thief could use the owner's requests up with it.
    ['nor one whose session was ended', { token: 'known', isEnded: true }, byAddress],
    ['nor one that was checked now, whose session was ended', { token: 'good', isEnded: true }, byAddress],
    ['nor any where everybody may ask', { token: 'known', route: 'auth:login' }, byAddress],
  ])('%s', async (_what, given, bucket) => {
    expect((await admit(given)).buckets).toEqual([bucket]);
  });

  it('counts an IPv6 address by its network, and an unknown one with the others', async () => {
    const { limiter, buckets } = limiterWith();
    const service = new AdmissionService(tokens, {} as SessionsService, limiter, config);
    for (const ipAddress of ['2001:db8::1', '2001:db8::2:1', undefined]) {
      await service.admit(aContext(undefined, { ipAddress }), undefined);
    }
    expect(buckets.map(({ id }) => id)).toEqual(['2001:db8:0:0::/64', '2001:db8:0:0::/64', 'unknown']);
  });

  it.each([false, true])('names who was refused, and nobody who was not; over a network: %s', async (isRemote) => {
    expect((await admit({ token: 'known', isRemote })).actor).toBeUndefined();
    const somebody = anActor('staff');
    expect(await admit({ token: 'known', refused: 'user', isRemote, remembered: somebody })).toMatchObject({
      passes: false,
      actor: somebody,
    });
    const unknown = await admit({ token: 'known', refused: 'user', isRemote });
    expect(unknown.actor).toMatchObject({ userId: 7, roles: [], memberId: null });
    expect((await admit({ refused: 'address', isRemote })).actor).toBeUndefined();
  });
});

/** The execution of a handler with this operation. */
function executionOf(context: RequestContext, operation: Operation | undefined, request: object): ExecutionContext {
  const handler = () => undefined;
  if (operation) Reflect.defineMetadata(OPERATION, operation, handler);
  const asked = { headers: {}, ...request, ip2aContext: context };
  return {
    getHandler: () => handler,
    switchToHttp: () => ({
      getRequest: () => asked,
      getResponse: () => ({ getHeader: () => undefined, headers: () => undefined }),
    }),
  } as unknown as ExecutionContext;
}

describe('the limit of attempts', () => {
  const attempt = async (operation: Operation | undefined, body: object, refused?: string) => {
    const { limiter, buckets } = limiterWith(refused);
    const context = aContext(undefined, { ipAddress: address });
    const guard = new AttemptsGuard(new Reflector(), limiter, config);
    const error = await errorOf(() => guard.canActivate(executionOf(context, operation, { body })));
    return { buckets: buckets.map(nameOf), error };
  };

  const newPassword = 'correct horse battery staple';
  const email = 'rosa@local.example';
  it.each<[Operation, object, string]>([
    ['auth:login', { email: ' Rosa@Local.example', password: 'wrong' }, email],
    ['auth:refresh', { refreshToken: 'x' }, 'x'],
    ['auth:register', { memberNumber: ' 7464416', dateOfBirth: '1980-05-17', email }, '7464416'],
    ['auth:verify-email', { token: 'x', newPassword }, 'x'],
    ['auth:resend-verification', { email: 'ROSA@local.example ' }, email],
    ['auth:forgot-password', { email }, email],
    ['auth:reset-password', { token: 'x', newPassword }, 'x'],
    ['auth:mfa-verify', { mfaToken: 'x', code: '123456' }, 'x'],
  ])(
    'counts %s with %j by address and by %s, each operation apart, half and a quarter of what an address may',
    async (operation, body, at) => {
      // Rounded up: the smallest limit still lets somebody in.
      expect((await attempt(operation, body)).buckets).toEqual([
        `${operation} address:${address} attempts 11`,
        `${operation} account:${sha256(at)} attempts 6`,
      ]);
    },
  );

  it.each([[{ email }], [{ password: 'x' }], [{ email: 7, password: 'x' }], [undefined], ['text']])(
    'counts no body that is refused as it is: %j',
    async (body) => {
      expect(await attempt('auth:login', body as object)).toEqual({ buckets: [], error: undefined });
    },
  );

  it('counts nothing else', async () => {
    for (const operation of ['members:read', 'auth:jwks', undefined] as const) {
      expect(await attempt(operation, { email: 'x' })).toEqual({ buckets: [], error: undefined });
    }
  });

  it.each([
    ['address', 1],
    ['account', 2],
  ])('refuses by %s, after asking %i', async (refused, asked) => {
    const { buckets, error } = await attempt('auth:login', { email: 'a@local.example', password: 'x' }, refused);
    expect([error?.code, buckets.length, error?.limited?.email]).toEqual(['rate.limited', asked, 'a@local.example']);
  });

  it('keeps no secret in a refusal', async () => {
    const { error } = await attempt('auth:refresh', { refreshToken: 'secret' }, 'account');
    expect(error?.limited?.email).toBeUndefined();
    expect(JSON.stringify([error?.message, error?.limited])).not.toContain('secret');
  });
});

describe('authentication', () => {
  // Registers itself with passport.
  beforeAll(() => new JwtStrategy());

  const authenticate = async (authorization: string | undefined, operation?: Operation) => {
    const context = aContext();
    const known = { id: 7, version: '1', isConfirmed: false, actor: anActor('staff') };
    const sessions = { find: () => known, lookUp: async () => known } as unknown as SessionsService;
    const guard = new JwtAuthGuard(new Reflector(), tokens, sessions, {} as AccessGuard);
    const execution = executionOf(context, operation, { headers: { authorization } });
    const code = await codeOf(() => guard.canActivate(execution));
    return { code, actor: context.actor?.userId, sessionId: context.sessionId, route: context.route };
  };

  it.each<[string | undefined, Operation | undefined, string, number | undefined]>([
    ['Bearer known', 'members:read', 'fine', 7],
    ['Bearer good', 'members:read', 'fine', 7],
    ['bearer good', 'members:read', 'fine', 7],
    ['Bearer bad', 'members:read', 'auth.token-invalid', undefined],
    ['Basic good', 'members:read', 'auth.token-invalid', undefined],
    ['good', 'members:read', 'auth.token-invalid', undefined],
    ['', 'members:read', 'auth.token-invalid', undefined],
    // The access guard knows whether a token is needed.
    [undefined, 'members:read', 'fine', undefined],
    ['Bearer bad', 'auth:login', 'fine', undefined],
    ['Bearer good', 'auth:login', 'fine', undefined],
    ['Bearer good', undefined, 'fine', 7],
    ['Bearer bad', undefined, 'auth.token-invalid', undefined],
  ])('by %j at %s: %s, the user %s', async (authorization, operation, code, actor) => {
    expect(await authenticate(authorization, operation)).toEqual({
      ...{ code, actor, sessionId: actor && 'family' },
      route: operation ?? 'undeclared',
    });
  });
});
