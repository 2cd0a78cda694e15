import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { limitsOf, OPERATION, type Operation } from '#access';
import { CONFIG, type Config } from '#platform/config';
import { contextOf, sayLimit } from '#platform/http';
import { networkOf, RateLimiter, tooMany, type Bucket } from '#platform/throttling';
import { sha256 } from './random-tokens';

/** What an attempt is made at, by the name of its field in the body: an account by its address, or what one secret opens. */
const attemptedAt: Partial<Record<Operation, string>> = {
  'auth:login': 'email',
  'auth:refresh': 'refreshToken',
  'auth:register': 'memberNumber',
  'auth:verify-email': 'token',
  'auth:resend-verification': 'email',
  'auth:forgot-password': 'email',
  'auth:reset-password': 'token',
  'auth:mfa-verify': 'mfaToken',
};

/** Shares of what an address may send at all: so many attempts of one kind from it, and at one account from anywhere. */
const shareOfAddress = 1 / 2;
const shareOfAccount = 1 / 4;

/**
 * Tighter limits for whatever somebody could guess at or have mailed, on top of the lock of an account: for each operation by address,
 * and by account wherever the attempts come from. An account is its address as it was typed, hashed, whether or not there is one,
 * so that the limit tells nothing. Stands behind validation, which brings addresses into one form.
 */
@Injectable()
export class AttemptsGuard implements CanActivate {
  private readonly perAddress: number;
  private readonly perAccount: number;

  constructor(
    private readonly reflector: Reflector,
    private readonly limiter: RateLimiter,
    @Inject(CONFIG) config: Config,
  ) {
    const { public: perMinute } = limitsOf(config);
    this.perAddress = Math.ceil(perMinute * shareOfAddress);
    this.perAccount = Math.ceil(perMinute * shareOfAccount);
  }

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const operation = this.reflector.get<Operation | undefined>(OPERATION, execution.getHandler());
    const field = operation && attemptedAt[operation];
    if (!field) return true;
    const http = execution.switchToHttp();
    const request = http.getRequest<Parameters<typeof contextOf>[0]>();
    const at = String((request.body as Record<string, unknown>)[field]);
    const email = field === 'email' ? at : undefined;
    const buckets: Bucket[] = [
      {
        kind: `${operation} address`,
        id: networkOf(contextOf(request).ipAddress),
        tier: 'attempts',
        perMinute: this.perAddress,
      },
      { kind: `${operation} account`, id: sha256(at), tier: 'attempts', perMinute: this.perAccount },
    ];
    for (const bucket of buckets) {
      const verdict = await this.limiter.take(bucket);
      sayLimit(http.getResponse(), verdict);
      if (!verdict.passes) throw tooMany(verdict, email);
    }
    return true;
  }
}
