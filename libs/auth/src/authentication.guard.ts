import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { OPERATION, OPERATIONS, type Operation } from '#access';
import type { RequestContext } from '#platform/context';
import { bearerToken, contextOf } from '#platform/http';
import { SessionsService } from './sessions.service';
import { TokensService } from './tokens.service';

/** Who are they? Adds the actor to the context; a missing token is left to the access guard, a bad one is a 401. */
@Injectable()
export class AuthenticationGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokensService,
    private readonly sessions: SessionsService,
  ) {}

  canActivate(execution: ExecutionContext): boolean | Promise<boolean> {
    const context = contextOf(execution.switchToHttp().getRequest());
    const operation = this.reflector.get<Operation | undefined>(OPERATION, execution.getHandler());
    context.route = operation ?? 'undeclared';
    const token = bearerToken(execution);
    if (token === undefined || (operation && OPERATIONS[operation] === 'public')) return true;
    return this.identify(context, token);
  }

  private async identify(context: RequestContext, token: string): Promise<boolean> {
    const claims = this.tokens.known(token) ?? (await this.tokens.verify(token));
    context.sessionId = claims.sessionId;
    context.actor = await this.sessions.actorOf(context, claims);
    return true;
  }
}
