import { Inject, Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import { reasonRequired, type Actor } from '#platform/context';
import { contextOf, isReading } from '#platform/http';
import { holds, scopeOf } from './access';
import { OPERATION } from './allow.decorator';
import { DecidingGuard } from './deciding.guard';
import { OPERATIONS, opensByBreakGlass, type Operation, type Permission } from './permissions';

/** May they? What is not declared with @Allow is refused. */
@Injectable()
export class RolesGuard extends DecidingGuard {
  private readonly mustSayWhy: ReadonlySet<string>;
  private readonly needsSecondFactor: boolean;

  constructor(
    private readonly reflector: Reflector,
    @Inject(CONFIG) config: Config,
  ) {
    super();
    this.mustSayWhy = new Set(config.ACCESS_REASON_REQUIRED);
    this.needsSecondFactor = config.ADMIN_MFA_REQUIRED;
  }

  override decide(execution: ExecutionContext): void {
    const operation = this.reflector.get<Operation | undefined>(OPERATION, execution.getHandler());
    if (!operation) throw new DomainError('access.denied', 'This route is not open to anybody.');
    const permission = OPERATIONS[operation];
    if (permission === 'public') return;
    const request = execution.switchToHttp().getRequest<Parameters<typeof contextOf>[0]>();
    const context = contextOf(request);
    const { actor } = context;
    if (!actor) throw new DomainError('auth.required', 'Send an access token as "Authorization: Bearer …".');
    if (actor.mustChangePassword && !operation.startsWith('auth:')) {
      throw new DomainError('auth.password-change-required', 'Change the password with POST /auth/change-password.');
    }
    if (this.mustEnrol(actor) && !operation.startsWith('auth:')) {
      throw new DomainError(
        'auth.mfa-required',
        'Set a second factor up with POST /auth/mfa/enroll and /auth/mfa/confirm.',
      );
    }
    if (!holds(actor, permission)) throw denied(actor, operation);
    context.mustSayWhy = this.needsReason(actor, permission);
    if (context.mustSayWhy && !context.reason && isReading(request)) throw reasonRequired();
  }

  /** Whether the actor sees so much that a second factor is needed, and has none yet. */
  private mustEnrol(actor: Actor): boolean {
    return this.needsSecondFactor && !actor.hasSecondFactor && holds(actor, 'account:keep-second-factor');
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

function denied(actor: Actor, operation: Operation): DomainError {
  const hint =
    opensByBreakGlass(operation) && holds(actor, 'break-glass:use')
      ? ' In an emergency, X-Break-Glass: true with a reason opens it, on review.'
      : '';
  return new DomainError('access.denied', `Your roles do not permit ${operation}.${hint}`);
}
