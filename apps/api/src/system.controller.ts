import { Controller, Get, Header, HttpStatus, Res } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context } from '#platform/http';
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
  @Allow('system:ready', {
    summary: 'Requests can be served',
    description: 'The checks are for the networks of the operator.',
    reply: Health,
    errors: ['service.unavailable'],
  })
  async ready(@Context() context: RequestContext, @Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    const health = await this.health.ready(context);
    if (health.status === 'error') reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return health;
  }

  @Get('metrics')
  @ApiProduces('text/plain')
  @Header('Content-Type', metricsMediaType)
  @Allow('system:metrics', {
    summary: 'Measurements for Prometheus',
    description: 'For the networks of the operator.',
    reply: z.string(),
    errors: ['access.denied'],
  })
  metrics(@Context() context: RequestContext): Promise<string> {
    return this.measurements.text(context);
  }
}
