import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Config } from '#platform/config';
import type { Actor, RequestContext } from '#platform/context';
import { aContext, anActor, codeOf, errorOf } from '../../../test/support/unconnected';
import { OPERATION } from './allow.decorator';
import type { Operation, Role } from './permissions';
import { RolesGuard } from './roles.guard';

interface Asked {
  operation?: Operation;
  actor?: Actor;
  method?: string;
  reason?: string;
}

/** A request to a handler of this operation; `mustSayWhy` are the roles that need a reason. */
function asking({ operation, actor, method = 'GET', reason }: Asked, mustSayWhy: Role[] = []) {
  const context = aContext(actor, { reason });
  const handler = () => undefined;
  if (operation) Reflect.defineMetadata(OPERATION, operation, handler);
  const execution = {
    getHandler: () => handler,
    switchToHttp: () => ({ getRequest: () => ({ method, headers: {}, ip2aContext: context }) }),
  } as unknown as ExecutionContext;
  const guard = new RolesGuard(new Reflector(), { ACCESS_REASON_REQUIRED: mustSayWhy } as unknown as Config);
  return { context, ask: () => guard.canActivate(execution) };
}

const outcomeOf = (asked: Asked, mustSayWhy?: Role[]) => codeOf(asking(asked, mustSayWhy).ask);

describe('a route', () => {
  it('without an operation is open to nobody', async () => {
    expect(await outcomeOf({ actor: anActor('admin') })).toBe('access.denied');
    expect(await outcomeOf({})).toBe('access.denied');
  });

  it('that is public is open to everybody, also to those who do not say why', async () => {
    const { ask } = asking({ operation: 'auth:login' }, ['staff']);
    expect(ask()).toBe(true);
    expect(await outcomeOf({ operation: 'auth:login', actor: anActor([], { mustChangePassword: true }) })).toBe('fine');
  });

  it.each<[Operation, Role[] | undefined, string]>([
    ['members:list', undefined, 'auth.required'],
    ['members:list', ['staff'], 'fine'],
    ['members:list', ['member'], 'fine'],
    ['members:list', [], 'access.denied'],
    ['members:create', ['member'], 'access.denied'],
    ['members:create', ['organizer', 'instructor'], 'access.denied'],
    ['members:create', ['organizer', 'staff'], 'fine'],
    ['users:list', ['officer'], 'access.denied'],
    ['users:list', ['admin'], 'fine'],
    ['auth:me', [], 'access.denied'],
  ])('for %s is open to %j: %s', async (operation, roles, code) => {
    expect(await outcomeOf({ operation, actor: roles && anActor(roles) })).toBe(code);
  });

  it.each<[Operation, string]>([
    ['members:list', 'auth.password-change-required'],
    ['me:read', 'auth.password-change-required'],
    ['audit:checkpoint', 'auth.password-change-required'],
    // How else could they change it?
    ['auth:change-password', 'fine'],
    ['auth:logout', 'fine'],
  ])('for %s is, before a password is changed: %s', async (operation, code) => {
    expect(await outcomeOf({ operation, actor: anActor('staff', { mustChangePassword: true }) })).toBe(code);
  });
});

describe('break-glass', () => {
  it('is hinted at to those who may use it, where it would open what was refused', async () => {
    const hintIn = async (operation: Operation, role: Role) =>
      (await errorOf(asking({ operation, actor: anActor(role) }).ask))?.message.includes('X-Break-Glass');
    expect(await hintIn('grievances:read', 'organizer')).toBe(true);
    expect(await hintIn('grievances:list', 'organizer')).toBe(false);
    expect(await hintIn('organizations:read', 'member')).toBe(false);
  });
});

describe('a reason', () => {
  const sayingWhy = (context: RequestContext) => context.mustSayWhy;

  it.each<[string, Asked, boolean]>([
    ['staff who read others’ records', { operation: 'members:read', actor: anActor('staff') }, true],
    ['one of whose roles must', { operation: 'members:read', actor: anActor(['officer', 'staff']) }, true],
    ['officers, who need not', { operation: 'members:read', actor: anActor('officer') }, false],
    ['staff who read their own record', { operation: 'me:read', actor: anActor('staff') }, false],
    ['staff who use their own account', { operation: 'auth:me', actor: anActor('staff') }, false],
    ['members, whose records are all their own', { operation: 'members:read', actor: anActor('member') }, false],
    ['members with files of their own', { operation: 'attachments:list', actor: anActor('member') }, false],
    ['staff with files of others', { operation: 'attachments:list', actor: anActor('staff') }, true],
    ['members with their entries', { operation: 'audit:list', actor: anActor('member') }, false],
    ['staff with entries', { operation: 'audit:list', actor: anActor('staff') }, true],
  ])('is asked of %s', async (_who, asked, isAsked) => {
    const roles: Role[] = ['staff', 'member'];
    const { context, ask } = asking(asked, roles);
    expect(await codeOf(ask)).toBe(isAsked ? 'access.reason-required' : 'fine');
    expect(sayingWhy(context)).toBe(isAsked);
    expect(await outcomeOf({ ...asked, reason: 'Dues' }, roles)).toBe('fine');
  });

  it('is asked of nobody where the operator asks none', async () => {
    expect(await outcomeOf({ operation: 'members:read', actor: anActor('staff') })).toBe('fine');
  });

  it.each([
    ['GET', 'access.reason-required'],
    ['HEAD', 'access.reason-required'],
    // It shows what it changed; where it shows more, the disclosure asks.
    ['PATCH', 'fine'],
    ['POST', 'fine'],
  ])('is asked before a %s: %s', async (method, code) => {
    const { context, ask } = asking({ operation: 'members:update', actor: anActor('staff'), method }, ['staff']);
    expect(await codeOf(ask)).toBe(code);
    const disclose = () => context.disclose({ tableName: 'members', ids: [5], list: false });
    expect(await codeOf(disclose)).toBe('access.reason-required');
  });

  it('is asked after the permission', async () => {
    expect(await outcomeOf({ operation: 'users:list', actor: anActor('staff') }, ['staff'])).toBe('access.denied');
  });
});
