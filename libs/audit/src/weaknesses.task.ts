import { Injectable, Logger } from '@nestjs/common';
import { ScheduledJob } from '#platform/jobs';
import { AuditHealth } from './audit.health';

/** Looks every few minutes at what protects the ledger, and says in the log what has become weaker. */
@Injectable()
export class WeaknessesTask {
  private readonly logger = new Logger('audit');
  private known: readonly string[] = [];

  constructor(private readonly health: AuditHealth) {}

  @ScheduledJob({
    id: 'look-for-weaknesses',
    description: 'Names what protects the ledger less than promised.',
    cron: '10 */5 * * * *',
  })
  async look(): Promise<void> {
    try {
      const found = await this.health.weaknesses();
      for (const weakness of found.filter((each) => !this.known.includes(each))) {
        this.logger.error({ weakness }, 'The ledger is weaker than promised');
      }
      this.known = found;
    } catch (error) {
      this.logger.warn({ cause: (error as Error).message }, 'What protects the ledger could not be looked at');
    }
  }
}
