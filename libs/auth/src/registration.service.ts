import { Inject, Injectable } from '@nestjs/common';
import { selfRegisteredRole } from '#access';
import { AuditWriter } from '#audit';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { Mailer, type Mail } from '#platform/mail';
import type { AcceptedView, Register } from './account.dto';
import { existingAccountMail, verificationMail } from './account-mails';
import { AccountsService } from './accounts.service';
import { neutralAnswer } from './neutral-answer';
import { OneTimeTokensService, spentToken } from './one-time-tokens.service';
import { hashPassword } from './passwords';

const unverified = 'e-mail not verified';

interface ProvedMember {
  id: number;
  firstName: string;
  lastName: string;
  /** The address of the account that the member has already, if it works. */
  accountEmail: string | null;
}

/** How a member gets an account without the office: proof of being the member, then of the address. */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly audit: AuditWriter,
    private readonly mailer: Mailer,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  register(context: RequestContext, request: Register): Promise<AcceptedView> {
    return neutralAnswer(
      this.open(context, request),
      'If these are the number and date of birth of a member without an account, a mail with the next step is on its way.',
    );
  }

  resend(context: RequestContext, email: string): Promise<AcceptedView> {
    return neutralAnswer(
      this.mailVerification(context, email),
      'If an account with this address waits to be verified, a mail with a new link is on its way.',
    );
  }

  async verifyEmail(context: RequestContext, token: string): Promise<void> {
    const userId = await this.oneTimeTokens.ownerOf(context, token, 'verify-email');
    if (userId === undefined) throw spentToken();
    await this.database.transaction(context, async () => {
      const account = await this.accounts.lock(context, userId);
      const isOpen = (await this.oneTimeTokens.ownerOf(context, token, 'verify-email')) !== undefined;
      if (account?.fault !== unverified || !isOpen) throw spentToken();
      await this.accounts.actAs(context, account);
      await this.oneTimeTokens.spend(context, token);
      await this.database.query(context, 'UPDATE users SET email_verified_at = now() WHERE id = $1', [userId]);
    });
  }

  /** Hashes the password first, for members and others alike: it is what takes time. */
  private async open(context: RequestContext, { password, email, ...proof }: Register): Promise<void> {
    const passwordHash = await hashPassword(context, password);
    const mail = await this.database.transaction(context, async (): Promise<Mail | undefined> => {
      const member = await this.provedMember(context, proof);
      const userId = member && (await this.createUser(context, member, email, passwordHash));
      if (userId === undefined) {
        await this.audit.record(context, {
          action: 'ACCESS_DENIED',
          tableName: 'members',
          recordId: member?.id,
          outcome: 'denied',
          filters: { memberNumber: proof.memberNumber, email },
          notes: member ? 'registration: there is an account' : 'registration: no such member',
        });
        return member?.accountEmail === email
          ? { to: email, ...existingAccountMail(this.config.PORTAL_URL) }
          : undefined;
      }
      const token = await this.oneTimeTokens.issue(context, userId, 'verify-email');
      return { to: email, ...verificationMail(this.config.PORTAL_URL, token) };
    });
    if (mail) void this.mailer.send(mail);
  }

  private async mailVerification(context: RequestContext, email: string): Promise<void> {
    const mail = await this.database.transaction(context, async (): Promise<Mail | undefined> => {
      const found = await this.accounts.findByEmail(context, email);
      const account = found && (await this.accounts.lock(context, found.userId));
      if (account?.fault !== unverified) return undefined;
      const token = await this.oneTimeTokens.issue(context, account.userId, 'verify-email');
      return { to: account.email, ...verificationMail(this.config.PORTAL_URL, token) };
    });
    if (mail) void this.mailer.send(mail);
  }

  /** The live member whose number and date of birth these are. */
  private async provedMember(
    context: RequestContext,
    { memberNumber, dateOfBirth }: Pick<Register, 'memberNumber' | 'dateOfBirth'>,
  ): Promise<ProvedMember | undefined> {
    const [member] = await this.database.query<ProvedMember>(
      context,
      `SELECT m.id, m.first_name AS "firstName", m.last_name AS "lastName",
         (SELECT u.email FROM users u WHERE u.member_id = m.id AND u.deleted_at IS NULL
            AND u.is_active AND u.email_verified_at IS NOT NULL) AS "accountEmail"
       FROM members m WHERE m.member_number = $1 AND m.date_of_birth = $2 AND m.deleted_at IS NULL`,
      [memberNumber, dateOfBirth],
    );
    return member;
  }

  /** Undefined where the member or the address has an account, perhaps since a moment ago. */
  private async createUser(
    context: RequestContext,
    { id, firstName, lastName }: ProvedMember,
    email: string,
    passwordHash: string,
  ): Promise<number | undefined> {
    const [user] = await this.database.query<{ id: number }>(
      context,
      `INSERT INTO users (email, password_hash, first_name, last_name, member_id) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT DO NOTHING RETURNING id`,
      [email, passwordHash, firstName, lastName, id],
    );
    if (!user) return undefined;
    await this.database.query(
      context,
      'INSERT INTO user_roles (user_id, role_id) SELECT $1, id FROM roles WHERE name = $2',
      [user.id, selfRegisteredRole],
    );
    return user.id;
  }
}
