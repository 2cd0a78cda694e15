import { Inject, Injectable, Logger } from '@nestjs/common';
import { AuditWriter } from '#audit';
import { Clock, DomainError } from '#kernel';
import { LedgerFault, SealerService, type Query } from '#ledger';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database, withLease } from '#platform/database';
import { RetentionService } from '#retention';
import { archiveMetrics } from './archive.metrics';
import { queryOf, type ArchiveRow } from './archive-rows';
import { daysBefore, type Month } from './calendar';
import { concernsOf, monthsUntil, planMonth, type MonthPlan } from './month-plan';
import { PartsService, type OnProgress } from './parts.service';
import { Releases } from './releases';
import { discloseHolds, heldBy, TiersService, type ObjectOutcome } from './tiers.service';

/** A number of our own for the lease on the archive's work. */
const archiveLease = 4_927_004;
const bytesPerMb = 2 ** 20;

/** What a run did with a month, or would do. */
export interface MonthOutcome {
  month: string;
  action: 'archive' | 'leave' | 'failed';
  /** Why it was left, or what went wrong. */
  detail?: string;
  objects: { objectKey: string; entries: number; bytes: number }[];
  storeIsAway?: boolean;
}

export interface ArchiveReport {
  asOf: string;
  dryRun: boolean;
  months: MonthOutcome[];
  /** Archived objects that were moved on: to a cold class, or destroyed. */
  objects: ObjectOutcome[];
}

export interface RunOptions {
  /** What counts as now, for the whole run. */
  asOf?: Date;
  dryRun?: boolean;
  onProgress?: OnProgress;
}

/**
 * Moves the months whose time has come out of PostgreSQL. Every step can be repeated: a run that was killed at any instant is gone on with by the
 * next one. A month leaves PostgreSQL only after its objects were read back from the store and found to be what was sealed.
 */
