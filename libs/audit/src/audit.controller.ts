import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields } from '#platform/http';
import { AuditExportService } from './audit-export.service';
import { AuditSummaryService } from './audit-summary.service';
import { AuditSummaryQuery, AuditSummaryView } from './summary.dto';
import { AuditExportQuery, AuditLogPage, AuditLogView, EntryQuery, TrailQuery } from './trail.dto';
import { TrailService } from './trail.service';

const entryId = z.strictObject({ id: fields.digits(1, Number.MAX_SAFE_INTEGER) });

@ApiTags('audit')
@Controller('audit')
export class AuditController {
  constructor(
    private readonly trail: TrailService,
    private readonly exports: AuditExportService,
    private readonly summary: AuditSummaryService,
  ) {}

  @Get('summary')
  @Allow('audit:summary', {
    summary: 'Who did how much, and what is unusual about it',
    reply: AuditSummaryView,
    description: 'For the first look: people by reads, and hours of unusual volume.',
  })
  summarize(@Context() context: RequestContext, @Query({ schema: AuditSummaryQuery }) query: AuditSummaryQuery) {
    return this.summary.of(context, query);
  }

  @Get('export')
  @ApiProduces('application/jsonl', 'text/csv', 'application/fhir+ndjson')
  @Allow('audit:export', {
    summary: 'Export the ledger',
    reply: z.string(),
    description: 'Every entry that matches, oldest first. The export is itself on record before its first byte.',
    errors: ['archive.cold', 'export.busy'],
  })
  export(@Context() context: RequestContext, @Query({ schema: AuditExportQuery }) query: AuditExportQuery) {
    return this.exports.file(context, query);
  }

  @Get('logs')
  @Allow('audit:list', {
    summary: 'Search the ledger',
    reply: AuditLogPage,
    description:
      'Newest first. `recordId` with `tableName` also finds the lists that showed the record. Asking is itself on record.',
  })
  list(@Context() context: RequestContext, @Query({ schema: TrailQuery }) query: TrailQuery) {
    return this.trail.list(context, query);
  }

  @Get('logs/:id')
  @Allow('audit:read', { summary: 'Read one entry', reply: AuditLogView, errors: ['record.not-found'] })
  get(
    @Context() context: RequestContext,
    @Param({ schema: entryId }) { id }: z.infer<typeof entryId>,
    @Query({ schema: EntryQuery }) { cursor }: EntryQuery,
  ) {
    return this.trail.get(context, id, cursor);
  }
}
