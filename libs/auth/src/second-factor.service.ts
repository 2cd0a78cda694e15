import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Secret, TOTP } from 'otpauth';
import { IsNull } from 'typeorm';
import { holds } from '#access';
import { Clock, DomainError } from '#kernel';
import type { Actor, RequestContext } from '#platform/context';
import { Database, now } from '#platform/database';
import { SecretBox } from '#platform/secrets';
import { AccountsService, actorId, type Account } from './accounts.service';
import { MfaRecoveryCode } from './mfa-recovery-code.entity';
import type { ConfirmMfa, DisableMfa, EnrollMfa } from './mfa.dto';
import { sha256, withoutSeparators } from './random-tokens';
import { User } from './user.entity';

/** What authenticator apps all know: SHA-1, six digits, 30 seconds (RFC 6238). */
const stepSeconds = 30;
const digits = 6;
/** Steps before and after the current one whose codes are taken, for clocks that are not quite right. */
const tolerance = 1;
const secretBytes = 20;
const recoveryCodes = 10;
const recoveryCodeBytes = 10;

/** An account without a second factor. */
export const noSecondFactor = { mfaSecret: null, mfaEnabledAt: null, mfaLastStep: null };

/** What was found right: the time step of a code, or a recovery code. */
type Match = { step: number } | { recoveryCodeId: number };

