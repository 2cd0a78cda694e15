import { Inject, Injectable } from '@nestjs/common';
import { AuditWriter } from '#audit';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { Mailer, type Mail } from '#platform/mail';
import type { AcceptedView, ResetPassword } from './account.dto';
import { closedAccountMail, passwordChangedMail, resetMail } from './account-mails';
import { AccountsService } from './accounts.service';
import { forgetGuesses } from './login-guesses';
import { neutralAnswer } from './neutral-answer';
import { OneTimeTokensService, spentToken } from './one-time-tokens.service';
import { SessionsService } from './sessions.service';
import { User } from './user.entity';

/** A forgotten password: a link by mail, and by the link another password. */
@Injectable()
export class RecoveryService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly sessions: SessionsService,
    private readonly audit: AuditWriter,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  forgotPassword(context: RequestContext, email: string): Promise<AcceptedView> {
    return neutralAnswer(
      this.mailLink(context, email),
      'If there is an account with this address, a mail with a link for a new password, or with what to do instead, is on its way.',
    );
  }

  /** The link proves who asks, so wrong passwords are forgotten. A second factor stays, and so do the guesses at it. */
  async resetPassword(context: RequestContext, { token, newPassword }: ResetPassword): Promise<void> {
    const userId = await this.oneTimeTokens.ownerOf(context, token, 'reset-password');
    if (userId === undefined) throw spentToken();
    const owner = await this.accounts.find(context, userId);
    const chosen = { pointer: '/newPassword', owner, readFrom: { tableName: 'users', ids: [userId] } };
    const passwordHash = await this.accounts.hashNewPassword(context, newPassword, chosen);
    const account = await this.database.transaction(context, async () => {
      const locked = await this.accounts.lock(context, userId);
      const isOpen = (await this.oneTimeTokens.ownerOf(context, token, 'reset-password')) !== undefined;
      if (locked?.fault !== null || !isOpen) throw spentToken();
      await this.accounts.actAs(context, locked);
      await this.oneTimeTokens.spend(context, token);
      const change = { passwordHash, mustChangePassword: false, failedLoginAttempts: 0 };
      await this.database.manager(context).update(User, { id: userId }, change);
      await forgetGuesses(this.database, context, userId, ['password']);
      await this.sessions.endAll(context, userId, 'password-reset');
      return locked;
    });
    void this.mailer.send({ to: account.email, ...passwordChangedMail() });
  }

  /** As many statements and entries whether or not there is such an account. */
  private async mailLink(context: RequestContext, email: string): Promise<void> {
    const mail = await this.database.transaction(context, async (): Promise<Mail | undefined> => {
      const found = await this.accounts.findByEmail(context, email);
      const account = await this.accounts.lock(context, found?.userId ?? 0);
      if (account?.fault === null) {
        const token = await this.oneTimeTokens.issue(context, account.userId, 'reset-password');
        return { to: account.email, ...resetMail(this.config.PORTAL_URL, token) };
      }
      await this.audit.record(context, {
        action: 'ACCESS_DENIED',
        tableName: 'users',
        recordId: account?.userId,
        outcome: 'denied',
        filters: { email },
        notes: `forgotten password: ${account?.fault ?? 'no such account'}`,
      });
      return account && { to: account.email, ...closedAccountMail() };
    });
    if (mail) void this.mailer.send(mail);
  }
}
