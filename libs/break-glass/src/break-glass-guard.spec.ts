import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { OPERATION, RolesGuard, type Operation } from '#access';
import type { Config } from '#platform/config';
import type { Actor } from '#platform/context';
import { aContext, anActor, codeOf } from '../../../test/support/unconnected';
import { BreakGlassGuard } from './break-glass.guard';

interface Asked {
  operation?: Operation;
  actor?: Actor;
  reason?: string;
  breakGlass?: string;
}

/** A request that both guards decide. */
function asking({ operation, actor, reason, breakGlass }: Asked) {
  const context = aContext(actor, { reason, breakGlass });
  const handler = () => undefined;
  if (operation) Reflect.defineMetadata(OPERATION, operation, handler);
  const execution = {
    getHandler: () => handler,
    switchToHttp: () => ({ getRequest: () => ({ method: 'GET', headers: {}, ip2aContext: context }) }),
  } as unknown as ExecutionContext;
  const reflector = new Reflector();
  const guards = [
    new BreakGlassGuard(reflector),
    new RolesGuard(reflector, { ACCESS_REASON_REQUIRED: [] } as unknown as Config),
  ];
  const ask = async () => {
    for (const guard of guards) await guard.canActivate(execution);
  };
  return { context, ask };
}

const outcomeOf = (asked: Asked) => codeOf(asking(asked).ask);

describe('break-glass', () => {
  const reason = 'Accident on site';

  it.each<[string, Asked, string]>([
    ['opens a record to who may not read it', { operation: 'grievances:read', actor: anActor('organizer') }, 'fine'],
    ['is a use also where nothing had to be opened', { operation: 'members:read', actor: anActor('staff') }, 'fine'],
    ['is not for members', { operation: 'grievances:read', actor: anActor('member') }, 'access.break-glass-refused'],
    [
      'is not for administrators, to whom all is open',
      { operation: 'grievances:read', actor: anActor('admin') },
      'access.break-glass-refused',
    ],
    ['opens no list', { operation: 'grievances:list', actor: anActor('organizer') }, 'access.break-glass-refused'],
    ['opens no change', { operation: 'members:update', actor: anActor('organizer') }, 'access.break-glass-refused'],
    ['opens nothing to nobody', { operation: 'members:read' }, 'auth.required'],
    [
      'waits for a new password',
      { operation: 'members:read', actor: anActor('staff', { mustChangePassword: true }) },
      'auth.password-change-required',
    ],
  ])('%s', async (_what, asked, code) => {
    expect(await outcomeOf({ ...asked, breakGlass: 'true', reason })).toBe(code);
  });

  it('takes a reason', async () => {
    const asked = { operation: 'grievances:read', actor: anActor('organizer'), breakGlass: 'true' } as const;
    expect(await outcomeOf(asked)).toBe('access.reason-required');
    expect(await outcomeOf({ ...asked, reason: ' … ' })).toBe('access.reason-required');
  });

  it.each([
    ['true', 'fine'],
    ['false', 'access.denied'],
    [undefined, 'access.denied'],
    ['', 'request.malformed'],
    ['TRUE', 'request.malformed'],
    ['1', 'request.malformed'],
  ])('is asked for by the header %j: %s', async (breakGlass, code) => {
    const actor = anActor('organizer');
    expect(await outcomeOf({ operation: 'grievances:read', actor, reason, breakGlass })).toBe(code);
  });

  it('widens the actor of this request alone', async () => {
    const actor = Object.freeze(anActor('organizer'));
    const { context, ask } = asking({ operation: 'grievances:read', actor, breakGlass: 'true', reason });
    await ask();
    expect(context.actor).toEqual({ ...actor, breaksGlass: true });
    expect(actor).not.toHaveProperty('breaksGlass');
  });

  it.each<[string, Asked, string]>([
    ['a route that is open to nobody', {}, 'access.denied'],
    ['a route that is open to everybody', { operation: 'auth:login' }, 'fine'],
    ['somebody without a token', { operation: 'grievances:read' }, 'auth.required'],
  ])('leaves %s to the other guard, whatever the header says', async (_what, asked, code) => {
    expect(await outcomeOf({ ...asked, breakGlass: 'nonsense' })).toBe(code);
  });
});

describe('a refusal by rights that a cache held', () => {
  /** The actor as the cache has it, and as the primary does. */
  async function outcome(cached: Actor, current: Actor) {
    const { context, ask } = asking({
      operation: 'grievances:read',
      actor: cached,
      breakGlass: 'true',
      reason: 'Accident',
    });
    context.account = { id: 7, version: '1', isConfirmed: false };
    let lookUps = 0;
    context.lookUpAgain = async () => {
      lookUps += 1;
      context.actor = current;
      context.account = { id: 7, version: '2', isConfirmed: true };
    };
    return { code: await codeOf(ask), lookUps, breaksGlass: context.actor?.breaksGlass };
  }

  it.each<[string, Actor, Actor, object]>([
    [
      'falls where the actor has the right by now',
      anActor('member'),
      anActor('organizer'),
      { code: 'fine', lookUps: 1, breaksGlass: true },
    ],
    ['stays where not', anActor('member'), anActor('member'), { code: 'access.break-glass-refused', lookUps: 1 }],
    [
      'is none where the cache is right',
      anActor('organizer'),
      anActor('organizer'),
      { code: 'fine', lookUps: 0, breaksGlass: true },
    ],
  ])('%s', async (_what, cached, current, expected) => {
    expect(await outcome(cached, current)).toEqual(expect.objectContaining(expected));
  });

  it('is decided again by every guard, in order', async () => {
    const actor = anActor('organizer');
    const { context, ask } = asking({ operation: 'grievances:read', actor, breakGlass: 'true', reason: 'Accident' });
    await ask();
    context.lookUpAgain = async () => void (context.actor = anActor('organizer', { userId: 8 }));
    await context.decideAgain();
    expect(context.actor).toMatchObject({ userId: 8, breaksGlass: true });
    context.lookUpAgain = async () => void (context.actor = anActor('member'));
    expect(await codeOf(() => context.decideAgain())).toBe('access.break-glass-refused');
  });
});
