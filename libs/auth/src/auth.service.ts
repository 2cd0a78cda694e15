import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { AuditWriter } from '#audit';
import { DomainError } from '#kernel';
import type { Actor, RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { actorSql, faultSql } from './account.sql';
import type { ActorView, ChangePassword, Login } from './auth.dto';
import { hashPassword, isPassword } from './passwords';
import { SessionsService, type Session } from './sessions.service';

/** Wrong passwords in a row that lock an account, and for how many minutes. */
const maxFailures = 5;
const lockMinutes = 15;

interface Account extends Actor {
  userId: number;
  passwordHash: string;
  fault: string | null;
}

const accountSql = `SELECT ${actorSql}, u.password_hash AS "passwordHash", ${faultSql} AS fault FROM users u`;

/** Who you are: log-in with a password, and what follows from it. */
@Injectable()
export class AuthService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsService,
    private readonly audit: AuditWriter,
  ) {}

  /** A session for the right password of an account that works. Every other case looks the same from outside. */
  async login(context: RequestContext, { email, password }: Login): Promise<Session> {
    const [account] = await this.database.query<Account>(context, `${accountSql} WHERE u.email = $1`, [email]);
    const isRight = await isPassword(password, account?.passwordHash);
    const session = account && isRight && !account.fault ? await this.begin(context, account.userId) : undefined;
    if (session) return session;
    await this.recordFailure(context, email, account, isRight);
    throw new DomainError(
      'auth.login-failed',
      'The e-mail address or the password is wrong, or the account is locked or not verified.',
    );
  }

  /** A new password; every session ends, this one too. */
  async changePassword(context: RequestContext, { currentPassword, newPassword }: ChangePassword): Promise<void> {
    const userId = actorId(context);
    const [account] = await this.database.query<Account>(context, `${accountSql} WHERE u.id = $1`, [userId]);
    if (!(await isPassword(currentPassword, account?.passwordHash))) {
      await this.recordFailure(context, account?.email ?? '', account, false);
      throw new DomainError('auth.login-failed', 'The current password is wrong.');
    }
    const passwordHash = await hashPassword(newPassword);
    await this.database.transaction(context, async () => {
      await this.database.query(
        context,
        'UPDATE users SET password_hash = $2, must_change_password = false WHERE id = $1',
        [userId, passwordHash],
      );
      await this.sessions.endAll(context, userId, 'password-changed');
    });
    this.sessions.forgetActors();
  }

  async logout(context: RequestContext): Promise<void> {
    await this.sessions.end(context, context.sessionId ?? '');
    this.sessions.forgetActors();
  }

  async logoutAll(context: RequestContext): Promise<void> {
    const userId = actorId(context);
    await this.database.transaction(context, async () => {
      await this.sessions.endAll(context, userId, 'logout-all');
      await this.audit.record(context, {
        action: 'LOGOUT',
        tableName: 'users',
        recordId: userId,
        notes: 'every session',
      });
    });
    this.sessions.forgetActors();
  }

  me(context: RequestContext): z.infer<typeof ActorView> {
    const { email, roles, memberId, mustChangePassword } = context.actor as Actor;
    const id = actorId(context);
    context.disclose({ tableName: 'users', ids: [id], list: false });
    return { id, email, roles: [...roles], memberId, mustChangePassword };
  }

  /** Looks again under lock, because guesses may have locked the account since. Undefined if it no longer works. */
  private begin(context: RequestContext, userId: number): Promise<Session | undefined> {
    return this.database.transaction(context, async () => {
      const [account] = await this.database.query<Account>(context, `${accountSql} WHERE u.id = $1 FOR UPDATE OF u`, [
        userId,
      ]);
      if (!account || account.fault) return undefined;
      const { passwordHash: _hash, fault: _fault, ...actor } = account;
      context.actor = actor;
      await this.database.attribute(context);
      await this.database.query(
        context,
        'UPDATE users SET last_login_at = now(), failed_login_attempts = 0, locked_until = NULL WHERE id = $1',
        [userId],
      );
      await this.audit.record(context, { action: 'LOGIN', tableName: 'users', recordId: userId });
      return this.sessions.begin(context, userId);
    });
  }

  /** Counts a wrong password and locks at the limit; a lock that has run out starts the count anew. */
  private async recordFailure(
    context: RequestContext,
    email: string,
    account: Account | undefined,
    isRight: boolean,
  ): Promise<void> {
    await this.database.transaction(context, async () => {
      if (account && !isRight && !account.fault) {
        await this.database.query(
          context,
          `UPDATE users SET
             failed_login_attempts = CASE WHEN locked_until <= now() THEN 1 ELSE failed_login_attempts + 1 END,
             locked_until = CASE WHEN (CASE WHEN locked_until <= now() THEN 1 ELSE failed_login_attempts + 1 END) >= $2
               THEN now() + make_interval(mins => $3) END
           WHERE id = $1 AND (locked_until IS NULL OR locked_until <= now())`,
          [account.userId, maxFailures, lockMinutes],
        );
      }
      await this.audit.record(context, {
        action: 'LOGIN_FAILED',
        tableName: 'users',
        recordId: account?.userId,
        outcome: 'failed',
        filters: { email },
        notes: account ? (account.fault ?? (isRight ? 'account locked' : 'wrong password')) : 'no such account',
      });
    });
    this.sessions.forgetActors();
  }
}

function actorId({ actor }: RequestContext): number {
  if (!actor?.userId) throw new DomainError('auth.required', 'Log in first.');
  return actor.userId;
}
