import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Database } from '#platform/database';
import { foreignDetail, OwnSeals } from './own-seals';
import { SealerService } from './sealer.service';
import { heartbeatMs, sealedWithinSeconds } from './sealing';
import { isOwn } from './seals';
import { VerificationTask } from './verification.task';

/** A log without a checkpoint for this long is sealed by nobody, in ms: a heartbeat and a half. */
const silentMs = 1.5 * heartbeatMs;

/** Sealing that seals nothing of what waits for this long, in seconds, is not late but has stopped. */
const stoppedSeconds = 15;

/**
 * Tells readiness about the ledger: down while it is not what was signed or sealing has stopped,
 * degraded while an entry waits longer than promised or nobody seals.
 */
@Injectable()
export class LedgerHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly database: Database,
    private readonly sealer: SealerService,
    private readonly verification: VerificationTask,
    private readonly ownSeals: OwnSeals,
  ) {}

  /** Throws where the database does not answer. */
  async check(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('ledger');
    if (this.sealer.fault) return indicator.down({ detail: this.sealer.fault });
    const { fault } = this.verification;
    if (fault) return indicator.down({ detail: `entry ${fault.entryId}: ${fault.kind}; run "ip2a audit verify"` });
    const query = <Row>(sql: string, values?: unknown[]) => this.database.query<Row>(undefined, sql, values);
    const foreign = await this.ownSeals.uncleared(query);
    if (foreign.length > 0) return indicator.degraded({ detail: foreignDetail(foreign) });
    const [last] = await this.database.query<{ size: string; ageMs: number }>(
      undefined,
      `SELECT tree_size AS size, extract(epoch FROM clock_timestamp() - sealed_at)::float8 * 1000 AS "ageMs"
       FROM audit_seals WHERE ${isOwn} ORDER BY seq DESC LIMIT 1`,
    );
    if (!last) return indicator.degraded({ detail: 'nothing is sealed yet' });
    const waited = await this.unsealedSeconds();
    if (waited > sealedWithinSeconds) {
      const { trouble } = this.sealer;
      const why = trouble === undefined ? '' : `; the last attempt failed: ${trouble}`;
      const waiting = { detail: `an entry has waited ${Math.round(waited)} s to be sealed${why}` };
      return (await this.goesOn()) ? indicator.degraded(waiting) : indicator.down(waiting);
    }
    const detail = `${last.size} entries sealed, ${Math.round(last.ageMs / 1000)} s ago`;
    return last.ageMs > silentMs ? indicator.degraded({ detail }) : indicator.up({ detail });
  }

  /** Whether entries were sealed lately: many that come at once wait for their turn. */
  private async goesOn(): Promise<boolean> {
    const [found] = await this.database.query<{ goesOn: boolean }>(
      undefined,
      `SELECT coalesce(max(sealed_at) > clock_timestamp() - make_interval(secs => ${stoppedSeconds}), true) AS "goesOn"
       FROM (SELECT sealed_at FROM audit_seals WHERE ${isOwn} AND entry_count > 0 ORDER BY seq DESC LIMIT 1) latest`,
    );
    return found?.goesOn ?? true;
  }

  /** How long the first entry that is not sealed has waited, in seconds; 0 where all are sealed. */
  async unsealedSeconds(): Promise<number> {
    const [first] = await this.database.query<{ seconds: number }>(
      undefined,
      `SELECT extract(epoch FROM clock_timestamp() - changed_at)::float8 AS seconds FROM audit_logs
       WHERE (txid, id) > (SELECT last_txid, last_id FROM audit_seals WHERE ${isOwn} ORDER BY seq DESC LIMIT 1)
       ORDER BY txid, id LIMIT 1`,
    );
    return first?.seconds ?? 0;
  }
}
