import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { keptHours } from './idempotency';
import { Purge } from './purge';

/** Removes idempotency keys that are no longer looked at. */
@Injectable()
export class IdempotencyTask {
  constructor(private readonly purge: Purge) {}

  @Cron('43 * * * *', { timeZone: 'UTC', waitForCompletion: true })
  removeExpired(): Promise<void> {
    return this.purge.run('idempotency_keys', `t.created_at < now() - interval '${keptHours} hours'`);
  }
}
