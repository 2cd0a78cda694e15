import { Injectable, ServiceUnavailableException, type BeforeApplicationShutdown } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult, type HealthIndicatorStatus } from '@nestjs/terminus';
import { AuditHealth } from '#audit';
import { LedgerHealth } from '#ledger';
import type { RequestContext } from '#platform/context';
import { DatabaseHealth } from '#platform/database';
import { ThrottlingHealth } from '#platform/throttling';
import { VirusScanHealth } from '#platform/virus-scan';
import type { Health } from './health.dto';

const statusOf = { up: 'ok', degraded: 'warn', down: 'error' } as const satisfies Record<HealthIndicatorStatus, string>;
const statusOfAll = { ok: 'ok', degraded: 'warn', error: 'error', shutting_down: 'error' } as const;

/** How old an answer may be, in ms. */
const recentMs = 1_000;

/** Answers load balancers and operators: the indicators of the libraries, in the words of our replies. */
@Injectable()
export class HealthService implements BeforeApplicationShutdown {
  private asked?: { at: number; answer: Promise<Health> };

  constructor(
    private readonly health: HealthCheckService,
    private readonly database: DatabaseHealth,
    private readonly audit: AuditHealth,
    private readonly ledger: LedgerHealth,
    private readonly throttling: ThrottlingHealth,
    private readonly virusScan: VirusScanHealth,
  ) {}

  /** Asks nobody: a process that shuts down, or whose database is away, still lives. */
  live(): Health {
    return { status: 'ok', checks: {} };
  }

  /** Strangers learn the status alone. */
  async ready({ isOperator }: RequestContext): Promise<Health> {
    const { status, checks } = await this.recent();
    return { status, checks: isOperator ? checks : {} };
  }

  /** Drops the remembered answer, so the next request runs the checks again. */
  forget(): void {
    this.asked = undefined;
  }

  beforeApplicationShutdown(): void {
    this.forget();
  }

  /** The checks are made once a second at most, whoever asks. */
  private recent(): Promise<Health> {
    const now = performance.now();
    if (!this.asked || now - this.asked.at > recentMs) this.asked = { at: now, answer: this.look() };
    return this.asked.answer;
  }

  private async look(): Promise<Health> {
    const { status, details } = await this.check();
    const checks: Health['checks'] = {};
    if (status === 'shutting_down') checks.process = { status: 'error', detail: 'shutting down' };
    for (const [name, { status, ...detail }] of Object.entries(details)) {
      checks[name] = { status: statusOf[status], ...detail };
    }
    return { status: statusOfAll[status], checks };
  }

  private async check(): Promise<HealthCheckResult> {
    try {
      return await this.health.check([
        () =>
          this.database.check([() => this.audit.partitions(), () => this.audit.grants(), () => this.ledger.check()]),
        () => this.throttling.limits(),
        () => this.virusScan.uploads(),
        () => this.database.replicas(),
      ]);
    } catch (error) {
      if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
      throw error;
    }
  }
}
