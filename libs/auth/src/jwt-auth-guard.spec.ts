import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { OPERATION, type Operation } from '#access';
import type { RequestContext } from '#platform/context';
import { aContext, anActor, codeOf } from '../../../test/support/unconnected';
import { JwtAuthGuard } from './jwt-auth.guard';
import { JwtStrategy } from './jwt.strategy';
import type { SessionsService } from './sessions.service';
import { someTokens } from './tokens.factory';

/** The execution of a handler with this operation. */
function executionOf(context: RequestContext, operation: Operation | undefined, request: object): ExecutionContext {
  const handler = () => undefined;
  if (operation) Reflect.defineMetadata(OPERATION, operation, handler);
  const asked = { headers: {}, ...request, ip2aContext: context };
  return {
    getHandler: () => handler,
    switchToHttp: () => ({ getRequest: () => asked, getResponse: () => ({}) }),
  } as unknown as ExecutionContext;
}

describe('authentication', () => {
  // Registers itself with passport.
  beforeAll(() => new JwtStrategy());

  const authenticate = async (authorization: string | undefined, operation?: Operation) => {
    const context = aContext();
    const known = { id: 7, version: '1', isConfirmed: false, actor: anActor('staff') };
    const sessions = { find: () => known, lookUp: async () => known } as unknown as SessionsService;
    const guard = new JwtAuthGuard(new Reflector(), someTokens, sessions);
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
    // RolesGuard knows whether a token is needed.
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
