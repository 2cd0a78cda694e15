import { Injectable } from '@nestjs/common';
import { AuditWriter } from '#audit';
import { DomainError } from '#kernel';
import type { Actor, RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { actorSql, faultSql } from './account.sql';
import { isPassword } from './passwords';
import { StandInAccount } from './stand-in-account.entity';
import { User } from './user.entity';

/** Wrong passwords or codes in a row that lock an account, and for how many minutes. */
const maxFailures = 5;
const lockMinutes = 15;
/** The count starts again after a lock has ended. */
const failures = 'CASE WHEN locked_until <= now() THEN 1 ELSE failed_login_attempts + 1 END';
const lock = `CASE WHEN (${failures}) >= ${maxFailures} THEN now() + interval '${lockMinutes} minutes' END`;
/** As many as the migration made. */
const standIns = 64;

/** An account as log-in and recovery look at it. */
export interface Account extends Actor {
  userId: number;
  passwordHash: string;
  /** Why it does not work; null where it does. */
  fault: string | null;
  /** Whether the lock, if that is the fault, will end by itself. */
  isLockedByGuesses: boolean;
  mfaSecret: string | null;
  isEnrolled: boolean;
  mfaLastStep: number | null;
}

const accountSql = `SELECT ${actorSql}, u.password_hash AS "passwordHash", ${faultSql} AS fault,
    ${faultSql} = 'account locked' AND u.locked_until < '9999-01-01' AS "isLockedByGuesses", u.mfa_secret AS "mfaSecret",
    u.mfa_enabled_at IS NOT NULL AS "isEnrolled", u.mfa_last_step AS "mfaLastStep"
  FROM users u`;

/** Accounts as those see them who prove that one is theirs. */
@Injectable()
export class AccountsService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditWriter,
  ) {}

  async findByEmail(context: RequestContext, email: string): Promise<Account | undefined> {
    const [account] = await this.database.query<Account>(context, `${accountSql} WHERE u.email = $1`, [email]);
    return account;
  }

  async find(context: RequestContext, userId: number): Promise<Account | undefined> {
    const [account] = await this.database.query<Account>(context, `${accountSql} WHERE u.id = $1`, [userId]);
    return account;
  }

  /** The account as it stays until the transaction ends. */
  async lock(context: RequestContext, userId: number): Promise<Account | undefined> {
    const [account] = await this.database.query<Account>(context, `${accountSql} WHERE u.id = $1 FOR UPDATE OF u`, [
      userId,
    ]);
    return account;
  }

  /** Throws 401 for a wrong password of the account that asks, and counts it as at a log-in. */
  async provePassword(context: RequestContext, account: Account | undefined, password: string): Promise<void> {
    if (await isPassword(context, password, account?.passwordHash)) return;
    await this.recordFailure(context, account?.email ?? '', account, 'wrong password');
    throw new DomainError('auth.login-failed', 'The current password is wrong.');
  }

  /** From here on the transaction's entries name the account: its owner was proved to be the one who asks. */
  async actAs(context: RequestContext, account: Account): Promise<void> {
    const { userId, email, roles, memberId, mustChangePassword } = account;
    context.actor = { userId, email, roles, memberId, mustChangePassword };
    await this.database.attribute(context);
  }

  /**
   * Puts a failed proof on record. A wrong one (`wrong` says what was) counts, and locks at the limit; a lock that has
   * run out starts the count anew. What counts for no account is counted all the same, so that both take as long.
   */
  recordFailure(context: RequestContext, email: string, account: Account | undefined, wrong?: string): Promise<void> {
    return this.database.transaction(context, async () => {
      if (account && wrong !== undefined && !account.fault) {
        await this.database
          .manager(context)
          .createQueryBuilder()
          .update(User)
          .set({ failedLoginAttempts: () => failures, lockedUntil: () => lock })
          .where('id = :id AND (locked_until IS NULL OR locked_until <= now())', { id: account.userId })
          .execute();
      } else {
        await this.database
          .manager(context)
          .createQueryBuilder()
          .update(StandInAccount)
          .set({ failedLoginAttempts: () => `failed_login_attempts % ${maxFailures} + 1` })
          .where(`id = (hashtext(:email) & ${standIns - 1}) + 1`, { email })
          .execute();
      }
      await this.audit.record(context, {
        action: 'LOGIN_FAILED',
        tableName: 'users',
        recordId: account?.userId,
        outcome: 'failed',
        filters: { email },
        notes: account ? (account.fault ?? wrong ?? 'account locked') : 'no such account',
      });
    });
  }
}

export function actorId({ actor }: RequestContext): number {
  if (!actor?.userId) throw new DomainError('auth.required', 'Log in first.');
  return actor.userId;
}
