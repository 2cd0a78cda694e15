import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { PasswordProofsService } from '#access';
import { AuditWriter } from '#audit';
import { DomainError, invalid } from '#kernel';
import type { Actor, RequestContext } from '#platform/context';
import { Database, now } from '#platform/database';
import { AccountsService, actorId, takesPassword, type Account } from './accounts.service';
import type { ActorView, ChangePassword, Login } from './auth.dto';
import { forgetGuessesFromHere } from './login-guesses';
import type { MfaRequiredView, VerifyMfa } from './mfa.dto';
import { OneTimeTokensService, spentToken, tokenMinutes } from './one-time-tokens.service';
import { isPassword } from './passwords';
import { SecondFactorService } from './second-factor.service';
import { SessionsService, type Session } from './sessions.service';
import { User } from './user.entity';

/** Who you are: log-in with a password and perhaps a second factor, and what follows from it. */
@Injectable()
export class AuthService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly sessions: SessionsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly secondFactor: SecondFactorService,
    private readonly audit: AuditWriter,
    private readonly proofs: PasswordProofsService,
  ) {}

  /**
   * A session for the right password of an account that works, or the token of the second step. Every other case looks the
   * same from outside.
   */
  async login(context: RequestContext, { email, password }: Login): Promise<Session | MfaRequiredView> {
    const account = await this.accounts.findByEmail(context, email);
    const isRight = await isPassword(context, password, account?.passwordHash);
    const begun = account && isRight && takesPassword(account) ? await this.begin(context, account) : undefined;
    if (begun) return begun;
    await this.accounts.recordFailure(context, email, account, isRight ? undefined : 'wrong password');
    throw new DomainError(
      'auth.login-failed',
      'The e-mail address or the password is wrong, or the account is locked or not verified. After too many wrong ones ' +
        'wait 15 minutes, or have a link for a new password mailed.',
    );
  }

  /** The second step of a log-in. A wrong code leaves the token good, and counts. */
  async verifyMfa(context: RequestContext, { mfaToken, ...proof }: VerifyMfa): Promise<Session> {
    const userId = await this.oneTimeTokens.ownerOf(context, mfaToken, 'mfa');
    if (userId === undefined) throw spentToken();
    const outcome = await this.database.transaction(context, async () => {
      const account = await this.accounts.lock(context, userId);
      const isOpen = (await this.oneTimeTokens.ownerOf(context, mfaToken, 'mfa')) !== undefined;
      if (!account || !isOpen) throw spentToken();
      const match = account.fault ? undefined : await this.secondFactor.match(context, account, proof);
      if (!match) {
        // Counted while the account is held, or many guesses at once would be one.
        await this.accounts.recordFailure(context, account.email, account, 'wrong code');
        return {};
      }
      await this.accounts.actAs(context, account);
      await this.oneTimeTokens.spend(context, mfaToken);
      await this.secondFactor.use(context, account, match);
      return { session: await this.enter(context, userId) };
    });
    if (outcome.session) return outcome.session;
    throw new DomainError(
      'auth.login-failed',
      'The code is wrong or was used before, or the account is locked. After too many wrong ones wait 15 minutes.',
    );
  }

  /** A new password; every session ends, this one too. */
  async changePassword(context: RequestContext, { currentPassword, newPassword }: ChangePassword): Promise<void> {
    const userId = actorId(context);
    const account = await this.prove(context, currentPassword);
    if (newPassword === currentPassword.normalize('NFC'))
      throw invalid('/newPassword', 'must be another one than the current password');
    const readFrom = { tableName: 'users', ids: [userId] };
    const chosen = { pointer: '/newPassword', owner: account, readFrom };
    const passwordHash = await this.accounts.hashNewPassword(context, newPassword, chosen);
    await this.database.transaction(context, async () => {
      const current = { id: userId, passwordHash: account?.passwordHash };
      const { affected } = await this.database
        .manager(context)
        .update(User, current, { passwordHash, mustChangePassword: false });
      if (affected === 0) throw new DomainError('auth.login-failed', 'The password was changed meanwhile.');
      await this.sessions.endAll(context, userId, 'password-changed');
    });
  }

  /** The password again, for what a session that was left open must not do. */
  async confirmPassword(context: RequestContext, password: string): Promise<void> {
    await this.prove(context, password);
    await this.sessions.notePassword(context);
  }

  logout(context: RequestContext): Promise<void> {
    return this.sessions.end(context, context.sessionId ?? '', 'logout');
  }

  async logoutAll(context: RequestContext): Promise<void> {
    const userId = actorId(context);
    await this.proofs.demand(context);
    await this.sessions.endAllOf(context, userId);
  }

  me(context: RequestContext): z.infer<typeof ActorView> {
    const { email, roles, memberId, mustChangePassword } = context.actor as Actor;
    const id = actorId(context);
    context.disclose({ tableName: 'users', ids: [id], list: false });
    return { id, email, roles: [...roles], memberId, mustChangePassword };
  }

  /**
   * Looks again under lock: guesses may have come to wait since, or the account or its password may have changed. Undefined
   * if it no longer works. Failures are forgotten only after the last step, or codes could be guessed for ever.
   */
  private begin(context: RequestContext, proved: Account): Promise<Session | MfaRequiredView | undefined> {
    return this.database.transaction(context, async () => {
      const account = await this.accounts.lock(context, proved.userId);
      if (!account || !takesPassword(account) || account.passwordHash !== proved.passwordHash) return undefined;
      if (account.isEnrolled) {
        const mfaToken = await this.oneTimeTokens.issue(context, account.userId, 'mfa');
        return { mfaRequired: true as const, mfaToken, expiresIn: tokenMinutes.mfa * 60 };
      }
      await this.accounts.actAs(context, account);
      return this.enter(context, account.userId);
    });
  }

  /** The own account, whose password is right. A wrong one counts. */
  private async prove(context: RequestContext, password: string): Promise<Account | undefined> {
    const account = await this.accounts.find(context, actorId(context));
    await this.accounts.provePassword(context, account, password);
    return account;
  }

  private async enter(context: RequestContext, userId: number): Promise<Session> {
    const logIn = { lastLoginAt: now, failedLoginAttempts: 0 };
    await this.database.manager(context).update(User, { id: userId }, logIn);
    await forgetGuessesFromHere(this.database, context, userId);
    await this.audit.record(context, { action: 'LOGIN', tableName: 'users', recordId: userId });
    return this.sessions.begin(context, userId);
  }
}
