import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Gauge } from 'prom-client';
import { archiveMetrics, ArchiverService } from '#archival';
import { AuditHealth, AuditWriter, auditMetrics, BreakGlassService, PartitionsTask } from '#audit';
import { DomainError, unavailable } from '#kernel';
import { LedgerHealth, ledgerMetrics } from '#ledger';
import { TieredCache } from '#platform/cache';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { metricsOfProcess, metricsText } from '#platform/observability';
import type { FromWorker, Measured } from './worker-messages';

/** The supervisor answers within this time, in ms, whatever its workers do. */
const patienceMs = 5_000;
/** The database's measurements share this time, in ms. A scrape succeeds without the database. */
const budgetMs = 1_000;

/** What Prometheus is told: the measurements of this process, or of all workers together, whichever of them is asked. */
@Injectable()
export class MeasurementsService {
  private readonly askedOfDatabase: [Gauge, () => Promise<number>][] = [
    [auditMetrics.openReviews, () => this.breakGlass.openReviews()],
    [auditMetrics.monthsAhead, () => this.partitions.monthsAhead()],
    [auditMetrics.weaknesses, async () => (await this.auditHealth.weaknesses()).length],
    [ledgerMetrics.unsealed, () => this.ledger.unsealedSeconds()],
    [archiveMetrics.oldestHot, () => this.archiver.oldestHotSeconds()],
  ];
  private readonly wanted = new Map<number, (text: string) => void>();
  private lastId = 0;

  constructor(
    private readonly database: Database,
    private readonly cache: TieredCache,
    private readonly audit: AuditWriter,
    private readonly partitions: PartitionsTask,
    private readonly auditHealth: AuditHealth,
    private readonly ledger: LedgerHealth,
    private readonly breakGlass: BreakGlassService,
    private readonly archiver: ArchiverService,
  ) {}

  /** In Prometheus' text format. 403 for strangers. */
  async text({ isOperator }: RequestContext): Promise<string> {
    if (!isOperator) throw new DomainError('access.denied', 'Measurements are for the networks of the operator.');
    if (cluster.isWorker) return this.ofAll();
    await this.measure();
    return metricsText();
  }

  async own(): Promise<Measured> {
    await this.measure();
    return metricsOfProcess();
  }

  /** The supervisor's answer. */
  receive(id: number, text: string): void {
    this.wanted.get(id)?.(text);
    this.wanted.delete(id);
  }

  private ofAll(): Promise<string> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.wanted.delete(id);
        reject(unavailable('service.unavailable', 'The supervisor does not answer.'));
      }, patienceMs);
      this.wanted.set(id, (text) => {
        clearTimeout(timer);
        resolve(text);
      });
      process.send?.({ kind: 'metrics-wanted', id } satisfies FromWorker);
    });
  }

  private async measure(): Promise<void> {
    auditMetrics.queueDepth.set(this.audit.depth);
    this.database.measure();
    this.cache.measure();
    // One after the other: a measurement takes one connection from the requests, not several.
    const deadline = performance.now() + budgetMs;
    for (const [gauge, ask] of this.askedOfDatabase) {
      const timeLeftMs = deadline - performance.now();
      const late = sleep(timeLeftMs, NaN, { ref: false });
      // NaN where the database gives no answer: an old value would look like a true one.
      gauge.set(timeLeftMs > 0 ? await Promise.race([late, ask().catch(() => NaN)]) : NaN);
    }
  }
}
