import type { BlockList } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Tracing } from '#platform/observability';
import { comesFrom, contextOf } from './context.hook';

/**
 * Gives each request its trace. A `traceparent` is gone on with where a trusted proxy sent it: anybody else could choose whose trace
 * their requests turn up in, and that they are all sampled.
 */
export function traceRequests(server: FastifyInstance, tracing: Tracing, trustedProxies?: BlockList): void {
  server.addHook('onRequest', (request, reply, done) => {
    const context = contextOf(request);
    const attributes = {
      'http.request.method': request.method,
      'http.route': request.routeOptions.url ?? '',
      'ip2a.request_id': context.requestId,
    };
    const isTrusted = comesFrom(trustedProxies, request.socket.remoteAddress);
    const trace = tracing.request(context.route, attributes, isTrusted ? request.headers : undefined);
    if (trace) {
      context.trace = trace;
      reply.raw.once('close', () => {
        const { statusCode, writableFinished } = reply.raw;
        const failure = !writableFinished ? 'aborted' : statusCode >= 500 ? String(statusCode) : undefined;
        trace.end({ 'http.response.status_code': statusCode }, failure);
      });
    }
    done();
  });
  server.addHook('onClose', () => tracing.stop());
}