@Injectable()
export class ArchiverService {
  private readonly logger = new Logger('archive');
  private readonly query: Query;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly writer: AuditWriter,
    private readonly parts: PartsService,
    private readonly releases: Releases,
    private readonly sealer: SealerService,
    private readonly tiers: TiersService,
    private readonly retention: RetentionService,
  ) {
    this.query = queryOf(database);
  }

  /** 409 while another process is at it. */
  async run(context: RequestContext, options: RunOptions = {}): Promise<ArchiveReport> {
    const { asOf = this.clock.now(), dryRun = false, onProgress } = options;
    context.takeTime();
    // It counts entries, by month and part.
    context.disclose({ tableName: 'audit_logs', ids: [], list: true, notes: 'archive run' });
    const report: ArchiveReport = { asOf: asOf.toISOString(), dryRun, months: [], objects: [] };
    if (dryRun) {
      for (const plan of await this.plan(context, asOf)) report.months.push(outcomeOf(plan));
      report.objects = await this.tiers.moveOn(context, asOf, { dryRun });
      return report;
    }
    const done = await withLease(this.config.databaseOwnerUrl, archiveLease, async (signal) => {
      await this.parts.clear();
      await this.releases.finish(context);
      await this.sealAll();
      for (const plan of await this.plan(context, asOf)) {
        if (signal.aborted) throw signal.reason;
        // A store that does not answer for one month is not asked for the next.
        const isAway = report.months.some(({ storeIsAway }) => storeIsAway);
        report.months.push(isAway ? storeAway(plan) : await this.archive(context, plan, { signal, onProgress }));
      }
      report.objects = await this.tiers.moveOn(context, asOf, { dryRun });
      await this.releases.tidy(report.months.some(({ action }) => action === 'archive'));
      return true;
    });
    if (!done) throw new DomainError('archive.busy', 'Another run is under way; wait until it has ended.');
    const failed = [...report.months, ...report.objects].filter(({ action }) => action === 'failed').length;
    archiveMetrics.failures.inc(failed);
    if (failed === 0) archiveMetrics.lastSuccess.set(this.clock.now().getTime() / 1000);
    return report;
  }

  /** What can not be sealed now is left; a ledger that is not what was signed is not archived. */
  private async sealAll(): Promise<void> {
    try {
      await this.sealer.catchUp();
    } catch (error) {
      if (error instanceof LedgerFault) throw error;
      this.logger.warn({ cause: (error as Error).message }, 'Not everything could be sealed');
    }
  }

  /** How old the oldest entry is that is still in PostgreSQL, in seconds. */
  async oldestHotSeconds(): Promise<number> {
    const [row] = await this.database.query<{ seconds: number | null }>(
      undefined,
      'SELECT extract(epoch FROM clock_timestamp() - changed_at)::float8 AS seconds FROM audit_logs ORDER BY changed_at LIMIT 1',
    );
    return row?.seconds ?? 0;
  }

  /** The months whose time has come as of an instant, and what becomes of them. */
  private async plan(context: RequestContext, asOf: Date): Promise<MonthPlan[]> {
    const { ARCHIVE_FORMAT: format, ARCHIVE_PART_MB, AUDIT_HOT_DAYS } = this.config;
    const months = await monthsUntil(this.query, daysBefore(asOf, AUDIT_HOT_DAYS));
    const plans: MonthPlan[] = [];
    for (const month of months) {
      const options = { format, maxBytes: ARCHIVE_PART_MB * bytesPerMb, now: this.clock.now() };
      const plan = await planMonth(this.query, month, options);
      if (!plan) continue;
      const holds = plan.left === undefined ? await this.holdsOn(month) : [];
      discloseHolds(context, holds);
      plans.push(holds.length > 0 ? { month, left: `on hold: ${holds.map(heldBy).join(', ')}`, parts: [] } : plan);
    }
    return plans;
  }

  private async holdsOn(month: Month): Promise<{ id: number; matter: string }[]> {
    const { tables, actors } = await concernsOf(this.query, month);
    return this.retention.holdsOn({ tables, actors, from: month.start, to: month.end });
  }

  private async archive(
    context: RequestContext,
    plan: MonthPlan,
    { signal, onProgress }: { signal: AbortSignal } & Pick<RunOptions, 'onProgress'>,
  ): Promise<MonthOutcome> {
    if (plan.left !== undefined) return outcomeOf(plan);
    const { month } = plan;
    try {
      const begun = await this.parts.begin(context, plan);
      const rows: ArchiveRow[] = [];
      for (const row of begun) {
        const stored = await this.parts.store(context, month, row, onProgress);
        await this.parts.makeSure(stored);
        rows.push(stored);
      }
      await this.releases.release(context, rows, signal);
      for (const { entries, bytes } of rows) {
        archiveMetrics.entries.inc(entries);
        archiveMetrics.bytes.inc(bytes);
      }
      const objects = rows.map(({ objectKey, entries, bytes }) => ({ objectKey, entries, bytes }));
      return { month: month.first.slice(0, 7), action: 'archive', objects };
    } catch (error) {
      const detail = (error as Error).message;
      const log = error instanceof LedgerFault ? 'error' : 'warn';
      this.logger[log](
        { month: month.first, cause: detail },
        'A month could not be archived; nothing of it was dropped',
      );
      await this.writer
        .record(context, {
          action: 'ARCHIVE',
          tableName: 'archives',
          outcome: 'failed',
          notes: `${month.first.slice(0, 7)}: ${detail}`,
        })
        .catch(() => undefined);
      if (signal.aborted) throw error;
      const storeIsAway = error instanceof DomainError && error.code === 'service.unavailable';
      return { ...outcomeOf(plan), action: 'failed', detail, storeIsAway };
    }
  }
}

function outcomeOf({ month, left, parts }: MonthPlan): MonthOutcome {
  return {
    month: month.first.slice(0, 7),
    action: left === undefined ? 'archive' : 'leave',
    detail: left,
    objects: parts.map(({ objectKey, entries, bytes }) => ({ objectKey, entries, bytes })),
  };
}

function storeAway(plan: MonthPlan): MonthOutcome {
  if (plan.left !== undefined) return outcomeOf(plan);
  return { ...outcomeOf(plan), action: 'failed', detail: 'the object store did not answer for an earlier month' };
}
