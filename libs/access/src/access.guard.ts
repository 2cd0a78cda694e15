import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import type { Actor } from '#platform/context';
import { contextOf, isReading } from '#platform/http';
import { holds, scopeOf } from './access';
import { OPERATION } from './allow.decorator';
import { OPERATIONS, type Operation, type Permission } from './permissions';

/** May they? What is not declared with @Allow is refused. */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly mustSayWhy: ReadonlySet<string>;

  constructor(
    private readonly reflector: Reflector,
    @Inject(CONFIG) config: Config,
  ) {
    this.mustSayWhy = new Set(config.ACCESS_REASON_REQUIRED);
  }

  canActivate(execution: ExecutionContext): boolean {
    const operation = this.reflector.get<Operation | undefined>(OPERATION, execution.getHandler());
    if (!operation) throw new DomainError('access.denied', 'This route is not open to anybody.');
    const permission = OPERATIONS[operation];
    if (permission === 'public') return true;
    const request = execution.switchToHttp().getRequest<Parameters<typeof contextOf>[0]>();
    const { actor, reason } = contextOf(request);
    if (!actor) throw new DomainError('auth.required', 'Send an access token as "Authorization: Bearer …".');
    if (actor.mustChangePassword && !operation.startsWith('auth:')) {
      throw new DomainError('auth.password-change-required', 'Change the password with POST /auth/change-password.');
    }
    if (!holds(actor, permission)) {
      throw new DomainError('access.denied', `Your roles do not permit ${operation}.`);
    }
    if (!reason && isReading(request) && this.needsReason(actor, permission)) {
      throw new DomainError('access.reason-required', 'Say why in the header X-Access-Reason.');
    }
    return true;
  }

  /** Whether one of the actor's roles has to say why it reads the records of others; one's own are nobody else's business. */
  private needsReason(actor: Actor, permission: Permission): boolean {
    if (this.mustSayWhy.size === 0 || !actor.roles.some((role) => this.mustSayWhy.has(role))) return false;
    return permission !== 'account:own' && scopeOf(actor, permission) !== 'self';
  }
}
