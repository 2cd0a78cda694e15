import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONFIG, type Config } from '#platform/config';
import { Database, makePartitions } from '#platform/database';
import { ScheduledJob } from '#platform/jobs';

/** Keeps the ledger's coming months ready; without them its inserts, and so every request, would fail at month's end. */
@Injectable()
export class PartitionsTask {
  private readonly logger = new Logger('audit');

  constructor(
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @ScheduledJob({
    id: 'make-partitions',
    description: 'Makes the partitions of the ledger for the coming months.',
    cron: '17 3 * * *',
  })
  async makeAhead(): Promise<void> {
    const { DATABASE_ARCHIVER_URL, databaseOwnerUrl } = this.config;
    try {
      await makePartitions(DATABASE_ARCHIVER_URL ?? databaseOwnerUrl);
    } catch (error) {
      this.logger.error({ err: error as Error }, 'Ledger partitions could not be made');
    }
  }

  /** How many whole months after the current one have their partition. */
  async monthsAhead(): Promise<number> {
    const [row] = await this.database.query<{ months: number }>(
      undefined,
      `SELECT count(*)::integer AS months FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'audit_logs'::regclass
         AND c.relname > to_char(now() AT TIME ZONE 'UTC', '"audit_logs_"YYYY_MM')`,
    );
    return row?.months ?? 0;
  }
}
