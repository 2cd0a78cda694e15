import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields } from '#platform/http';
import { recordController } from '#records';
import { archiveFilters, ArchiveReportView, ArchiveView, RunArchive } from './archive.dto';
import { archives } from './archive.resource';
import { ArchiverService } from './archiver.service';
import { TiersService } from './tiers.service';

@ApiTags('archives')
@Controller('archives')
export class ArchivesController extends recordController(archives, {
  name: 'archives',
  filters: archiveFilters,
  create: z.strictObject({}),
  update: z.strictObject({}),
}) {
  constructor(
    private readonly archiver: ArchiverService,
    private readonly tiers: TiersService,
  ) {
    super();
  }

  @Post('run')
  @HttpCode(200)
  @Allow('archives:run', {
    summary: 'Archive the months whose time has come',
    description:
      'What the scheduled job does, now. It may take long; what is interrupted is gone on with by the next run. A dry run changes nothing.',
    reply: ArchiveReportView,
    errors: ['archive.busy'],
  })
  run(@Context() context: RequestContext, @Body({ schema: RunArchive }) { dryRun }: RunArchive) {
    return this.archiver.run(context, { dryRun });
  }

  @Post(':id/restore')
  @HttpCode(202)
  @Allow('archives:restore', {
    summary: 'Ask for a readable copy of a cold archive',
    description:
      'The copy takes minutes to two days, by storage class; who asked is told by mail. Then its entries take part in every search again, for a week.',
    reply: ArchiveView,
    status: 202,
    errors: ['record.not-found', 'workflow.not-allowed'],
  })
  override async restore(
    @Context() context: RequestContext,
    @Param({ schema: fields.idParam }) { id }: z.infer<typeof fields.idParam>,
  ) {
    await this.tiers.restore(context, id);
    return this.records.get(context, archives, id);
  }
}
