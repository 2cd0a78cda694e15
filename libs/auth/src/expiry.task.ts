import { Injectable } from '@nestjs/common';
import { ScheduledJob } from '#platform/jobs';
import { Purge } from '#records';

/** Removes what opened an account once and has expired for a day: nobody can use it, and only the ledger still tells of it. */
@Injectable()
export class ExpiryTask {
  constructor(private readonly purge: Purge) {}

  @ScheduledJob({
    id: 'expire-tokens',
    description:
      'Removes registrations, one-time tokens and refresh tokens that expired a day ago, and counts of guesses as old.',
    cron: '41 * * * *',
  })
  async removeExpired(): Promise<void> {
    const expired = `t.expires_at < now() - interval '1 day'`;
    await this.purge.run('registrations', expired);
    await this.purge.run('one_time_tokens', expired);
    await this.purge.run('login_guesses', `t.guessed_at < now() - interval '1 day'`);
    // The first token of a session tells when it began, as long as it goes on.
    await this.purge.run(
      'refresh_tokens',
      `${expired} AND (EXISTS (SELECT FROM refresh_tokens f WHERE f.family_id = t.family_id AND f.id < t.id)
         OR NOT EXISTS (SELECT FROM refresh_tokens f WHERE f.family_id = t.family_id AND f.expires_at >= now()))`,
    );
  }
}
