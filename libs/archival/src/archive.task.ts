import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { systemActor } from '#access';
import { DomainError } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import { RequestContext } from '#platform/context';
import { ScheduledJob } from '#platform/jobs';
import { ArchivedEntriesService } from './archived-entries.service';
import { ArchiverService } from './archiver.service';
import { TiersService } from './tiers.service';

/** Runs the archive at the times of ARCHIVE_CRON, in UTC, in every process; the one that gets the lease does the work. */
@Injectable()
export class ArchiveTask implements OnApplicationBootstrap {
  private readonly logger = new Logger('archive');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly schedule: SchedulerRegistry,
    private readonly archiver: ArchiverService,
    private readonly tiers: TiersService,
    private readonly archive: ArchivedEntriesService,
  ) {}

  onApplicationBootstrap(): void {
    const { ARCHIVE_CRON: cronTime } = this.config;
    if (cronTime === 'off') return;
    const job = CronJob.from({ cronTime, onTick: () => this.run(), timeZone: 'UTC', waitForCompletion: true });
    this.schedule.addCronJob('archive', job);
    job.start();
  }

  /** Looks for what was asked for and can be read now, and forgets what was destroyed. */
  @ScheduledJob({
    id: 'watch-archive',
    description: 'Looks for archived months that were asked for and can be read now.',
    cron: '45 * * * * *',
  })
  async watch(): Promise<void> {
    if (this.config.ARCHIVE_CRON === 'off') return;
    try {
      await this.tiers.watch(contextOf('archive:watch'));
      await this.archive.forgetDestroyed();
    } catch (error) {
      this.logger.warn({ cause: (error as Error).message }, 'The archive could not be looked at');
    }
  }

  @ScheduledJob({
    id: 'archive',
    description: 'Moves the months whose time has come to the object store, and on to Glacier.',
    cron: { setting: 'ARCHIVE_CRON' },
  })
  async run(): Promise<void> {
    const context = contextOf('archive:run');
    try {
      const { months } = await this.archiver.run(context);
      this.logger.log({ months: months.map(({ month, action }) => `${month} ${action}`) }, 'The archive has run');
    } catch (error) {
      if (error instanceof DomainError && error.code === 'archive.busy') return;
      this.logger.error({ err: error as Error }, 'The archive could not run; it is tried again at the next time');
    }
  }
}

function contextOf(route: string): RequestContext {
  return new RequestContext({ source: 'job', requestId: randomUUID(), route, actor: systemActor('archive') });
}
