import { Injectable } from '@nestjs/common';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';

/** The accounts and the members that are one person: past links between them count like present ones. */
export interface Person {
  userIds: readonly number[];
  memberIds: readonly number[];
}

/** Who is concerned by a decision, as far as it is known. */
interface Concerned {
  userId?: number | null;
  memberId?: number | null;
}

interface Refused {
  tableName: string;
  recordId: number;
}

const nobody: Person = { userIds: [], memberIds: [] };

/** Who stands behind an account. Nobody decides about themselves, whichever of their accounts they use. */
@Injectable()
export class PersonsService {
  constructor(private readonly database: Database) {}

  /** The person who acts. Jobs and commands are nobody. */
  async acting(context: RequestContext): Promise<Person> {
    const userId = context.actor?.userId;
    if (!userId) return nobody;
    const [person] = await this.database.query<Person>(
      context,
      `SELECT array_agg(DISTINCT a.id) AS "userIds",
         coalesce(array_agg(DISTINCT l.member_id) FILTER (WHERE l.member_id IS NOT NULL), '{}') AS "memberIds"
       FROM person_accounts($1) AS a (id) LEFT JOIN member_links l ON l.user_id = a.id`,
      [userId],
    );
    return person ?? nobody;
  }

  /** Throws 403 with this detail where the decision concerns the person who acts; the refusal is on record. */
  async refuseOwn(context: RequestContext, concerned: Concerned, detail: string, refused: Refused): Promise<void> {
    const { userIds, memberIds } = await this.acting(context);
    if (!userIds.includes(concerned.userId ?? 0) && !memberIds.includes(concerned.memberId ?? 0)) return;
    throw new DomainError('access.denied', detail, { refused });
  }

  /** Tells of a record whether it is the person's who acts: an account, or a record of a member of theirs. */
  async owning(context: RequestContext): Promise<(tableName: string, recordId: number) => boolean> {
    const { userIds, memberIds } = await this.acting(context);
    const rows = await this.database.query<{ key: string }>(
      context,
      `SELECT concat_ws(' ', r.table_name, r.record_id) AS key
       FROM unnest($1::integer[]) AS m (id) CROSS JOIN LATERAL member_records(m.id) r
       UNION ALL SELECT concat_ws(' ', 'users', id) FROM unnest($2::integer[]) AS id`,
      [memberIds, userIds],
    );
    const own = new Set(rows.map(({ key }) => key));
    return (tableName, recordId) => own.has(`${tableName} ${recordId}`);
  }
}
