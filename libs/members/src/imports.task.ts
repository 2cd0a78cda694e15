import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { Purge } from '#records';

/** An import that was interrupted can be gone on with this long. */
const keptDays = 30;

/** Removes what is known of imports that nobody goes on with any more. */
@Injectable()
export class ImportsTask {
  constructor(private readonly purge: Purge) {}

  @Cron('47 3 * * *', { timeZone: 'UTC', waitForCompletion: true })
  removeExpired(): Promise<void> {
    return this.purge.run('imports', `t.created_at < now() - interval '${keptDays} days'`);
  }
}
