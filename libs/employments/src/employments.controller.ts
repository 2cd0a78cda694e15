import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Allow } from '#access';
import { members, ownId } from '#members';
import type { RequestContext } from '#platform/context';
import { Context, fields } from '#platform/http';
import { recordController, RecordLists, type ListQuery } from '#records';
import { EmploymentsService } from './employments.service';
import {
  CreateMemberEmployment,
  employmentFilters,
  EmploymentsOfMember,
  MemberEmploymentPage,
  UpdateMemberEmployment,
} from './member-employment.dto';
import { employments, ownEmployments } from './member-employment.resource';

@ApiTags('member-employments')
@Controller('member-employments')
export class EmploymentsController extends recordController(employments, {
  name: 'member-employments',
  filters: employmentFilters,
  create: CreateMemberEmployment,
  update: UpdateMemberEmployment,
  rules: EmploymentsService,
}) {}

/** The same employments, found from their member. */
@ApiTags('members')
@Controller('members/:id/employments')
export class EmploymentsOfMemberController {
  constructor(private readonly lists: RecordLists) {}

  @Get()
  @Allow('members:employments', {
    summary: 'List the employments of a member',
    reply: MemberEmploymentPage,
    errors: ['record.not-found'],
  })
  list(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: z.infer<typeof fields.idParam>,
    @Query({ schema: EmploymentsOfMember }) query: ListQuery,
  ) {
    return this.lists.listOf(context, members, id, employments, { ...query, memberId: id });
  }
}

/** A member's own employments. */
@ApiTags('me')
@Controller('me/employments')
export class OwnEmploymentsController {
  constructor(private readonly lists: RecordLists) {}

  @Get()
  @Allow('me:employments', {
    summary: 'List my own employments',
    reply: MemberEmploymentPage,
    errors: ['record.not-found'],
  })
  list(@Context() context: RequestContext, @Query({ schema: EmploymentsOfMember }) query: ListQuery) {
    return this.lists.list(context, ownEmployments, { ...query, memberId: ownId(context) });
  }
}
