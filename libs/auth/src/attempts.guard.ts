import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { limitsOf, OPERATION, type Operation } from '#access';
import { CONFIG, type Config } from '#platform/config';
import { contextOf, sayLimit } from '#platform/http';
import { networkOf, RateLimiter, tooMany, type Bucket } from '#platform/throttling';
import { AccountAddress, Register, ResetPassword, VerifyEmail } from './account.dto';
import { Login, Refresh } from './auth.dto';
import { VerifyMfa } from './mfa.dto';
import { sha256 } from './random-tokens';

/**
 * The target of an attempt: an account's address, or a secret. The schema of the body brings it into
 * one form. A body that the schema refuses is no attempt.
 */
const attempts: Partial<Record<Operation, (body: unknown) => string | undefined>> = {
  'auth:login': (body) => Login.safeParse(body).data?.email,
  'auth:refresh': (body) => Refresh.safeParse(body).data?.refreshToken,
  'auth:register': (body) => Register.safeParse(body).data?.memberNumber,
  'auth:verify-email': (body) => VerifyEmail.safeParse(body).data?.token,
  'auth:resend-verification': (body) => AccountAddress.safeParse(body).data?.email,
  'auth:forgot-password': (body) => AccountAddress.safeParse(body).data?.email,
  'auth:reset-password': (body) => ResetPassword.safeParse(body).data?.token,
  'auth:mfa-verify': (body) => VerifyMfa.safeParse(body).data?.mfaToken,
};
/** Those whose attempts are at an account, so that the entry of a refusal may name it. */
const atAddress: readonly (Operation | undefined)[] = [
  'auth:login',
  'auth:resend-verification',
  'auth:forgot-password',
];

/** Shares of what an address may send at all: so many attempts of one kind from it, and at one account from anywhere. */
const shareOfAddress = 1 / 2;
const shareOfAccount = 1 / 4;

/**
 * Tighter limits for whatever somebody could guess at or have mailed, on top of the lock of an account: for each operation by address,
 * and by account wherever the attempts come from. An account is its address as it was typed, hashed, whether or not there is one,
 * so that the limit tells nothing.
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
    const http = execution.switchToHttp();
    const request = http.getRequest<Parameters<typeof contextOf>[0]>();
    const at = operation && attempts[operation]?.(request.body);
    if (at === undefined) return true;
    const email = atAddress.includes(operation) ? at : undefined;
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
