import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Allow } from '#access';
import { metricsMediaType } from '#platform/observability';
import { Health } from './health.dto';
import { HealthService } from './health.service';
import { MeasurementsService } from './measurements.service';

@ApiTags('system')
@Controller()
export class SystemController {
  constructor(
    private readonly health: HealthService,
    private readonly measurements: MeasurementsService,
  ) {}

  @Get('health/live')
  @Allow('system:live', { summary: 'The process runs', reply: Health })
  live(): Health {
    return this.health.live();
  }

  @Get('health/ready')
  @Allow('system:ready', { summary: 'Requests can be served', reply: Health, errors: ['service.unavailable'] })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    const health = await this.health.ready();
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
}
