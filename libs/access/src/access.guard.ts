import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import { reasonRequired, type Actor, type RequestContext } from '#platform/context';
import { contextOf, isReading } from '#platform/http';
import { holds, scopeOf } from './access';
import { OPERATION } from './allow.decorator';
import { OPERATIONS, opensByBreakGlass, type Operation, type Permission } from './permissions';

/**
 * May they? What is not declared with @Allow is refused. Who is refused by rights that a cache held is looked up on the primary and
 * decided again.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly mustSayWhy: ReadonlySet<string>;

  constructor(
    private readonly reflector: Reflector,
    @Inject(CONFIG) config: Config,
  ) {
    this.mustSayWhy = new Set(config.ACCESS_REASON_REQUIRED);
  }

  canActivate(execution: ExecutionContext): true | Promise<true> {
    try {
      return this.decide(execution);
    } catch (refusal) {
      const { account, decideAgain } = contextOf(execution.switchToHttp().getRequest());
      if (!account || account.isConfirmed || !decideAgain) throw refusal;
      return decideAgain().then(() => true);
    }
  }

  /** Decides by the actor that the context has now. */
  decide(execution: ExecutionContext): true {
    const operation = this.reflector.get<Operation | undefined>(OPERATION, execution.getHandler());
    if (!operation) throw new DomainError('access.denied', 'This route is not open to anybody.');
    const permission = OPERATIONS[operation];
    if (permission === 'public') return true;
    const request = execution.switchToHttp().getRequest<Parameters<typeof contextOf>[0]>();
    const context = contextOf(request);
    const { actor } = context;
    if (!actor) throw new DomainError('auth.required', 'Send an access token as "Authorization: Bearer …".');
    if (actor.mustChangePassword && !operation.startsWith('auth:')) {
      throw new DomainError('auth.password-change-required', 'Change the password with POST /auth/change-password.');
    }
    if (asksToBreakGlass(context)) breakGlass(context, actor, operation);
    if (!holds(context.actor ?? actor, permission)) throw denied(actor, operation);
    context.mustSayWhy = this.needsReason(actor, permission);
    if (context.mustSayWhy && !context.reason && isReading(request)) throw reasonRequired();
    return true;
  }

  /** Whether one of the actor's roles has to say why it reads the records of others; one's own are nobody else's business. */
  private needsReason(actor: Actor, permission: Permission): boolean {
    if (this.mustSayWhy.size === 0 || !actor.roles.some((role) => this.mustSayWhy.has(role))) return false;
    if (permission === 'account:own') return false;
    const scope = scopeOf(actor, permission);
    // What belongs to records in reach is their own where no other record is in reach.
    return (scope === 'owner' ? scopeOf(actor, 'members:read') : scope) !== 'self';
  }
}

function asksToBreakGlass({ breakGlass }: RequestContext): boolean {
  if (breakGlass === undefined || breakGlass === 'false') return false;
  if (breakGlass === 'true') return true;
  throw new DomainError('request.malformed', 'X-Break-Glass is true or false.');
}

/** Widens what the actor may read for this one request; the actor as others know them stays as they are. */
function breakGlass(context: RequestContext, actor: Actor, operation: Operation): void {
  if (!holds(actor, 'break-glass:use')) {
    throw new DomainError('access.break-glass-refused', 'Your roles do not permit break-glass.');
  }
  if (!opensByBreakGlass(operation)) {
    throw new DomainError('access.break-glass-refused', 'Break-glass opens one record at a time, to be read.');
  }
  if (!context.reason) throw reasonRequired();
  context.actor = { ...actor, breaksGlass: true };
}

function denied(actor: Actor, operation: Operation): DomainError {
  const hint =
    opensByBreakGlass(operation) && holds(actor, 'break-glass:use')
      ? ' In an emergency, X-Break-Glass: true with a reason opens it, on review.'
      : '';
  return new DomainError('access.denied', `Your roles do not permit ${operation}.${hint}`);
}
