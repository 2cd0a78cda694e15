import { Body, Controller, Delete, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields, IfMatch } from '#platform/http';
import { recordController } from '#records';
import { CreateLegalHold, legalHoldFilters, LegalHoldView, ReleaseLegalHold, UpdateLegalHold } from './legal-hold.dto';
import { legalHolds } from './legal-hold.resource';
import { LegalHoldsService } from './legal-holds.service';

type Id = z.infer<typeof fields.idParam>;

@ApiTags('legal-holds')
@Controller('legal-holds')
export class LegalHoldsController extends recordController(legalHolds, {
  name: 'legal-holds',
  filters: legalHoldFilters,
  create: CreateLegalHold,
  update: UpdateLegalHold,
  changing: 'For as long as it is active; a released hold stays as it was.',
  rules: LegalHoldsService,
  errors: ['workflow.not-allowed'],
}) {
  constructor(private readonly holds: LegalHoldsService) {
    super();
  }

  @Post(':id/release')
  @HttpCode(200)
  @Allow('legal-holds:release', {
    summary: 'Release a legal hold',
    description:
      'What only it held may be destroyed from now on, once it is old enough. The hold itself stays on record.',
    reply: LegalHoldView,
    errors: ['record.not-found', 'record.stale-version', 'workflow.not-allowed'],
  })
  release(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: ReleaseLegalHold }) release: ReleaseLegalHold,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.holds.release(context, id, release, ifMatch);
  }

  @Delete(':id')
  @HttpCode(204)
  @Allow('legal-holds:delete', {
    summary: 'Release a legal hold for the reason in X-Access-Reason',
    description: 'A hold is never deleted: this is its release, and takes a reason. It can still be read.',
    errors: ['record.not-found', 'record.stale-version', 'workflow.not-allowed'],
  })
  override remove(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.holds.remove(context, id, ifMatch);
  }
}
