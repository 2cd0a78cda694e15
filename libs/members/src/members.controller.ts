import type { Readable } from 'node:stream';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import { AuditLogPage, RecordTrailQuery } from '#audit';
import type { RequestContext } from '#platform/context';
import { Context, CsvBody, fields, IfMatch } from '#platform/http';
import { ByNumber, CreateMember, ExportQuery, MemberPage, MemberQuery, MemberView, UpdateMember } from './member.dto';
import { ImportQuery, ImportReport, MembersImport } from './members.import';
import { MembersService } from './members.service';

type Id = z.infer<typeof fields.idParam>;

const importExample = 'memberNumber,firstName,lastName,classification\n7464416,Rosa,Delgado,journeyman\n';

@ApiTags('members')
@Controller('members')
export class MembersController {
  constructor(
    private readonly members: MembersService,
    private readonly importer: MembersImport,
  ) {}

  @Get()
  @Allow('members:list', { summary: 'List or search members', reply: MemberPage })
  list(@Context() context: RequestContext, @Query({ schema: MemberQuery }) query: MemberQuery) {
    return this.members.list(context, query);
  }

  @Post()
  @Allow('members:create', {
    summary: 'Create a member',
    reply: MemberView,
    status: 201,
    errors: ['record.duplicate', 'idempotency.key-reused'],
  })
  create(@Context() context: RequestContext, @Body({ schema: CreateMember }) member: CreateMember) {
    return this.members.create(context, member);
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
    reply: ImportReport,
    errors: ['import.rejected', 'import.in-progress', 'idempotency.key-reused', 'request.media-type-unsupported'],
  })
  import(
    @Context() context: RequestContext,
    @CsvBody() csv: Readable,
    @Query({ schema: ImportQuery }) query: ImportQuery,
  ) {
    return this.importer.run(context, csv, query);
  }

  @Get('export')
  @ApiProduces('text/csv')
  @Allow('members:export', { summary: 'Export members as CSV', reply: z.string() })
  export(@Context() context: RequestContext, @Query({ schema: ExportQuery }) query: ExportQuery) {
    return this.members.export(context, query);
  }

  @Get('by-number/:number')
  @Allow('members:read-by-number', {
    summary: 'Read a member by number',
    reply: MemberView,
    errors: ['record.not-found'],
  })
  getByNumber(@Context() context: RequestContext, @Param({ schema: ByNumber }) { number }: z.infer<typeof ByNumber>) {
    return this.members.getByNumber(context, number);
  }

  @Get(':id')
  @Allow('members:read', { summary: 'Read a member', reply: MemberView, errors: ['record.not-found'] })
  get(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.members.get(context, id);
  }

  @Patch(':id')
  @Allow('members:update', {
    summary: 'Change a member',
    description: 'A JSON merge patch (RFC 7396). A member may change their own contact details.',
    reply: MemberView,
    errors: ['record.not-found', 'record.duplicate', 'record.stale-version', 'access.field-denied'],
  })
  update(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: UpdateMember }) patch: UpdateMember,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.members.update(context, id, patch, ifMatch);
  }

  @Delete(':id')
  @HttpCode(204)
  @Allow('members:delete', {
    summary: 'Remove a member, restorably',
    errors: ['record.not-found', 'record.stale-version', 'record.in-use'],
  })
  remove(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.members.remove(context, id, ifMatch);
  }

  @Post(':id/restore')
  @HttpCode(200)
  @Allow('members:restore', {
    summary: 'Restore a removed member',
    reply: MemberView,
    errors: ['record.not-found', 'record.not-deleted'],
  })
  restore(@Context() context: RequestContext, @Param({ schema: fields.idParam }) { id }: Id) {
    return this.members.restore(context, id);
  }

  @Get(':id/audit-trail')
  @Allow('members:audit-trail', {
    summary: 'Who saw or changed this member',
    reply: AuditLogPage,
    errors: ['record.not-found'],
  })
  auditTrail(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Query({ schema: RecordTrailQuery }) query: RecordTrailQuery,
  ) {
    return this.members.auditTrail(context, id, query);
  }
}
