import { Injectable } from '@nestjs/common';
import { PasswordProofsService } from '#access';
import type { RequestContext } from '#platform/context';
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
  ) {}

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
