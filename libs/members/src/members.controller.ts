import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, CsvBody, fields, type ReceiveCsv } from '#platform/http';
import { recordController } from '#records';
import {
  ByNumber,
  CreateMember,
  memberFilters,
  MemberView,
  MergeMembers,
  MergeReport,
  UpdateMember,
} from './member.dto';
import { MemberMergeService } from './member-merge.service';
import { members } from './member.resource';
import { MembersService } from './members.service';
import { ImportQuery, ImportReport, MembersImport } from './members.import';

const importExample = 'memberNumber,firstName,lastName,classification\n7464416,Rosa,Delgado,journeyman\n';

@ApiTags('members')
@Controller('members')
export class MembersController extends recordController(members, {
  name: 'members',
  filters: memberFilters,
  create: CreateMember,
  update: UpdateMember,
  changing: 'A member may change their own contact details; the e-mail address with a recent proof of the password.',
  rules: MembersService,
  changeErrors: ['auth.password-needed'],
}) {
  constructor(
    private readonly importer: MembersImport,
    private readonly merger: MemberMergeService,
    private readonly office: MembersService,
  ) {
    super();
  }

  @Post('import')
  @HttpCode(200)
  @ApiConsumes('text/csv')
  @ApiBody({
    description: 'The first row names columns of members.',
    schema: { type: 'string', example: importExample },
  })
  @Allow('members:import', {
    summary: 'Import members from CSV',
    description:
      'The separator is a comma, a semicolon or a tab. Names of columns and words of a list are read in any case, with blanks, ' +
      'dashes or underscores. Columns that the server fills, as of an export, are passed over, and so are empty rows.',
    reply: ImportReport,
    errors: [
      'import.rejected',
      'import.in-progress',
      'upload.infected',
      'record.stale-version',
      'access.field-denied',
      'auth.password-needed',
      'idempotency.key-reused',
      'request.media-type-unsupported',
      'request.too-large',
      'request.timed-out',
    ],
  })
  import(
    @Context() context: RequestContext,
    @CsvBody() receive: ReceiveCsv,
    @Query({ schema: ImportQuery }) query: ImportQuery,
  ) {
    return this.importer.run(context, receive, query);
  }

  @Get('by-number/:number')
  @Allow('members:read-by-number', {
    summary: 'Read a member by number',
    reply: MemberView,
    errors: ['record.not-found'],
  })
  getByNumber(@Context() context: RequestContext, @Param({ schema: ByNumber }) { number }: z.infer<typeof ByNumber>) {
    return this.office.byNumber(context, number);
  }

  @Post(':id/merge')
  @HttpCode(200)
  @Allow('members:merge', {
    summary: 'Merge a member who was entered twice into the other one',
    reply: MergeReport,
    errors: ['record.not-found', 'reference.missing', 'members.conflict'],
  })
  merge(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: z.infer<typeof fields.idParam>,
    @Body({ schema: MergeMembers }) request: MergeMembers,
  ) {
    return this.merger.merge(context, id, request);
  }
}
