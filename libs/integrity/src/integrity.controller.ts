import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context } from '#platform/http';
import { CheckQuery, CheckView, RepairRequest, RepairView } from './integrity.dto';
import { IntegrityService } from './integrity.service';

@ApiTags('integrity')
@Controller('integrity')
export class IntegrityController {
  constructor(private readonly integrity: IntegrityService) {}

  @Post('check')
  @HttpCode(200)
  @Allow('integrity:check', { summary: 'Look for records that contradict the rules', reply: CheckView })
  check(@Context() context: RequestContext, @Query({ schema: CheckQuery }) { files }: CheckQuery) {
    return this.integrity.list(context, { files: files ?? false });
  }

  @Post('repair')
  @HttpCode(200)
  @Allow('integrity:repair', {
    summary: 'Mend what has only one answer',
    description: 'Each repair is one change on record, and counts once a second look no longer finds the issue.',
    reply: RepairView,
  })
  repair(@Context() context: RequestContext, @Body({ schema: RepairRequest }) { dryRun }: RepairRequest) {
    return this.integrity.repair(context, { dryRun });
  }
}
