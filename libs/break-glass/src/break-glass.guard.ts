import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { DecidingGuard, holds, OPERATION, OPERATIONS, opensByBreakGlass, type Operation } from '#access';
import { DomainError } from '#kernel';
import { reasonRequired, type Actor, type RequestContext } from '#platform/context';
import { contextOf } from '#platform/http';

/**
 * Opens one record in an emergency. `X-Break-Glass` widens the actor's rights for this one request,
 * before RolesGuard decides.
 */
@Injectable()
export class BreakGlassGuard extends DecidingGuard {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override decide(execution: ExecutionContext): void {
    const context = contextOf(execution.switchToHttp().getRequest());
    const operation = this.reflector.get<Operation | undefined>(OPERATION, execution.getHandler());
    const { actor } = context;
    // RolesGuard decides about undeclared and public routes, and about actors who may do nothing
    // yet.
    if (!operation || OPERATIONS[operation] === 'public' || !actor || actor.mustChangePassword) return;
    if (asksToBreakGlass(context)) breakGlass(context, actor, operation);
  }
}

function asksToBreakGlass({ breakGlass }: RequestContext): boolean {
  if (breakGlass === undefined || breakGlass === 'false') return false;
  if (breakGlass === 'true') return true;
  throw new DomainError('request.malformed', 'X-Break-Glass is true or false.');
}

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
