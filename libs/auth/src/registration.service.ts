import { Inject, Injectable } from '@nestjs/common';
import { IsNull } from 'typeorm';
import { PersonsService, selfRegisteredRole } from '#access';
import { AuditWriter } from '#audit';
import { DomainError } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database, inAnyCase, inTime, now } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Mailer, type Mail } from '#platform/mail';
import { Records } from '#records';
import type { AcceptedView, Register, VerifyEmail } from './account.dto';
import { closedAccountMail, verificationMail, verifiedMail, waitingMail } from './account-mails';
import { faultSql } from './account.sql';
import { AccountsService } from './accounts.service';
import { neutralAnswer } from './neutral-answer';
import { OneTimeTokensService, spentToken, tokenBytes, tokenMinutes } from './one-time-tokens.service';
import { newToken, sha256 } from './random-tokens';
import { maxGuesses, refusalOf, type NamedMember } from './registration-refusals';
import { Registration } from './registration.entity';
import { registrations } from './registration.resource';
import { RoleRow, UserRole } from './role.entity';
import { User } from './user.entity';

const unverified = 'e-mail not verified';
/** Days in which the office may confirm a registration. */
const waitingDays = 14;

/** Whose wish it is to have an account, and where its mail goes. */
interface Wish {
  memberId: number;
  email: string;
}

/** What tells whether a wish waits for the office. */
type Waiting = Record<'confirmedAt' | 'usedAt', string | null> & { needsConfirmation: boolean };

/**
 * How a member gets an account without the office: proof of being the member, then of the address, by choosing a password where
 * the mail leads. Whoever asked knows no password of it. What is done for a stranger takes the same statements.
 */
