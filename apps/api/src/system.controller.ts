import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Allow } from '#access';
import { PartitionsTask } from '#audit';
import { LedgerHealth } from '#ledger';
import { Database } from '#platform/database';
import { metricsMediaType } from '#platform/observability';
import { RateLimiter } from '#platform/throttling';
import { MeasurementsService } from './measurements.service';

const Health = z
  .object({
    status: z.enum(['ok', 'warn', 'error']),
    checks: z.record(z.string(), z.object({ status: z.enum(['ok', 'warn', 'error']), detail: z.string().optional() })),
  })
  .meta({ id: 'Health' });
type Health = z.infer<typeof Health>;

@ApiTags('system')
@Controller()
export class SystemController {
  private shuttingDown = false;

  constructor(
    private readonly database: Database,
    private readonly partitions: PartitionsTask,
    private readonly ledger: LedgerHealth,
    private readonly measurements: MeasurementsService,
    private readonly limiter: RateLimiter,
  ) {}

  /** Called first when the process is told to stop, so that no new requests are sent here. */
  beforeApplicationShutdown(): void {
    this.shuttingDown = true;
  }

  @Get('health/live')
  @Allow('system:live', { summary: 'The process runs', reply: Health })
  live(): Health {
    return { status: 'ok', checks: {} };
  }

  @Get('health/ready')
  @Allow('system:ready', { summary: 'Requests can be served', reply: Health, errors: ['service.unavailable'] })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    const health = await this.check();
    if (health.status === 'error') reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return health;
  }

  @Get('metrics')
  @ApiProduces('text/plain')
  @Header('Content-Type', metricsMediaType)
  @Allow('system:metrics', { summary: 'Measurements for Prometheus', reply: z.string() })
  metrics(): Promise<string> {
    return this.measurements.text();
  }

  private async check(): Promise<Health> {
    const checks: Health['checks'] = {};
    if (this.shuttingDown) checks.process = { status: 'error', detail: 'shutting down' };
    try {
      const months = await this.partitions.monthsAhead();
      checks.database = { status: 'ok' };
      checks.partitions = { status: months > 0 ? 'ok' : 'warn', detail: `${months} months ahead` };
      checks.grants = await this.checkGrants();
      checks.ledger = await this.ledger.health();
    } catch (error) {
      checks.database = { status: 'error', detail: (error as Error).message };
    }
    if (this.limiter.fault) checks.limits = { status: 'warn', detail: this.limiter.fault };
    const away = this.database.replicaFaults;
    if (away.length > 0) checks.replicas = { status: 'warn', detail: away.join('; ') };
    const worst = Object.values(checks).map(({ status }) => status);
    return { status: worst.includes('error') ? 'error' : worst.includes('warn') ? 'warn' : 'ok', checks };
  }

  /** P4: the role that serves requests may add entries and read them, nothing else, and what protects them is in place. */
  private async checkGrants(): Promise<{ status: 'ok' | 'warn' | 'error'; detail?: string }> {
    const [may] = await this.database.query<{ insert: boolean }>(
      undefined,
      `SELECT has_any_column_privilege('audit_logs', 'INSERT') AS insert`,
    );
    if (!may?.insert) return { status: 'error', detail: 'entries can not be written: INSERT on audit_logs is missing' };
    const weaknesses = await this.measurements.weaknesses();
    return weaknesses.length > 0 ? { status: 'warn', detail: weaknesses.join('; ') } : { status: 'ok' };
  }
}
