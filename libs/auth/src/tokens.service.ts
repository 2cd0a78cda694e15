import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { asTier, type AccountTier } from '#access';
import { Clock, DomainError } from '#kernel';
import { isAccessToken } from './jwt-keys';

/** Seconds an access token is good for. */
export const accessTokenSeconds = 900;
/** Tokens whose signature was checked already; a signature costs more than all the rest of a read. */
const maxVerified = 20_000;

/** What an access token says: whose it is and of which session (the family of its refresh tokens). */
export interface Claims {
  userId: number;
  sessionId: string;
  /** As it was when the token was made: how often its user may ask, before anything is looked up. */
  tier: AccountTier;
  /** Seconds since the epoch. */
  expiresAt: number;
}

/** A token that was taken apart. */
interface Jwt {
  header: { typ?: unknown; crit?: unknown };
  payload: unknown;
}

/** What of a token becomes a value in a statement: nothing that its column could not hold. */
const claimsOf = z
  .object({
    sub: z
      .string()
      .regex(/^[1-9]\d{0,9}$/)
      .transform(Number)
      .refine((id) => id <= 2_147_483_647),
    sid: z.guid(),
    exp: z.number(),
    tier: z.unknown().transform(asTier),
  })
  .transform(({ sub, sid, exp, tier }): Claims => ({ userId: sub, sessionId: sid, expiresAt: exp, tier }));

/** Signs and checks access tokens by JwtService. A good token is remembered until it expires. */
@Injectable()
export class TokensService {
  private readonly verified = new LRUCache<string, Claims>({ max: maxVerified });

  constructor(
    private readonly jwt: JwtService,
    private readonly clock: Clock,
  ) {}

  sign(userId: number, sessionId: string, tier: AccountTier): Promise<string> {
    const iat = this.seconds();
    const jti = randomBytes(9).toString('base64url');
    const claims = { sub: String(userId), sid: sessionId, tier, iat, exp: iat + accessTokenSeconds, jti };
    return this.jwt.signAsync(claims);
  }

  /** The claims of a token that was found good before and has not expired since. */
  known(token: string): Claims | undefined {
    const claims = this.verified.get(token);
    return claims && claims.expiresAt * 1000 > this.clock.now().getTime() ? claims : undefined;
  }

  /** The claims of a good token; 401 for any other. */
  async verify(token: string): Promise<Claims> {
    const known = this.known(token);
    if (known) return known;
    try {
      const { header, payload } = await this.jwt.verifyAsync<Jwt>(token, {
        complete: true,
        clockTimestamp: this.seconds(),
      });
      if (!isAccessToken(header)) throw new Error('It is no access token.');
      const claims = claimsOf.parse(payload);
      this.verified.set(token, claims);
      return claims;
    } catch (error) {
      throw invalidToken(error);
    }
  }

  /** Now, in whole seconds since the epoch. */
  private seconds(): number {
    return Math.floor(this.clock.now().getTime() / 1000);
  }
}

export function invalidToken(cause?: unknown): DomainError {
  return new DomainError('auth.token-invalid', 'The access token is not valid or has expired; refresh it or log in.', {
    cause,
  });
}
