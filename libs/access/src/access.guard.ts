import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DomainError } from '#kernel';
import { contextOf } from '#platform/http';
import { holds } from './access';
import { OPERATION } from './allow.decorator';
import { OPERATIONS, type Operation } from './permissions';

/** May they? What is not declared with @Allow is refused. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}

  canActivate(execution: ExecutionContext): boolean {
    const operation = this.reflector.get<Operation | undefined>(OPERATION, execution.getHandler());
    if (!operation) throw new DomainError('access.denied', 'This route is not open to anybody.');
    const permission = OPERATIONS[operation];
    if (permission === 'public') return true;
    const { actor } = contextOf(execution.switchToHttp().getRequest());
    if (!actor) throw new DomainError('auth.required', 'Send an access token as "Authorization: Bearer …".');
    if (actor.mustChangePassword && !operation.startsWith('auth:')) {
      throw new DomainError('auth.password-change-required', 'Change the password with POST /auth/change-password.');
    }
    if (!holds(actor, permission)) {
      throw new DomainError('access.denied', `Your roles do not permit ${operation}.`);
    }
    return true;
  }
}
