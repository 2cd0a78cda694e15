import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { Allow } from '#access';
import { ownId } from '#members';
import type { RequestContext } from '#platform/context';
import { Context, fields, IfMatch } from '#platform/http';
import { recordController, RecordLists, type ListQuery } from '#records';
import {
  ByGrievanceNumber,
  CloseGrievance,
  CorrectStep,
  CreateGrievance,
  grievanceFilters,
  GrievancePage,
  GrievancesOfMember,
  GrievanceView,
  RecordStep,
  Resolution,
  StepIds,
  StepPage,
  StepQuery,
  StepView,
  UpdateGrievance,
} from './grievance.dto';
import { grievances, ownGrievances, steps } from './grievance.resource';
import { GrievancesService } from './grievances.service';

type Id = z.infer<typeof fields.idParam>;

@ApiTags('grievances')
@Controller('grievances')
export class GrievancesController extends recordController(grievances, {
  name: 'grievances',
  filters: grievanceFilters,
  create: CreateGrievance,
  update: UpdateGrievance,
  changing: 'One that has ended takes notes only.',
  rules: GrievancesService,
  errors: ['workflow.not-allowed'],
}) {
  constructor(private readonly grievances: GrievancesService) {
    super();
  }

  @Get('by-number/:number')
  @Allow('grievances:read-by-number', {
    summary: 'Read a grievance by number',
    reply: GrievanceView,
    errors: ['record.not-found'],
  })
  getByNumber(
    @Context() context: RequestContext,
    @Param({ schema: ByGrievanceNumber }) { number }: z.infer<typeof ByGrievanceNumber>,
  ) {
    return this.records.get(context, grievances, { grievanceNumber: number });
  }

  @Get(':id/steps')
  @Allow('grievances:list-steps', {
    summary: 'List the steps of a grievance',
    reply: StepPage,
    errors: ['record.not-found'],
  })
  listSteps(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Query({ schema: StepQuery }) query: ListQuery,
  ) {
    return this.lists.listOf(context, grievances, id, steps, { sort: 'stepNumber', ...query, grievanceId: id });
  }

  @Post(':id/steps')
  @Allow('grievances:record-step', {
    summary: 'Record what came of the next step',
    reply: StepView,
    status: 201,
    errors: ['record.not-found', 'workflow.not-allowed', 'idempotency.key-reused'],
  })
  recordStep(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: RecordStep }) step: RecordStep,
  ) {
    return this.grievances.recordStep(context, id, step);
  }

  @Get(':id/steps/:stepId')
  @Allow('grievances:read-step', {
    summary: 'Read a step of a grievance',
    reply: StepView,
    errors: ['record.not-found'],
  })
  async getStep(@Context() context: RequestContext, @Param({ schema: StepIds }) { id, stepId }: StepIds) {
    await this.records.mustBeVisible(context, grievances, id);
    return this.records.get(context, steps, { id: stepId, grievanceId: id });
  }

  @Patch(':id/steps/:stepId')
  @Allow('grievances:correct-step', {
    summary: 'Correct the last step of a grievance',
    description:
      'A JSON merge patch (RFC 7396). It is possible while nothing followed the step. Another outcome moves the grievance as if it had ' +
      'been recorded so. A step that settles, or settled, is for those who decide grievances.',
    reply: StepView,
    errors: ['record.not-found', 'record.stale-version', 'workflow.not-allowed'],
  })
  correctStep(
    @Context() context: RequestContext,
    @Param({ schema: StepIds }) ids: StepIds,
    @Body({ schema: CorrectStep }) patch: CorrectStep,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.grievances.correctStep(context, ids, patch, ifMatch);
  }

  @Delete(':id/steps/:stepId')
  @HttpCode(204)
  @Allow('grievances:strike-step', {
    summary: 'Strike the last step of a grievance',
    description:
      'It is possible while nothing followed the step, and moves the grievance back. The struck step stays on record. A step that settled ' +
      'is struck by those who decide grievances.',
    errors: ['record.not-found', 'record.stale-version', 'workflow.not-allowed'],
  })
  strikeStep(
    @Context() context: RequestContext,
    @Param({ schema: StepIds }) ids: StepIds,
    @IfMatch() ifMatch?: string[],
  ) {
    return this.grievances.strikeStep(context, ids, ifMatch);
  }

  @Post(':id/settle')
  @HttpCode(200)
  @Allow('grievances:settle', {
    summary: 'Settle a grievance',
    reply: GrievanceView,
    errors: ['record.not-found', 'workflow.not-allowed'],
  })
  settle(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: Resolution }) facts: Resolution,
  ) {
    return this.grievances.settle(context, id, facts);
  }

  @Post(':id/withdraw')
  @HttpCode(200)
  @Allow('grievances:withdraw', {
    summary: 'Withdraw a grievance',
    reply: GrievanceView,
    errors: ['record.not-found', 'workflow.not-allowed'],
  })
  withdraw(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: Resolution }) facts: Resolution,
  ) {
    return this.grievances.withdraw(context, id, facts);
  }

  @Post(':id/close')
  @HttpCode(200)
  @Allow('grievances:close', {
    summary: 'Close a grievance',
    description:
      'One that goes on ends by it, and needs a resolution. One that was settled or withdrawn is filed: how it ended stays as it is, and ' +
      'only what is not on record yet is added.',
    reply: GrievanceView,
    errors: ['record.not-found', 'workflow.not-allowed'],
  })
  close(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: Id,
    @Body({ schema: CloseGrievance }) facts: CloseGrievance,
  ) {
    return this.grievances.close(context, id, facts);
  }
}

/** A member's own grievances. */
@ApiTags('me')
@Controller('me/grievances')
export class OwnGrievancesController {
  constructor(private readonly lists: RecordLists) {}

  @Get()
  @Allow('me:grievances', { summary: 'List my own grievances', reply: GrievancePage, errors: ['record.not-found'] })
  list(@Context() context: RequestContext, @Query({ schema: GrievancesOfMember }) query: ListQuery) {
    return this.lists.list(context, ownGrievances, { ...query, memberId: ownId(context) });
  }
}
