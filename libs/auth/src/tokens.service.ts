import { createHash, createPublicKey, randomBytes, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { exportJWK, jwtVerify, SignJWT, type JWK } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { asTier, type AccountTier } from '#access';
import { Clock, DomainError } from '#kernel';
import { CONFIG, readSigningKey, type Config } from '#platform/config';

/** Seconds an access token is good for. */
export const accessTokenSeconds = 900;
/** Tokens whose signature was checked already; a signature costs more than all the rest of a read. */
const maxVerified = 20_000;
const issuer = 'ip2a';

/** What an access token says: whose it is and of which session (the family of its refresh tokens). */
export interface Claims {
  userId: number;
  sessionId: string;
  /** As it was when the token was made: how often its user may ask, before anything is looked up. */
  tier: AccountTier;
  /** Seconds since the epoch. */
  expiresAt: number;
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

/** Signs and checks access tokens: EdDSA or ES256, as the key in JWT_PRIVATE_KEY_FILE is. */
@Injectable()
export class TokensService {
  private readonly privateKey: KeyObject;
  private readonly publicKey: KeyObject;
  private readonly algorithm: 'EdDSA' | 'ES256';
  private readonly keyId: string;
  private readonly verified = new LRUCache<string, Claims>({ max: maxVerified });

  constructor(
    private readonly clock: Clock,
    @Inject(CONFIG) config: Config,
  ) {
    this.privateKey = readSigningKey('JWT_PRIVATE_KEY_FILE', config.JWT_PRIVATE_KEY_FILE ?? '');
    this.publicKey = createPublicKey(this.privateKey);
    this.algorithm = this.privateKey.asymmetricKeyType === 'ed25519' ? 'EdDSA' : 'ES256';
    const der = this.publicKey.export({ type: 'spki', format: 'der' });
    this.keyId = createHash('sha256').update(der).digest('base64url').slice(0, 16);
  }

  async sign(userId: number, sessionId: string, tier: AccountTier): Promise<string> {
    const now = Math.floor(this.clock.now().getTime() / 1000);
    return new SignJWT({ sid: sessionId, tier })
      .setProtectedHeader({ alg: this.algorithm, kid: this.keyId, typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject(String(userId))
      .setIssuedAt(now)
      .setExpirationTime(now + accessTokenSeconds)
      .setJti(randomBytes(9).toString('base64url'))
      .sign(this.privateKey);
  }

  /** The claims of a token that was found good before and has not expired since. */
  known(token: string): Claims | undefined {
    const claims = this.verified.get(token);
    return claims && claims.expiresAt * 1000 > this.clock.now().getTime() ? claims : undefined;
  }

  /** The claims of a good token; 401 for any other. */
  async verify(token: string): Promise<Claims> {
    const now = this.clock.now();
    try {
      const { payload } = await jwtVerify(token, this.publicKey, {
        algorithms: [this.algorithm],
        issuer,
        audience: issuer,
        typ: 'at+jwt',
        requiredClaims: ['sub', 'sid', 'exp'],
        currentDate: now,
      });
      const claims = claimsOf.parse(payload);
      this.verified.set(token, claims);
      return claims;
    } catch (error) {
      throw invalidToken(error);
    }
  }

  /** The public key, as a JSON Web Key Set (RFC 7517). */
  async keySet(): Promise<{ keys: JWK[] }> {
    const jwk = await exportJWK(this.publicKey);
    return { keys: [{ ...jwk, kid: this.keyId, alg: this.algorithm, use: 'sig' }] };
  }
}

export function invalidToken(cause?: unknown): DomainError {
  return new DomainError('auth.token-invalid', 'The access token is not valid or has expired; refresh it or log in.', {
    cause,
  });
}
