import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { requestSeconds } from '#platform/observability';
import { contextOf } from './context.hook';

const logger = new Logger('http');

/** One line and one measurement per request: the operation, never the address, which may hold what was searched for. */
export function logRequests(server: FastifyInstance, level: string): void {
  const logsEach = level === 'debug' || level === 'trace';
  server.addHook('onResponse', (request, reply, done) => {
    const { route: operation, requestId, actor } = contextOf(request);
    const seconds = reply.elapsedTime / 1000;
    requestSeconds.observe({ operation, status: reply.statusCode }, seconds);
    done();
    if (!logsEach) return;
    const facts = {
      requestId,
      operation,
      userId: actor?.userId,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    };
    logger.debug(facts, 'Request answered');
  });
}
