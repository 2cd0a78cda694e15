import type { ExecutionContext, Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { SkipThrottle, Throttle } from '@nestjs/throttler';
import { OPERATION, type Operation } from '#access';
import type { Config } from '#platform/config';
import type { Actor, RequestContext } from '#platform/context';
import type { LimitRequest } from '#platform/http';
import type { GcraStorage } from '#platform/throttling';
import { aContext, anActor, errorOf } from '../../../test/support/unconnected';
import { AccountController } from './account.controller';
import { AuthController } from './auth.controller';
import { MfaController } from './mfa.controller';
import { sha256 } from './random-tokens';
import { RoleThrottlerGuard } from './role-throttler.guard';
import type { SessionsService } from './sessions.service';
import { throttlerOptions } from './throttlers';
import { someTokens } from './tokens.factory';

type Request = Parameters<LimitRequest>[0];
type Reply = Parameters<LimitRequest>[1];

const config = { RATE_LIMIT_STAFF: 1000, RATE_LIMIT_MEMBER: 100, RATE_LIMIT_PUBLIC: 21 } as Config;
const address = '203.0.113.9';

/** A guard, and the calls of its storage. The storage refuses keys that contain `refused`. */
async function guardWith(refused?: string, sessions = {}) {
  const asked: string[] = [];
  const increment: GcraStorage['increment'] = async (key, ttl, limit, blockDuration, throttler) => {
    expect(blockDuration).toBe(ttl);
    asked.push(`${key} ${throttler} ${limit}${ttl === 60_000 ? '' : ` in ${ttl}`}`);
    const isBlocked = refused !== undefined && key.includes(refused);
    return { totalHits: limit, timeToExpire: 3, isBlocked, timeToBlockExpire: isBlocked ? 3 : 0 };
  };
  const storage = { increment } as GcraStorage;
  const options = throttlerOptions(config, storage);
  const guard = new RoleThrottlerGuard(
    options,
    storage,
    new Reflector(),
    someTokens,
    { isEnded: () => false, ...sessions } as unknown as SessionsService,
    config,
  );
  await guard.onModuleInit();
  return { guard, asked };
}

const reply = { getHeader: () => undefined, headers: () => undefined } as unknown as Reply;
const requestOf = (context: RequestContext, rest: object = {}) =>
  ({ headers: {}, routeOptions: {}, ...rest, ip2aContext: context }) as unknown as Request;

it.each(['/docs', '/docs/swagger-ui.css', '/openapi.json'])(
  '%s counts by itself, and ten times as many',
  async (url) => {
    const { guard, asked } = await guardWith();
    const context = aContext(undefined, { ipAddress: address });
    await guard.limitRequest(requestOf(context, { routeOptions: { url } }), reply);
    expect(asked).toEqual([`documents address:${address} documents 210`]);
  },
);

describe('every request', () => {
  interface Given {
    token?: string;
    route?: Operation;
    isEnded?: boolean;
    refused?: string;
    remembered?: Actor;
  }

  async function counted({ token, route = 'members:read', isEnded = false, refused, remembered }: Given) {
    const { guard, asked } = await guardWith(refused, { isEnded: () => isEnded, remembered: () => remembered });
    const context = aContext(undefined, { route, ipAddress: address });
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const error = await errorOf(() => guard.limitRequest(requestOf(context, { headers }), reply));
    return { asked, code: error?.code, limited: error?.limited, actor: context.actor };
  }

  const byUser = 'user:7 staff 1000';
  const byAddress = `address:${address} public 21`;

  it.each<[string, Given, string]>([
    ['with a good token counts for its user', { token: 'known' }, byUser],
    ['does so with one that has to be checked first', { token: 'good' }, byUser],
    ['counts for the address without a token', {}, byAddress],
    ['and with an empty one', { token: '' }, byAddress],
    ['and with one that is not good', { token: 'bad' }, byAddress],
    // Or a thief could use the owner's requests up with it.
    ['and with one whose session was ended', { token: 'known', isEnded: true }, byAddress],
    ['and with one that was checked now, whose session was ended', { token: 'good', isEnded: true }, byAddress],
    ['and with any where everybody may ask', { token: 'known', route: 'auth:login' }, byAddress],
  ])('%s', async (_what, given, bucket) => {
    expect((await counted(given)).asked).toEqual([bucket]);
  });

  it('counts by the network of an IPv6 address, and with the others where the address is unknown', async () => {
    const { guard, asked } = await guardWith();
    for (const ipAddress of ['2001:db8::1', '2001:db8::2:1', undefined]) {
      await guard.limitRequest(requestOf(aContext(undefined, { ipAddress })), reply);
    }
    const network = 'address:2001:db8:0:0::/64 public 21';
    expect(asked).toEqual([network, network, 'address:unknown public 21']);
  });

  it('names who was refused, and nobody who was not', async () => {
    expect((await counted({ token: 'known' })).actor).toBeUndefined();
    const somebody = anActor('staff');
    const refused = await counted({ token: 'known', refused: 'user', remembered: somebody });
    expect([refused.code, refused.limited, refused.actor]).toEqual(['rate.limited', { limit: 'user:7' }, somebody]);
    const unknown = await counted({ token: 'known', refused: 'user' });
    expect(unknown.actor).toMatchObject({ userId: 7, roles: [], memberId: null });
    expect((await counted({ refused: 'address' })).actor).toBeUndefined();
  });
});

/** The execution of a controller's handler. */
function executionOf(type: Type, name: string, request: Request): ExecutionContext {
  return {
    getClass: () => type,
    getHandler: () => (type.prototype as Record<string, () => void>)[name],
    switchToHttp: () => ({ getRequest: () => request, getResponse: () => reply }),
  } as unknown as ExecutionContext;
}

/** The calls of the storage for a request to this handler. */
async function ask(type: Type, name: string, body: unknown, refused?: string, actor?: Actor) {
  const { guard, asked } = await guardWith(refused);
  const handler = (type.prototype as Record<string, () => void>)[name] as object;
  const route = (Reflect.getMetadata(OPERATION, handler) as string | undefined) ?? `test:${name}`;
  const context = aContext(actor, { ipAddress: address, route });
  const error = await errorOf(() => guard.canActivate(executionOf(type, name, requestOf(context, { body }))));
  return { asked, error };
}

describe('attempts', () => {
  const newPassword = 'correct horse battery staple';
  const email = 'rosa@local.example';
  const register = { memberNumber: ' 7464416', dateOfBirth: '1980-05-17', email };
  it.each<[Operation, Type, string, object, string, string?]>([
    ['auth:login', AuthController, 'login', { email: ' Rosa@Local.example', password: 'wrong' }, email, ` ${address}`],
    ['auth:refresh', AuthController, 'refresh', { refreshToken: 'x' }, 'x'],
    ['auth:register', AccountController, 'register', register, '7464416'],
    ['auth:verify-email', AccountController, 'verifyEmail', { token: 'x', newPassword }, 'x'],
    ['auth:resend-verification', AccountController, 'resendVerification', { email: 'ROSA@local.example ' }, email],
    ['auth:forgot-password', AccountController, 'forgotPassword', { email }, email],
    ['auth:reset-password', AccountController, 'resetPassword', { token: 'x', newPassword }, 'x'],
    ['auth:mfa-verify', MfaController, 'verify', { mfaToken: 'x', code: '123456' }, 'x'],
  ])('at %s count by address and by target, half and a quarter of what an address may', async (...given) => {
    // Guesses at one account from one network leave the owner's log-in elsewhere alone.
    const [operation, type, name, body, target, network = ''] = given;
    // Rounded up: the smallest limit still lets somebody in.
    expect((await ask(type, name, body)).asked).toEqual([
      `attemptsByAddress ${operation} ${address} attemptsByAddress 11`,
      `attemptsAtTarget ${operation} ${sha256(target)}${network} attemptsAtTarget 6`,
    ]);
  });

  it.each([[{ email }], [{ password: 'x' }], [{ email: 7, password: 'x' }], [undefined], ['text']])(
    'are none with a body that is refused as it is: %j',
    async (body) => {
      expect(await ask(AuthController, 'login', body)).toEqual({ asked: [], error: undefined });
    },
  );

  it.each(['logout', 'jwks', 'me'])('are none at %s', async (name) => {
    expect(await ask(AuthController, name, { email: 'x' })).toEqual({ asked: [], error: undefined });
  });

  it.each([
    ['attemptsByAddress', 1],
    ['attemptsAtTarget', 2],
  ])('are refused by %s, after asking %i', async (refused, count) => {
    const body = { email: 'a@local.example', password: 'x' };
    const { asked, error } = await ask(AuthController, 'login', body, refused);
    expect([error?.code, asked.length, error?.limited?.email]).toEqual(['rate.limited', count, 'a@local.example']);
  });

  it('leave no secret in a refusal', async () => {
    const { error } = await ask(AuthController, 'refresh', { refreshToken: 'secret' }, 'attemptsAtTarget');
    expect(error?.code).toBe('rate.limited');
    expect(error?.limited?.email).toBeUndefined();
    expect(JSON.stringify([error?.message, error?.limited])).not.toContain('secret');
  });
});

describe('the own limit of a route', () => {
  class OfHandlers {
    @Throttle({ default: { limit: 5, ttl: 3_600_000 } })
    slow() {}
    @SkipThrottle()
    skipping() {}
    plain() {}
  }
  @Throttle({ default: { limit: 7, ttl: 60_000 } })
  class OfClass {
    first() {}
  }
  class Heir extends OfClass {
    @Throttle({ default: { limit: 2, ttl: 60_000 } })
    second() {}
  }

  it.each<[Type, string, string[]]>([
    [OfHandlers, 'slow', ['default test:slow user:1 default 5 in 3600000']],
    [OfHandlers, 'skipping', []],
    [OfHandlers, 'plain', []],
    [OfClass, 'first', ['default test:first user:1 default 7']],
    [Heir, 'first', ['default test:first user:1 default 7']],
    [Heir, 'second', ['default test:second user:1 default 2']],
  ])('of %p, %s', async (type, name, expected) => {
    expect((await ask(type, name, {}, undefined, anActor('staff', { userId: 1 }))).asked).toEqual(expected);
  });

  it('counts the address of somebody who brings no token, and refuses in its own words', async () => {
    const { asked, error } = await ask(OfHandlers, 'slow', {}, 'default');
    expect(asked).toEqual([`default test:slow address:${address} default 5 in 3600000`]);
    expect(error?.message).toMatch(/^No more than 5 in 3600 seconds\. Wait 3 seconds/);
  });
});
