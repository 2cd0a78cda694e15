import { Injectable } from '@nestjs/common';
import { ScheduledJob } from '#platform/jobs';
import { Purge } from '#records';

/** An import that was interrupted can be gone on with this long. */
const keptDays = 30;

/** Removes what is known of imports that nobody goes on with any more. */
@Injectable()
export class ImportsTask {
  constructor(private readonly purge: Purge) {}

  @ScheduledJob({
    id: 'expire-imports',
    description: 'Removes the progress of imports that were not resumed within 30 days.',
    cron: '47 3 * * *',
  })
  removeExpired(): Promise<void> {
    return this.purge.run('imports', `t.created_at < now() - interval '${keptDays} days'`);
  }
}
