import { Readable } from 'node:stream';
import { Injectable, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { OPERATION, OPERATIONS, type Operation } from '#access';
import type { RequestContext } from '#platform/context';
import { bearerToken, contextOf } from '#platform/http';
import type { Authentication } from './jwt.strategy';
import { SessionsService, type KnownAccount } from './sessions.service';
import { invalidToken, TokensService, type Claims } from './tokens.service';

/**
 * Adds the actor to the context. A missing token is left to RolesGuard; a bad one is a 401.
 * JwtStrategy is asked for a token that it has not accepted yet. The account may come from a cache:
 * the statement that writes the entry, or makes the change, compares its version.
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard('jwt') {
  /** Claims that the strategy has accepted. They are forgotten with their token. */
  private readonly accepted = new WeakSet<Claims>();

  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokensService,
    private readonly sessions: SessionsService,
  ) {
    super();
  }

  override canActivate(execution: ExecutionContext): true | Promise<true> {
    const request = execution.switchToHttp().getRequest<Parameters<typeof contextOf>[0]>();
    const context = contextOf(request);
    const operation = this.reflector.get<Operation | undefined>(OPERATION, execution.getHandler());
    context.route = operation ?? 'undeclared';
    const token = bearerToken(execution);
    if (token === undefined || (operation && OPERATIONS[operation] === 'public')) return true;
    const claims = this.tokens.known(token);
    if (claims && this.accepted.has(claims)) return this.identify(execution, context, claims);
    return this.askStrategy(execution).then((answered) => this.identify(execution, context, answered));
  }

  override getAuthenticateOptions(): Authentication {
    return { session: false, tokens: this.tokens };
  }

  /** Returns the claims, which passport sets as `request.user`. Throws the strategy's error. */
  override handleRequest<User = Claims>(error: unknown, claims: User | false | null): User {
    if (error) throw error as Error;
    if (!claims) throw invalidToken();
    return claims;
  }

  private async askStrategy(execution: ExecutionContext): Promise<Claims> {
    await super.canActivate(execution);
    const { user } = execution.switchToHttp().getRequest<{ user: Claims }>();
    this.accepted.add(user);
    return user;
  }

  private identify(execution: ExecutionContext, context: RequestContext, claims: Claims): true | Promise<true> {
    context.sessionId = claims.sessionId;
    context.lookUpAgain = async () => void be(context, await this.sessions.lookUp(claims));
    // A stream can be read once, so its request cannot be attempted again.
    const isOnce = execution.switchToHttp().getRequest<{ body: unknown }>().body instanceof Readable;
    const known = isOnce ? this.sessions.lookUp(claims) : this.sessions.find(claims);
    if (!(known instanceof Promise)) return be(context, known);
    return known.then((found) => be(context, found));
  }
}

/** From here on the request is this account's. */
function be(context: RequestContext, { actor, ...account }: KnownAccount): true {
  context.actor = actor;
  context.account = account;
  return true;
}
