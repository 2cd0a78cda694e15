import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { systemActor } from '#access';
import { DomainError } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import { RequestContext } from '#platform/context';
import { ArchiverService } from './archiver.service';

/** Runs the archive at the times of ARCHIVE_CRON, in UTC, in every process; the one that gets the lease does the work. */
@Injectable()
export class ArchiveTask implements OnApplicationBootstrap {
  private readonly logger = new Logger('archive');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly schedule: SchedulerRegistry,
    private readonly archiver: ArchiverService,
  ) {}

  onApplicationBootstrap(): void {
    const { ARCHIVE_CRON: cronTime } = this.config;
    if (cronTime === 'off') return;
    const job = CronJob.from({ cronTime, onTick: () => this.run(), timeZone: 'UTC', waitForCompletion: true });
    this.schedule.addCronJob('archive', job);
    job.start();
  }

  async run(): Promise<void> {
    const actor = systemActor('archive');
    const context = new RequestContext({ source: 'job', requestId: randomUUID(), route: 'archive:run', actor });
    try {
      const { months } = await this.archiver.run(context);
      this.logger.log({ months: months.map(({ month, action }) => `${month} ${action}`) }, 'The archive has run');
    } catch (error) {
      if (error instanceof DomainError && error.code === 'archive.busy') return;
      this.logger.error({ err: error as Error }, 'The archive could not run; it is tried again at the next time');
    }
  }
}
