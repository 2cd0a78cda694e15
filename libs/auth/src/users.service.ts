import { Injectable } from '@nestjs/common';
import { In, Not } from 'typeorm';
import { PasswordProofsService, PersonsService } from '#access';
import { Clock, DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, exactInstant } from '#platform/database';
import type { Rendered } from '#platform/http';
import { RecordLists, Records } from '#records';
import { AccountsService } from './accounts.service';
import { forgetGuesses } from './login-guesses';
import { OneTimeTokensService } from './one-time-tokens.service';
import { hashPassword, type Owner } from './passwords';
import { RoleRow, UserRole } from './role.entity';
import { noSecondFactor, SecondFactorService } from './second-factor.service';
import { SessionsService } from './sessions.service';
import type { CreateUser, RoleQuery, SetRoles, UpdateUser, UserQuery } from './user.dto';
import { roles, users } from './user.resource';

/** A lock by an administrator has no end of its own; the column wants one. */
const withoutEnd = '9999-12-31T00:00:00Z';

/** Administers accounts. Whatever takes a right away also ends sessions, in the same transaction. */
@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly lists: RecordLists,
    private readonly sessions: SessionsService,
    private readonly oneTimeTokens: OneTimeTokensService,
    private readonly secondFactor: SecondFactorService,
    private readonly accounts: AccountsService,
    private readonly persons: PersonsService,
    private readonly proofs: PasswordProofsService,
    private readonly clock: Clock,
  ) {}

  list(context: RequestContext, query: UserQuery): Promise<Rendered> {
    return this.lists.list(context, users, query);
  }

  listRoles(context: RequestContext, query: RoleQuery): Promise<Rendered> {
    return this.lists.list(context, roles, query);
  }

  get(context: RequestContext, id: number): Promise<Rendered> {
    return this.records.get(context, users, id);
  }

  /** The id of the account with this e-mail address or id, removed ones too. */
  async idOf(context: RequestContext, named: string): Promise<number | undefined> {
    const account = /^[1-9]\d{0,8}$/.test(named)
      ? await this.accounts.find(context, Number(named))
      : await this.accounts.findByEmail(context, named.trim().toLowerCase());
    return account?.userId;
  }

  async create(context: RequestContext, request: CreateUser): Promise<Rendered> {
    const chosen = { pointer: '/password', owner: request };
    return this.store(context, request, await this.accounts.hashNewPassword(context, request.password, chosen));
  }

  /** The same for an account of the first start, whose password the operator gave. */
  async createFirst(context: RequestContext, request: CreateUser): Promise<Rendered> {
    return this.store(context, request, await hashPassword(context, request.password));
  }

  private store(context: RequestContext, request: CreateUser, passwordHash: string): Promise<Rendered> {
    const { roles: granted, password: _, emailVerified, ...account } = request;
    const record = { ...account, passwordHash, emailVerifiedAt: this.verifiedAt(emailVerified) };
    return this.records.create(context, users, record, {
      request,
      also: async (id) => {
        await this.refuseOwn(context, id);
        await this.grant(context, id, granted);
      },
    });
  }

  async update(context: RequestContext, id: number, patch: UpdateUser, ifMatch?: string[]): Promise<Rendered> {
    const { password, emailVerified, ...rest } = patch;
    const change = {
      ...rest,
      ...(password === undefined
        ? {}
        : { passwordHash: await this.hashOf(context, id, password, patch), failedLoginAttempts: 0 }),
      ...(emailVerified === undefined ? {} : { emailVerifiedAt: this.verifiedAt(emailVerified) ?? null }),
    };
    const endsSessions = password !== undefined || patch.isActive === false || emailVerified === false;
    return this.changing(context, id, async () => {
      // A session that was stolen must not become the account.
      if (password !== undefined) await this.refuseOwn(context, id, 'Change your own by POST /auth/change-password.');
      if (patch.email !== undefined && id === context.actor?.userId) await this.proofs.demand(context);
      const linksOther = await this.linksOther(context, id, patch);
      const updated = await this.records.update(context, users, id, change, ifMatch);
      // Guesses at the old password keep nobody from logging in by the new one.
      if (password !== undefined) await forgetGuesses(this.database, context, id, ['password']);
      if (linksOther) await this.refuseOwn(context, id);
      // A link that was mailed to the old address proves nothing about the new one.
      if (patch.email !== undefined) await this.oneTimeTokens.voidAll(context, id);
      if (endsSessions) await this.sessions.endAll(context, id, 'account-changed');
      return updated;
    });
  }

  remove(context: RequestContext, id: number, ifMatch?: string[]): Promise<void> {
    return this.changing(context, id, async () => {
      await this.records.remove(context, users, id, ifMatch);
      await this.sessions.endAll(context, id, 'account-deleted');
    });
  }

  restore(context: RequestContext, id: number): Promise<Rendered> {
    return this.changing(context, id, () => this.records.restore(context, users, id));
  }

  lock(context: RequestContext, id: number): Promise<Rendered> {
    return this.changing(context, id, async () => {
      const locked = await this.records.update(context, users, id, { lockedUntil: withoutEnd });
      await this.sessions.endAll(context, id, 'account-locked');
      return locked;
    });
  }

  unlock(context: RequestContext, id: number): Promise<Rendered> {
    return this.changing(context, id, async () => {
      await forgetGuesses(this.database, context, id, ['password', 'code']);
      return this.records.update(context, users, id, { lockedUntil: null, failedLoginAttempts: 0 });
    });
  }

  /** Takes the second factor of somebody else away, who has lost it; their sessions end. */
  resetSecondFactor(context: RequestContext, id: number): Promise<Rendered> {
    return this.changing(context, id, async () => {
      await this.refuseOwn(context, id);
      const reset = await this.records.update(context, users, id, noSecondFactor);
      await this.secondFactor.dropRecoveryCodes(context, id);
      await this.sessions.endAll(context, id, 'second-factor-reset');
      return reset;
    });
  }

  setRoles(context: RequestContext, id: number, { roles: granted }: SetRoles, ifMatch?: string[]): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      const changed = await this.changing(context, id, async () => {
        await this.records.mustBeVisible(context, users, id, ifMatch);
        await this.grant(context, id, granted);
        return this.records.get(context, users, id);
      });
      await this.refuseOwn(context, id);
      return changed;
    });
  }

  /**
   * Nobody decides about rights of their own: the roles, member, password or second factor of an account of theirs. Asked after a
   * change that may make an account theirs.
   */
  private refuseOwn(
    context: RequestContext,
    id: number,
    detail = 'Another administrator changes your accounts.',
  ): Promise<void> {
    return this.persons.refuseOwn(context, { userId: id }, detail, {
      tableName: 'users',
      recordId: id,
    });
  }

  /** The hash of a password that was chosen for the account, as it is after the change. */
  private async hashOf(context: RequestContext, id: number, password: string, change: Owner): Promise<string> {
    const account = await this.accounts.find(context, id);
    const { email = account?.email, firstName = account?.firstName, lastName = account?.lastName } = change;
    return this.accounts.hashNewPassword(context, password, {
      pointer: '/password',
      owner: { email, firstName, lastName },
      readFrom: account && { tableName: 'users', ids: [id] },
    });
  }

  /** Whether the patch links the account to another member, or to none. */
  private async linksOther(context: RequestContext, id: number, { memberId }: UpdateUser): Promise<boolean> {
    if (memberId === undefined) return false;
    const [user] = await this.database.query<{ memberId: number | null }>(
      context,
      'SELECT member_id AS "memberId" FROM users WHERE id = $1',
      [id],
    );
    return user !== undefined && user.memberId !== memberId;
  }

  /** Brings the roles held to exactly those granted; what is held already is left as it is. */
  private async grant(context: RequestContext, userId: number, granted: SetRoles['roles']): Promise<void> {
    const wanted = granted.map((item) => (typeof item === 'string' ? { name: item, expiresAt: null } : item));
    const manager = this.database.manager(context);
    const roles = await manager.find(RoleRow, { where: { name: In(wanted.map(({ name }) => name)) } });
    await manager.delete(UserRole, { userId, roleId: Not(In(roles.map(({ id }) => id))) });
    const rows = roles.map(({ id, name }) => {
      const expiresAt = wanted.find((role) => role.name === name)?.expiresAt ?? null;
      return { userId, roleId: id, expiresAt: expiresAt && exactInstant(expiresAt) };
    });
    await manager.upsert(UserRole, rows, ['userId', 'roleId']);
  }

  /** A change of accounts in one transaction, one at a time, after which an administrator must still be left. */
  private async changing<T>(context: RequestContext, id: number, work: () => Promise<T>): Promise<T> {
    return this.database.transaction(context, async () => {
      await this.database.query(context, `SELECT pg_advisory_xact_lock(hashtextextended('users', 0))`);
      const before = await this.administration(context);
      const done = await work();
      if ((await this.administration(context)) < before) {
        context.consider({ tableName: 'users', ids: [id] });
        throw new DomainError('users.last-admin', 'Give another account the role admin first.');
      }
      return done;
    });
  }

  /**
   * 2 where an account that works administers without end, 1 where the last such role will end, 0 where nobody does. A
   * change may not lower it; it may well be made while it is low, or nobody could mend that.
   */
  private async administration(context: RequestContext): Promise<number> {
    const [admins] = await this.database.query<{ level: number }>(
      context,
      `SELECT coalesce(max(CASE WHEN ur.expires_at IS NULL THEN 2 ELSE 1 END), 0) AS level
       FROM users u JOIN user_roles ur ON ur.user_id = u.id JOIN roles r ON r.id = ur.role_id
       WHERE r.name = 'admin' AND (ur.expires_at IS NULL OR ur.expires_at > now())
         AND u.deleted_at IS NULL AND u.is_active AND u.email_verified_at IS NOT NULL
         AND coalesce(u.locked_until < '9999-01-01', true)`,
    );
    return admins?.level ?? 0;
  }

  private verifiedAt(verified: boolean | undefined): string | undefined {
    return verified ? this.clock.now().toISOString() : undefined;
  }
}
