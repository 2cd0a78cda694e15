import { Injectable } from '@nestjs/common';
import { COMMON_ROLES } from '#access';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, longStatementMs } from '#platform/database';
import { hashPassword } from './passwords';
import { SessionsService } from './sessions.service';

/** Below the name that RFC 2606 reserves, so that no mail to them goes anywhere. */
const domain = 'load.local.example';
/** Accounts that are made or changed in one transaction. */
const chunk = 1_000;
/** A lock that ends with the next load. */
const withoutEnd = '9999-12-31T00:00:00Z';

/** An account that a load uses, with a session that works. */
export interface LoadAccountRow {
  userId: number;
  email: string;
  sessionId: string;
  roles: readonly string[];
}

interface Wanted {
  email: string;
  lastName: string;
  memberId: number | null;
  role: string;
}

/**
 * The accounts that a load is made with: clerks, and members without an account of their own. They are named after what they are for,
 * work only while a load runs, and are locked afterwards. Each change is on record, as the system actor's.
 */
@Injectable()
export class LoadAccountsService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsService,
  ) {}

  /**
   * Makes the accounts that are lacking, opens all of them with this password, and begins a session for each: thousands of log-ins would
   * take minutes of Argon2 and run into their limits. 422 where there are fewer members without accounts than asked for.
   */
  async open(
    context: RequestContext,
    { office, members, password }: { office: number; members: number; password: string },
  ): Promise<{ office: LoadAccountRow[]; members: LoadAccountRow[] }> {
    const memberIds = await this.membersWithout(context, members);
    if (memberIds.length < members) {
      throw new DomainError(
        'request.invalid',
        `There are ${memberIds.length} members without accounts of their own, and ${members} are needed: fewer --users, or "stress seed" an empty database first.`,
      );
    }
    const passwordHash = await hashPassword(context, password);
    const clerks = Array.from({ length: office }, (_, index) => ({
      email: `clerk-${index + 1}@${domain}`,
      ...{ lastName: `Clerk ${index + 1}`, memberId: null, role: COMMON_ROLES.office },
    }));
    const people = memberIds.map((memberId) => ({
      email: `member-${memberId}@${domain}`,
      ...{ lastName: `Member ${memberId}`, memberId, role: COMMON_ROLES.members },
    }));
    return {
      office: await this.inParts(context, clerks, (part) => this.prepare(context, part, passwordHash)),
      members: await this.inParts(context, people, (part) => this.prepare(context, part, passwordHash)),
    };
  }

  /** A token for the account's session, good for 15 minutes. */
  token({ userId, sessionId, roles }: LoadAccountRow): Promise<string> {
    return this.sessions.accessToken(userId, sessionId, roles);
  }

  /** Ends every session of every load account and locks them all; they stay, for the entries that name them. */
  async lock(context: RequestContext): Promise<number> {
    const open = await this.database.query<{ id: number }>(
      context,
      `SELECT id FROM users WHERE email LIKE $1 AND (locked_until IS NULL OR locked_until < $2::timestamptz) ORDER BY id`,
      [`%@${domain}`, withoutEnd],
      longStatementMs,
    );
    await this.inParts(context, open, async (part) => {
      const ids = part.map(({ id }) => id);
      await this.sessions.endMany(context, ids, 'load-ended');
      await this.database.query(
        context,
        'UPDATE users SET locked_until = $2 WHERE id = ANY ($1::integer[])',
        [ids, withoutEnd],
        longStatementMs,
      );
      return [];
    });
    return open.length;
  }

  private async membersWithout(context: RequestContext, count: number): Promise<number[]> {
    const rows = await this.database.query<{ id: number }>(
      context,
      `SELECT m.id FROM members m LEFT JOIN users u ON u.member_id = m.id
       WHERE m.deleted_at IS NULL AND (u.id IS NULL OR u.email = 'member-' || m.id || '@${domain}')
       ORDER BY u.id IS NULL, m.id LIMIT $1`,
      [count],
      longStatementMs,
    );
    return rows.map(({ id }) => id);
  }

  private async prepare(context: RequestContext, wanted: Wanted[], passwordHash: string): Promise<LoadAccountRow[]> {
    const rows = await this.database.query<{ userId: number; email: string }>(
      context,
      `INSERT INTO users (email, password_hash, first_name, last_name, email_verified_at, member_id)
       SELECT w.email, $2, 'Load', w."lastName", now(), w."memberId"
       FROM json_to_recordset($1::json) AS w (email text, "lastName" text, "memberId" integer)
       ON CONFLICT (email) DO UPDATE SET password_hash = excluded.password_hash, locked_until = NULL,
         failed_login_attempts = 0, is_active = true, deleted_at = NULL
       RETURNING id AS "userId", email`,
      [JSON.stringify(wanted), passwordHash],
      longStatementMs,
    );
    const roleOf = new Map(wanted.map(({ email, role }) => [email, role]));
    await this.database.query(
      context,
      `INSERT INTO user_roles (user_id, role_id)
       SELECT g."userId", r.id FROM json_to_recordset($1::json) AS g ("userId" integer, role text)
       JOIN roles r ON r.name = g.role ON CONFLICT (user_id, role_id) DO NOTHING`,
      [JSON.stringify(rows.map(({ userId, email }) => ({ userId, role: roleOf.get(email) })))],
      longStatementMs,
    );
    const sessions = await this.sessions.beginMany(
      context,
      rows.map(({ userId }) => userId),
    );
    return rows.map(({ userId, email }) => ({
      ...{ userId, email },
      sessionId: sessions.get(userId) ?? '',
      roles: [roleOf.get(email) ?? ''],
    }));
  }

  private async inParts<T, R>(context: RequestContext, all: T[], work: (part: T[]) => Promise<R[]>): Promise<R[]> {
    const done: R[] = [];
    for (let begin = 0; begin < all.length; begin += chunk) {
      const part = all.slice(begin, begin + chunk);
      done.push(...(await this.database.transaction(context, () => work(part))));
    }
    return done;
  }
}