/** The second factor of an account: codes by time (TOTP), and recovery codes for when the device is lost. */
@Injectable()
export class SecondFactorService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly box: SecretBox,
    private readonly clock: Clock,
  ) {}

  /** A new secret, which counts once a code made of it was confirmed. */
  async enroll(
    context: RequestContext,
    { currentPassword }: EnrollMfa,
  ): Promise<{ secret: string; otpauthUrl: string }> {
    const account = await this.own(context);
    await this.accounts.provePassword(context, account, currentPassword);
    const secret = new Secret({ buffer: new Uint8Array(randomBytes(secretBytes)).buffer });
    const mfaSecret = this.box.seal(secret.base32, String(account.userId));
    const { affected } = await this.database
      .manager(context)
      .update(User, { id: account.userId, mfaEnabledAt: IsNull() }, { mfaSecret, mfaLastStep: null });
    if (affected === 0) throw alreadyEnrolled(context);
    return { secret: secret.base32, otpauthUrl: totp(secret, account.email).toString() };
  }

  /** Puts the secret into force, and hands out the recovery codes this once. */
  async confirm(context: RequestContext, { code }: ConfirmMfa): Promise<{ recoveryCodes: string[] }> {
    const userId = actorId(context);
    const confirmed = await this.database.transaction(context, async () => {
      const account = await this.accounts.lock(context, userId);
      if (account?.isEnrolled) throw alreadyEnrolled(context);
      if (!account?.mfaSecret) throw notEnrolled(context);
      const match = this.matchCode(account, code);
      if (!match) return { account };
      await this.database.manager(context).update(User, { id: userId }, { mfaEnabledAt: now, mfaLastStep: match.step });
      return { codes: await this.makeRecoveryCodes(context, userId) };
    });
    if (confirmed.codes) return { recoveryCodes: confirmed.codes };
    return this.refuseCode(context, confirmed.account);
  }

  /** Gives the second factor up; not for those who may see so much that they have to keep it. */
  async disable(context: RequestContext, { password, code }: DisableMfa): Promise<void> {
    if (holds(context.actor as Actor, 'account:keep-second-factor')) {
      throw new DomainError('access.denied', 'Your roles keep a second factor once it is set up.');
    }
    const account = await this.own(context);
    if (!account.isEnrolled) throw notEnrolled(context);
    await this.accounts.provePassword(context, account, password);
    const wrong = await this.database.transaction(context, async () => {
      const locked = await this.accounts.lock(context, account.userId);
      if (!locked?.isEnrolled) throw notEnrolled(context);
      if (!this.matchCode(locked, code)) return locked;
      await this.database.manager(context).update(User, { id: account.userId }, noSecondFactor);
      await this.dropRecoveryCodes(context, account.userId);
      return undefined;
    });
    if (wrong) await this.refuseCode(context, wrong);
  }

  /** Whether the proof is right for the account, which the transaction has locked. Uses nothing up yet. */
  async match(
    context: RequestContext,
    account: Account,
    { code, recoveryCode }: { code?: string; recoveryCode?: string },
  ): Promise<Match | undefined> {
    if (!account.isEnrolled) return undefined;
    if (code !== undefined) return this.matchCode(account, code);
    const [row] = await this.database.query<{ recoveryCodeId: number }>(
      context,
      `SELECT id AS "recoveryCodeId" FROM mfa_recovery_codes WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL`,
      [account.userId, hashOf(recoveryCode ?? '')],
    );
    return row;
  }

  /** Uses up what was found right, so that it is right only once. */
  async use(context: RequestContext, { userId }: Account, match: Match): Promise<void> {
    const manager = this.database.manager(context);
    if ('step' in match) await manager.update(User, { id: userId }, { mfaLastStep: match.step });
    else await manager.update(MfaRecoveryCode, { id: match.recoveryCodeId }, { usedAt: now });
  }

  async dropRecoveryCodes(context: RequestContext, userId: number): Promise<void> {
    await this.database.manager(context).delete(MfaRecoveryCode, { userId });
  }

  /** No code is right while codes wait. A recovery code is: it has 80 random bits. */
  private matchCode(account: Account, code: string): { step: number } | undefined {
    if (account.codesWait) return undefined;
    const secret = Secret.fromBase32(this.box.open(account.mfaSecret ?? '', String(account.userId)));
    const timestamp = this.clock.now().getTime();
    const delta = totp(secret, account.email).validate({ token: code, timestamp, window: tolerance });
    if (delta === null) return undefined;
    const step = Math.floor(timestamp / 1000 / stepSeconds) + delta;
    return step > (account.mfaLastStep ?? 0) ? { step } : undefined;
  }

  private async makeRecoveryCodes(context: RequestContext, userId: number): Promise<string[]> {
    const codes = Array.from({ length: recoveryCodes }, newRecoveryCode);
    await this.dropRecoveryCodes(context, userId);
    const rows = codes.map((code) => ({ userId, codeHash: hashOf(code) }));
    await this.database.manager(context).insert(MfaRecoveryCode, rows);
    return codes;
  }

  private async own(context: RequestContext): Promise<Account> {
    const account = await this.accounts.find(context, actorId(context));
    if (!account) throw new DomainError('auth.required', 'Log in first.');
    return account;
  }

  private async refuseCode(context: RequestContext, account: Account): Promise<never> {
    await this.accounts.recordFailure(context, account.email, account, 'wrong code');
    throw new DomainError(
      'auth.login-failed',
      'The code is wrong, or was used before. After too many wrong ones wait 15 minutes.',
    );
  }
}

function totp(secret: Secret, label: string): TOTP {
  return new TOTP({ issuer: 'IP2A', label, secret, algorithm: 'SHA1', digits, period: stepSeconds });
}

/** Like `ABCD-EFGH-JKLM-NPQR`: 80 random bits in base32. */
function newRecoveryCode(): string {
  const { base32 } = new Secret({ buffer: new Uint8Array(randomBytes(recoveryCodeBytes)).buffer });
  return base32.match(/.{4}/g)?.join('-') ?? '';
}

/** Case, blanks and dashes do not count, because people copy the codes from paper. */
function hashOf(recoveryCode: string): string {
  return sha256(withoutSeparators(recoveryCode).toUpperCase());
}

function alreadyEnrolled(context: RequestContext): DomainError {
  considerOwn(context);
  return new DomainError('auth.mfa-enrolled', 'Disable the one there is first, or ask an administrator to.');
}

function notEnrolled(context: RequestContext): DomainError {
  considerOwn(context);
  return new DomainError('auth.mfa-not-enrolled', 'Begin with POST /auth/mfa/enroll.');
}

function considerOwn(context: RequestContext): void {
  context.consider({ tableName: 'users', ids: [actorId(context)] });
}
