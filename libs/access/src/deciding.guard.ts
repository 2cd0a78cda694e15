import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { contextOf } from '#platform/http';

/**
 * A guard that decides by the rights of the actor. Rights from the cache may be stale: before they
 * refuse somebody, the account is looked up on the primary, and all such guards that have run
 * decide again.
 */
export abstract class DecidingGuard implements CanActivate {
  canActivate(execution: ExecutionContext): true | Promise<true> {
    const context = contextOf(execution.switchToHttp().getRequest());
    context.decisions.push(() => this.decide(execution));
    try {
      this.decide(execution);
      return true;
    } catch (refusal) {
      const { account } = context;
      if (!account || account.isConfirmed) throw refusal;
      return context.decideAgain().then(() => true);
    }
  }

  /** Decides by the actor that the context has now. Throws the 401, 403 or 428 of a refusal. */
  abstract decide(execution: ExecutionContext): void;
}
