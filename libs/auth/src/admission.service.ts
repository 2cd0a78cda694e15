import { Inject, Injectable } from '@nestjs/common';
import { limitsOf, OPERATIONS, type Operation, type Tier } from '#access';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { networkOf, RateLimiter, type Bucket, type Verdict } from '#platform/throttling';
import { SessionsService } from './sessions.service';
import { TokensService, type Claims } from './tokens.service';

/**
 * How often? One bucket for each user over all routes and processes, and one for each address of those who bring no good token.
 * Asked before anything is looked up, so it takes the user and the tier from the signed token. A token whose session has ended counts
 * for its address once a process has found that out, or a thief could use up the owner's requests with it.
 */
@Injectable()
export class AdmissionService {
  private readonly limits: Record<Tier, number>;

  constructor(
    private readonly tokens: TokensService,
    private readonly sessions: SessionsService,
    private readonly limiter: RateLimiter,
    @Inject(CONFIG) config: Config,
  ) {
    this.limits = limitsOf(config);
  }

  admit(context: RequestContext, token: string | undefined): Verdict | Promise<Verdict> {
    // What is open to everybody looks at no token.
    if (!token || OPERATIONS[context.route as Operation] === 'public') return this.admitAddress(context);
    const claims = this.tokens.known(token);
    if (claims) return this.admitUser(context, claims);
    return this.tokens.verify(token).then(
      (verified) => this.admitUser(context, verified),
      () => this.admitAddress(context),
    );
  }

  private admitAddress({ ipAddress }: RequestContext): Verdict | Promise<Verdict> {
    return this.limiter.take(this.bucket('address', networkOf(ipAddress), 'public'));
  }

  private admitUser(context: RequestContext, claims: Claims): Verdict | Promise<Verdict> {
    if (this.sessions.isEnded(claims)) return this.admitAddress(context);
    const verdict = this.limiter.take(this.bucket('user', claims.userId, claims.tier));
    return verdict instanceof Promise
      ? verdict.then((answer) => this.name(context, claims, answer))
      : this.name(context, claims, verdict);
  }

  /** Who was refused, for the entry; nobody is looked up for it. */
  private name(context: RequestContext, claims: Claims, verdict: Verdict): Verdict {
    if (!verdict.passes) {
      const { userId } = claims;
      context.actor = this.sessions.remembered(claims) ?? {
        userId,
        email: '',
        roles: [],
        memberId: null,
        mustChangePassword: false,
      };
    }
    return verdict;
  }

  private bucket(kind: string, id: string | number, tier: Tier): Bucket {
    return { kind, id, tier, perMinute: this.limits[tier] };
  }
}
