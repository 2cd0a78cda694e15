import { Injectable } from '@nestjs/common';
import { ScheduledJob } from '#platform/jobs';
import { keptHours } from './idempotency';
import { Purge } from './purge';

/** Removes idempotency keys that are no longer looked at. */
@Injectable()
export class IdempotencyTask {
  constructor(private readonly purge: Purge) {}

  @ScheduledJob({
    id: 'expire-idempotency-keys',
    description: 'Removes idempotency keys that are no longer looked at.',
    cron: '43 * * * *',
  })
  removeExpired(): Promise<void> {
    return this.purge.run('idempotency_keys', `t.created_at < now() - interval '${keptHours} hours'`);
  }
}
