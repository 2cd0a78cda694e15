import { Body, Controller, Get, Patch, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from '#access';
import { RecordTrailQuery } from '#audit';
import type { RequestContext } from '#platform/context';
import { Context, IfMatch } from '#platform/http';
import { Records } from '#records';
import { AccessLogPage, AccessLogService } from './access-log.service';
import { MemberView, UpdateMember } from './member.dto';
import { ownMember } from './member.resource';
import { MembersService } from './members.service';
import { ownId } from './own-member';

@ApiTags('me')
@Controller('me')
export class MeController {
  constructor(
    private readonly records: Records,
    private readonly members: MembersService,
    private readonly accessLog: AccessLogService,
  ) {}

  @Get()
  @Allow('me:read', { summary: 'Read my own member record', reply: MemberView, errors: ['record.not-found'] })
  get(@Context() context: RequestContext) {
    return this.records.get(context, ownMember, ownId(context));
  }

  @Patch()
  @Allow('me:update', {
    summary: 'Change my own contact details',
    description:
      'Another e-mail address takes a log-in, or `POST /auth/confirm-password`, at most 15 minutes ago in this session.',
    reply: MemberView,
    errors: ['record.not-found', 'record.stale-version', 'access.field-denied', 'auth.password-needed'],
  })
  update(
    @Context() context: RequestContext,
    @Body({ schema: UpdateMember }) patch: UpdateMember,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.members.update(context, ownId(context), patch, ifMatch, ownMember);
  }

  @Get('access-log')
  @Allow('me:access-log', {
    summary: 'Who looked at or changed my record, when and why',
    description:
      'What belongs to the record is in it, for the time it was mine: employments, the student record, benevolence applications, ' +
      'grievances and their steps, and files.',
    reply: AccessLogPage,
    errors: ['record.not-found'],
  })
  listAccesses(@Context() context: RequestContext, @Query({ schema: RecordTrailQuery }) query: RecordTrailQuery) {
    return this.accessLog.list(context, query);
  }
}
