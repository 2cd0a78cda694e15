import { Injectable } from '@nestjs/common';
import { PasswordProofsService } from '#access';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database, inAnyCase } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records, type Resource, type Verbs } from '#records';
import type { CreateMember, UpdateMember } from './member.dto';
import { members } from './member.resource';

/** How members are changed where the office has a rule of its own. */
@Injectable()
export class MembersService implements Verbs<CreateMember, UpdateMember> {
  constructor(
    private readonly records: Records,
    private readonly proofs: PasswordProofsService,
    private readonly database: Database,
  ) {}

  /** By a number of their own, or of a member who was merged into them. */
  async byNumber(context: RequestContext, memberNumber: string): Promise<Rendered> {
    try {
      return await this.records.get(context, members, { memberNumber });
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'record.not-found') throw error;
      const [merged] = await this.database.query<{ id: number; into: number }>(
        context,
        `SELECT id, merged_into AS into FROM members
         WHERE ${inAnyCase('member_number')} = ${inAnyCase('$1::text')} AND merged_into IS NOT NULL`,
        [memberNumber],
      );
      if (!merged) throw error;
      context.consider({ tableName: 'members', ids: [merged.id] });
      return this.records.get(context, members, merged.into);
    }
  }

  /** The own address takes a recent proof of the password: a link that opens an account is mailed there. */
  async update(
    context: RequestContext,
    id: number,
    patch: UpdateMember,
    ifMatch?: string[],
    resource: Resource = members,
  ): Promise<Rendered> {
    if (patch.email !== undefined && context.actor?.memberId === id) await this.proofs.demand(context);
    return this.records.update(context, resource, id, patch, ifMatch);
  }
}