@Injectable()
export class RegistrationService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly audit: AuditWriter,
    private readonly mailer: Mailer,
    private readonly records: Records,
    private readonly persons: PersonsService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  register(context: RequestContext, request: Register): Promise<AcceptedView> {
    return neutralAnswer(
      this.wish(context, request),
      'If these are the number and date of birth of a member, a mail with the next step is on its way: to the address that the ' +
        'local has for the member, or to this one where it has none. If no mail comes, ask the office.',
    );
  }

  resend(context: RequestContext, email: string): Promise<AcceptedView> {
    return neutralAnswer(
      this.mailAgain(context, email),
      'If an account with this address waits to be verified, a mail with a new link is on its way. If there is nothing to ' +
        'verify, the mail says so.',
    );
  }

  /** The password is the one of whoever reads the mail; one that the office chose for the account is replaced. */
  async verifyEmail(context: RequestContext, { token, newPassword }: VerifyEmail): Promise<void> {
    const wish = await this.openWish(context, token);
    const userId = wish ? undefined : await this.oneTimeTokens.ownerOf(context, token, 'verify-email');
    if (!wish && userId === undefined) throw spentToken();
    const chosen = wish
      ? {
          owner: { ...(await this.nameOf(context, wish)), ...wish },
          readFrom: { tableName: 'members', ids: [wish.memberId] },
        }
      : { owner: await this.accounts.find(context, userId ?? 0), readFrom: { tableName: 'users', ids: [userId ?? 0] } };
    const passwordHash = await this.accounts.hashNewPassword(context, newPassword, {
      pointer: '/newPassword',
      ...chosen,
    });
    await this.database.transaction(context, () =>
      userId === undefined
        ? this.openAccount(context, token, passwordHash)
        : this.verifyAccount(context, userId, token, passwordHash),
    );
  }

  /** The office says that the registration is the member's own: its link is mailed now. */
  async confirm(context: RequestContext, id: number): Promise<Rendered> {
    const token = newToken(tokenBytes);
    const { email, shown } = await this.database.transaction(context, async () => {
      const held = await this.records.hold<Wish & Waiting>(context, registrations, id);
      await this.persons.refuseOwn(context, held, 'Somebody else confirms your registration.', {
        tableName: 'registrations',
        recordId: id,
      });
      if (!held.needsConfirmation || held.confirmedAt !== null || held.usedAt !== null) {
        throw new DomainError('workflow.not-allowed', 'This registration does not wait for the office.');
      }
      const confirmed = { confirmedBy: context.actor?.userId, confirmedAt: now };
      const shown = await this.records.apply(context, registrations, id, { ...confirmed, ...linkOf(token) });
      return { email: held.email, shown };
    });
    void this.mailer.send(this.mailOf(email, token));
    return shown;
  }

  private async wish(context: RequestContext, { email, ...proof }: Register): Promise<void> {
    const mail = await this.database.transaction(context, async (): Promise<Mail | undefined> => {
      const member = await this.namedMember(context, proof, email);
      const guesses = await this.countGuess(context, proof.memberNumber, member);
      const wish = { memberId: member?.isProved ? member.id : 0, email };
      await this.voidWishes(context, { ...wish, waits: true });
      const refusal = refusalOf(member, email, guesses, this.config.PORTAL_URL);
      if (!refusal) {
        if (guesses < maxGuesses) return this.mailOf(email, await this.keepWish(context, wish));
        await this.keepWaiting(context, wish);
        return member?.email === email ? { to: email, ...waitingMail() } : undefined;
      }
      await this.audit.record(context, {
        action: 'ACCESS_DENIED',
        tableName: 'members',
        recordId: member?.id,
        outcome: 'denied',
        filters: { memberNumber: proof.memberNumber, email },
        notes: `registration: ${refusal.notes}`,
      });
      return refusal.mail;
    });
    if (mail) void this.mailer.send(mail);
  }

  /** For a registration, and for an account that the office opened without verifying the address. */
  private async mailAgain(context: RequestContext, email: string): Promise<void> {
    const mail = await this.database.transaction(context, async (): Promise<Mail | undefined> => {
      const found = await this.accounts.findByEmail(context, email);
      const account = await this.accounts.lock(context, found?.userId ?? 0);
      const wish = await this.newestWish(context, email);
      if (account?.fault === unverified) {
        return this.mailOf(email, await this.oneTimeTokens.issue(context, account.userId, 'verify-email'));
      }
      if (wish) return this.mailOf(email, await this.keepWish(context, wish));
      await this.audit.record(context, {
        action: 'ACCESS_DENIED',
        tableName: 'users',
        recordId: account?.userId,
        outcome: 'denied',
        filters: { email },
        notes: `verification: ${account ? 'nothing to verify' : 'no such account'}`,
      });
      if (!account) return undefined;
      return { to: email, ...(account.fault === null ? verifiedMail(this.config.PORTAL_URL) : closedAccountMail()) };
    });
    if (mail) void this.mailer.send(mail);
  }

  private mailOf(email: string, token: string): Mail {
    return { to: email, ...verificationMail(this.config.PORTAL_URL, token) };
  }

  /** The live member whose number this is. */
  private async namedMember(
    context: RequestContext,
    { memberNumber, dateOfBirth }: Pick<Register, 'memberNumber' | 'dateOfBirth'>,
    email: string,
  ): Promise<NamedMember | undefined> {
    const [member] = await this.database.query<NamedMember>(
      context,
      `SELECT m.id, coalesce(m.date_of_birth = $2, false) AS "isProved", m.email, u.id IS NOT NULL AS "hasAccount",
         u.email AS "accountEmail", coalesce(${faultSql} IS NULL, false) AS "accountWorks",
         EXISTS (SELECT FROM users WHERE email = $3) AS "addressIsTaken"
       FROM members m LEFT JOIN users u ON u.member_id = m.id
       WHERE ${inAnyCase('m.member_number')} = ${inAnyCase('$1::text')} AND m.deleted_at IS NULL`,
      [memberNumber, dateOfBirth, email],
    );
    return member;
  }

  /**
   * Counts a wrong date of birth, and answers how many there were for the member. The count of one member is locked to the end of
   * the transaction: guesses sent at once are counted one after the other.
   */
  private async countGuess(context: RequestContext, memberNumber: string, member?: NamedMember): Promise<number> {
    const [counted] = await this.database.query<{ wrong: number }>(
      context,
      `INSERT INTO registration_guesses AS g (member_id, wrong) VALUES (coalesce($1, -(hashtext($2) & 63) - 1), $3)
       ON CONFLICT (member_id) DO UPDATE SET wrong = least(g.wrong + excluded.wrong, 1000) RETURNING wrong`,
      [member?.id ?? null, memberNumber, member?.isProved ? 0 : 1],
    );
    return counted?.wrong ?? 0;
  }

  /**
   * Whose wish the token stands for, if it is good now. Held to the end of the transaction with all
   * open wishes of this member at this address, in one order: two of their tokens never deadlock.
   */
  private async openWish(context: RequestContext, token: string): Promise<Wish | undefined> {
    const wishes = await this.database.query<Wish & { isGood: boolean }>(
      context,
      `SELECT member_id AS "memberId", email, token_hash = $1 AND expires_at > now() AS "isGood" FROM registrations
       WHERE used_at IS NULL AND (member_id, email) = (SELECT member_id, email FROM registrations WHERE token_hash = $1)
       ORDER BY id FOR UPDATE`,
      [sha256(token)],
    );
    return wishes.find(({ isGood }) => isGood);
  }

  /** The name of the member, who must still be one that may have an account at this address. */
  private async nameOf(
    context: RequestContext,
    { memberId, email }: Wish,
  ): Promise<{ firstName: string; lastName: string } | undefined> {
    const [name] = await this.database.query<{ firstName: string; lastName: string }>(
      context,
      `SELECT first_name AS "firstName", last_name AS "lastName" FROM members
       WHERE id = $1 AND deleted_at IS NULL AND (email IS NULL OR email = $2) FOR SHARE`,
      [memberId, email],
    );
    return name;
  }

  private async newestWish(context: RequestContext, email: string): Promise<Wish | undefined> {
    const [wish] = await this.database.query<Wish>(
      context,
      `SELECT member_id AS "memberId", email FROM registrations
       WHERE email = $1 AND used_at IS NULL AND expires_at > now() AND NOT (needs_confirmation AND confirmed_at IS NULL)
       ORDER BY id DESC LIMIT 1`,
      [email],
    );
    return wish;
  }

  /** A link that was mailed stays good until its account is open; of those that wait for the office one is enough. */
  private async voidWishes(
    context: RequestContext,
    { memberId, email, waits }: Wish & { waits?: boolean },
  ): Promise<void> {
    const waiting = waits && { needsConfirmation: true, confirmedAt: IsNull() };
    const open = { memberId, email, usedAt: IsNull(), ...waiting };
    await this.database.manager(context).update(Registration, open, { usedAt: now });
  }

  private async keepWish(context: RequestContext, { memberId, email }: Wish): Promise<string> {
    const token = newToken(tokenBytes);
    await this.database.manager(context).insert(Registration, { memberId, email, ...linkOf(token) });
    return token;
  }

  /** Keeps a wish for the office to confirm. Nobody knows its token. */
  private async keepWaiting(context: RequestContext, { memberId, email }: Wish): Promise<void> {
    const waiting = { needsConfirmation: true, expiresAt: inTime(`${waitingDays} days`) };
    const registration = { memberId, email, tokenHash: sha256(newToken(tokenBytes)), ...waiting };
    await this.database.manager(context).insert(Registration, registration);
  }

  /** The member must still be one who may have it at this address; of several wishes the first one verified wins. */
  private async openAccount(context: RequestContext, token: string, passwordHash: string): Promise<void> {
    const wish = await this.openWish(context, token);
    if (!wish) throw spentToken();
    const { memberId, email } = wish;
    const name = await this.nameOf(context, wish);
    if (!name) throw spentToken();
    const manager = this.database.manager(context);
    const opened = await manager
      .createQueryBuilder()
      .insert()
      .into(User)
      .values({ email, passwordHash, ...name, memberId, emailVerifiedAt: now })
      .orIgnore()
      .returning('id')
      .execute();
    const [user] = opened.raw as { id: number }[];
    const account = user && (await this.accounts.find(context, user.id));
    if (!account) throw spentToken();
    await this.accounts.actAs(context, account);
    const { id: roleId } = await manager.findOneByOrFail(RoleRow, { name: selfRegisteredRole });
    await manager.insert(UserRole, { userId: account.userId, roleId });
    await this.voidWishes(context, wish);
  }

  private async verifyAccount(
    context: RequestContext,
    userId: number,
    token: string,
    passwordHash: string,
  ): Promise<void> {
    const account = await this.accounts.lock(context, userId);
    const isOpen = (await this.oneTimeTokens.ownerOf(context, token, 'verify-email')) !== undefined;
    if (account?.fault !== unverified || !isOpen) throw spentToken();
    await this.accounts.actAs(context, account);
    await this.oneTimeTokens.spend(context, token);
    const verified = { emailVerifiedAt: now, passwordHash, mustChangePassword: false };
    await this.database.manager(context).update(User, { id: userId }, verified);
  }
}

/** What a registration keeps of the link that is mailed for it. */
function linkOf(token: string) {
  return { tokenHash: sha256(token), expiresAt: inTime(`${tokenMinutes['verify-email']} minutes`) };
}
