import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields } from '#platform/http';
import { AuditLogPage, AuditLogView, TrailQuery } from './trail.dto';
import { TrailService } from './trail.service';

const entryId = z.strictObject({ id: fields.digits(1, Number.MAX_SAFE_INTEGER) });

@ApiTags('audit')
@Controller('audit')
export class AuditController {
  constructor(private readonly trail: TrailService) {}

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
  get(@Context() context: RequestContext, @Param({ schema: entryId }) { id }: z.infer<typeof entryId>) {
    return this.trail.get(context, id);
  }
}
