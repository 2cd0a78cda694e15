import { Inject, Injectable } from '@nestjs/common';
import { AuditWriter } from '#audit';
import { DomainError } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import type { Actor, RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { networkOf } from '#platform/throttling';
import { actorSql, faultSql } from './account.sql';
import { countGuess, maxPasswords, waitsSql, type Guessed } from './login-guesses';
import { hashNewPassword, isPassword, type Chosen } from './passwords';
import { StandInAccount } from './stand-in-account.entity';
import { User } from './user.entity';

/** Wrong passwords since the last log-in are counted up to this. */
const maxCounted = 1000;
/** As many as the migration made. */
const standIns = 64;

/** An account as log-in and recovery look at it. */
export interface Account extends Actor {
  userId: number;
  passwordHash: string;
  firstName: string;
  lastName: string;
  /** Why it does not work; null where it does. */
  fault: string | null;
  /** Whether passwords, or codes, are not taken from this network now: too many were wrong. */
  passwordsWait: boolean;
  codesWait: boolean;
  /** Whether so many passwords were wrong, wherever from, that the right one alone opens nothing. */
  isGuessedAt: boolean;
  mfaSecret: string | null;
  isEnrolled: boolean;
  mfaLastStep: number | null;
}

const accountSql = `SELECT ${actorSql}, u.password_hash AS "passwordHash", u.first_name AS "firstName", u.last_name AS "lastName", ${faultSql} AS fault,
    ${waitsSql('password', '$2')} AS "passwordsWait", ${waitsSql('code', '$2')} AS "codesWait",
    u.failed_login_attempts >= ${maxPasswords} AS "isGuessedAt", u.mfa_secret AS "mfaSecret",
    u.mfa_enabled_at IS NOT NULL AS "isEnrolled", u.mfa_last_step AS "mfaLastStep"
  FROM users u`;

/** Accounts as those see them who prove that one is theirs. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditWriter,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  findByEmail(context: RequestContext, email: string): Promise<Account | undefined> {
    return this.findOne(context, 'u.email', email);
  }

  find(context: RequestContext, userId: number): Promise<Account | undefined> {
    return this.findOne(context, 'u.id', userId);
  }

  /** The account as it stays until the transaction ends. It is read once it is locked, with the guesses until then. */
  async lock(context: RequestContext, userId: number): Promise<Account | undefined> {
    await this.database.query(context, 'SELECT id FROM users WHERE id = $1 FOR UPDATE', [userId]);
    return this.find(context, userId);
  }

  /**
   * Throws 401 for a wrong password of the account that asks, and counts it as at a log-in. A right one is not taken while
   * guesses wait; those that were made while it was compared count, too.
   */
  async provePassword(context: RequestContext, account: Account | undefined, password: string): Promise<void> {
    const isRight = await isPassword(context, password, account?.passwordHash);
    const now = account && (await this.find(context, account.userId));
    if (isRight && now && !now.passwordsWait && !now.isGuessedAt) return;
    await this.recordFailure(context, account?.email ?? '', now, isRight ? undefined : 'wrong password');
    throw new DomainError(
      'auth.login-failed',
      'The current password is wrong, or too many wrong ones were sent: wait 15 minutes, or log in again.',
    );
  }

  /** The hash of a password that somebody chose; 422 for one that is easy to guess. */
  hashNewPassword(context: RequestContext, password: string, chosen: Chosen): Promise<string> {
    return hashNewPassword(context, password, chosen, this.config);
  }

  /** From here on the transaction's entries name the account: its owner was proved to be the one who asks. */
  async actAs(context: RequestContext, account: Account): Promise<void> {
    const { userId, email, roles, memberId, mustChangePassword } = account;
    context.actor = { userId, email, roles, memberId, mustChangePassword };
    await this.database.attribute(context);
  }

  /**
   * Puts a failed proof on record. A wrong one (`wrong` says what was) counts, unless guesses wait already. What counts for
   * no account is counted all the same, so that both take as long.
   */
  recordFailure(
    context: RequestContext,
    email: string,
    account: Account | undefined,
    wrong?: 'wrong password' | 'wrong code',
  ): Promise<void> {
    const kind = wrong === 'wrong code' ? 'code' : 'password';
    const fault = account && (account.fault ?? (waits(account, kind) ? 'too many guesses' : undefined));
    const counts = wrong !== undefined && fault === undefined;
    return this.database.transaction(context, async () => {
      if (account && counts) {
        await this.database
          .manager(context)
          .createQueryBuilder()
          .update(User)
          .set({ failedLoginAttempts: () => `least(failed_login_attempts + 1, ${maxCounted})` })
          .where('id = :id', { id: account.userId })
          .execute();
      } else {
        await this.database
          .manager(context)
          .createQueryBuilder()
          .update(StandInAccount)
          .set({ failedLoginAttempts: () => `failed_login_attempts % ${maxCounted} + 1` })
          .where(`id = (hashtext(:email) & ${standIns - 1}) + 1`, { email })
          .execute();
      }
      await countGuess(this.database, context, kind, { accountId: counts ? account?.userId : undefined, email });
      await this.audit.record(context, {
        action: 'LOGIN_FAILED',
        tableName: 'users',
        recordId: account?.userId,
        outcome: 'failed',
        filters: { email },
        notes: account ? (fault ?? wrong ?? 'account changed meanwhile') : 'no such account',
      });
    });
  }

  private async findOne(
    context: RequestContext,
    column: 'u.id' | 'u.email',
    value: number | string,
  ): Promise<Account | undefined> {
    const [account] = await this.database.query<Account>(context, `${accountSql} WHERE ${column} = $1`, [
      value,
      networkOf(context.ipAddress),
    ]);
    return account;
  }
}

/** Whether the right password opens anything from here. A second factor stands in for it where it was guessed at too often. */
export function takesPassword({ fault, passwordsWait, isGuessedAt, isEnrolled }: Account): boolean {
  return fault === null && !passwordsWait && (isEnrolled || !isGuessedAt);
}

function waits(account: Account, kind: Guessed): boolean {
  return kind === 'code' ? account.codesWait : account.passwordsWait || account.isGuessedAt;
}

export function actorId({ actor }: RequestContext): number {
  if (!actor?.userId) throw new DomainError('auth.required', 'Log in first.');
  return actor.userId;
}
