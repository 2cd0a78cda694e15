import { Inject, Injectable, type ExecutionContext, type Type } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
  type ThrottlerRequest,
  type ThrottlerStorage,
} from '@nestjs/throttler';
import { limitsOf, OPERATIONS, type Operation, type Tier } from '#access';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { bearerTokenOf, contextOf, isDocument, sayLimit, type LimitRequest } from '#platform/http';
import { networkOf, tooMany } from '#platform/throttling';
import { addressTried } from './limit-attempts';
import { SessionsService } from './sessions.service';
import { minute } from './throttlers';
import { TokensService, type Claims } from './tokens.service';

/** An address may ask for so many documents where it may send one other request. */
const documentsPerRequest = 10;

type Request = Parameters<LimitRequest>[0];
type Reply = Parameters<LimitRequest>[1];

/**
 * Rate limits by role. `limitRequest` counts every request before its body is read. Each user has
 * one bucket over all routes and processes; requests without a valid token share the bucket of
 * their IP address. As a guard it also counts against the limits that `@Throttle` puts at a route.
 */
@Injectable()
export class RoleThrottlerGuard extends ThrottlerGuard {
  private readonly limits: Record<Tier, number>;
  /** Whether `@Throttle` stands at a handler or its class. */
  private readonly throttled = new WeakMap<Type, Map<unknown, boolean>>();

  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() storage: ThrottlerStorage,
    reflector: Reflector,
    private readonly tokens: TokensService,
    private readonly sessions: SessionsService,
    @Inject(CONFIG) config: Config,
  ) {
    super(options, storage, reflector);
    this.limits = limitsOf(config);
  }

  /**
   * Throws 429 when the bucket is empty. User and tier come from the signed token, so nothing is
   * looked up. A token whose session has ended counts for its address, as soon as this process
   * knows. Otherwise a thief could use up the requests of its owner.
   */
  async limitRequest(request: Request, reply: Reply): ReturnType<LimitRequest> {
    const context = contextOf(request);
    if (isDocument(request)) return this.limitDocument(context, reply);
    const claims = await this.claimsOf(context, bearerTokenOf(request));
    const tier = claims?.tier ?? 'public';
    const key = claims ? userKey(claims.userId) : addressKey(context);
    try {
      await this.count(reply, key, minute, this.limits[tier], tier);
      return { key, isNetwork: !claims };
    } catch (error) {
      // For the entry of the refusal. It looks nobody up.
      if (claims) context.actor = this.sessions.remembered(claims) ?? nameless(claims);
      throw error;
    }
  }

  /** Who reads the documentation is not kept from logging in. */
  private async limitDocument(context: RequestContext, reply: Reply): ReturnType<LimitRequest> {
    const key = `documents ${addressKey(context)}`;
    await this.count(reply, key, minute, documentsPerRequest * this.limits.public, 'documents');
    return { key, isNetwork: true };
  }

  override async canActivate(execution: ExecutionContext): Promise<boolean> {
    return this.isThrottled(execution) ? super.canActivate(execution) : true;
  }

  protected override async handleRequest(asked: ThrottlerRequest): Promise<boolean> {
    const { context: execution, limit, ttl, blockDuration, throttler, getTracker, generateKey } = asked;
    if (limit === Infinity) return true;
    const { req, res } = this.getRequestResponse(execution);
    const name = throttler.name ?? 'default';
    const key = generateKey(execution, await getTracker(req, execution), name);
    await this.count(res as Reply, key, ttl, limit, name, { blockDuration, email: addressTried(execution) });
    return true;
  }

  /** The limit of a route counts for the user; without a token, for the IP address. */
  protected override async getTracker(request: Record<string, unknown>): Promise<string> {
    const context = contextOf(request as unknown as Request);
    const userId = context.actor?.userId;
    return userId ? userKey(userId) : addressKey(context);
  }

  protected override generateKey(execution: ExecutionContext, tracker: string, name: string): string {
    const { route } = contextOf(execution.switchToHttp().getRequest<Request>());
    return `${name} ${route} ${tracker}`;
  }

  private async count(
    reply: Reply,
    key: string,
    ttl: number,
    limit: number,
    name: string,
    { blockDuration = ttl, email }: { blockDuration?: number; email?: string } = {},
  ): Promise<void> {
    const record = await this.storageService.increment(key, ttl, limit, blockDuration, name);
    sayLimit(reply, limit, record);
    if (record.isBlocked) throw tooMany({ key, limit, ttl }, record.timeToBlockExpire, email);
  }

  /**
   * The claims of a valid token. Undefined where the address counts, as it does for all public
   * operations.
   */
  private async claimsOf({ route }: RequestContext, token: string | undefined): Promise<Claims | undefined> {
    if (!token || OPERATIONS[route as Operation] === 'public') return undefined;
    const claims = this.tokens.known(token) ?? (await this.tokens.verify(token).catch(() => undefined));
    return claims && this.sessions.isEnded(claims) ? undefined : claims;
  }

  private isThrottled(execution: ExecutionContext): boolean {
    const [type, handler] = [execution.getClass(), execution.getHandler()];
    let ofType = this.throttled.get(type);
    if (!ofType) this.throttled.set(type, (ofType = new Map<unknown, boolean>()));
    let known = ofType.get(handler);
    if (known === undefined) {
      const keys = [handler, type].flatMap((target) => Reflect.getMetadataKeys(target) as unknown[]);
      known = keys.some((key) => typeof key === 'string' && key.startsWith('THROTTLER:'));
      ofType.set(handler, known);
    }
    return known;
  }
}

const userKey = (userId: number) => `user:${userId}`;
const addressKey = ({ ipAddress }: RequestContext) => `address:${networkOf(ipAddress)}`;

/** Somebody of whom nothing but the token is known. */
function nameless({ userId }: Claims): RequestContext['actor'] {
  return { userId, email: '', roles: [], memberId: null, mustChangePassword: false };
}
