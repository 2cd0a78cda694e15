import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '#kernel';
import { ScheduledJob } from '#platform/jobs';
import type { Fault } from './ledger.dto';
import { ledgerMetrics } from './ledger.metrics';
import { SealerService } from './sealer.service';
import { VerificationService } from './verification.service';

/** The first look goes so far back, in ms. */
const firstLookMs = 3_600_000;

/** Verifies, in the process that seals, what was sealed since the last look. A fault shows in the log, the metrics and readiness. */
@Injectable()
export class VerificationTask {
  private readonly logger = new Logger('ledger');
  private verifiedSeq?: number;
  /** What the last look found. */
  fault?: Fault;

  constructor(
    private readonly sealer: SealerService,
    private readonly verification: VerificationService,
    private readonly clock: Clock,
  ) {}

  @ScheduledJob({
    id: 'verify-ledger',
    description: 'Verifies what was sealed since the last look, in the process that seals.',
    cron: '30 */5 * * * *',
  })
  async look(): Promise<void> {
    if (!this.sealer.isSealing) return;
    try {
      const from = new Date(this.clock.now().getTime() - firstLookMs).toISOString();
      const { verdict, seq } = await this.verification.run(
        this.verifiedSeq === undefined ? { from } : { afterSeq: this.verifiedSeq },
        // Beside requests: in a thread of its own, a little at a time.
        { withRows: false, threads: 1, isGentle: true },
      );
      ledgerMetrics.lookedAt.set(this.clock.now().getTime() / 1000);
      this.fault = verdict.fault ?? undefined;
      if (verdict.valid) this.verifiedSeq = seq;
      else this.logger.error({ fault: verdict.fault }, 'The ledger is not what was sealed');
    } catch (error) {
      this.logger.warn({ cause: (error as Error).message }, 'The ledger could not be verified');
    }
  }
}
