import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context } from '#platform/http';
import { recordController } from '#records';
import { archiveFilters, ArchiveReportView, RunArchive } from './archive.dto';
import { archives } from './archive.resource';
import { ArchiverService } from './archiver.service';

@ApiTags('archives')
@Controller('archives')
export class ArchivesController extends recordController(archives, {
  name: 'archives',
  filters: archiveFilters,
  create: z.strictObject({}),
  update: z.strictObject({}),
}) {
  constructor(private readonly archiver: ArchiverService) {
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
  run(@Context() context: RequestContext, @Body({ schema: RunArchive }) { dryRun, asOf }: RunArchive) {
    return this.archiver.run(context, { dryRun, asOf: asOf === undefined ? undefined : new Date(asOf) });
  }
}
