import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { asDomainError } from './problem';

const faults = new WeakMap<IncomingMessage, Error>();

/**
 * Sends a request whose address cannot be read (broken percent-encoding) the way of an unknown
 * route. The router alone would answer it without context, limit and measurement.
 */
export function routeAsUnknown(
  server: FastifyInstance,
  error: Error,
  request: IncomingMessage & { originalUrl?: string },
  response: ServerResponse,
): void {
  faults.set(request, error);
  request.originalUrl = request.url;
  request.url = '/';
  server.routing(request, response);
}

/** Refuses it once it was counted. */
export function refuseUnroutable(server: FastifyInstance): void {
  server.addHook('onRequest', ({ raw }, _reply, done) => {
    const fault = faults.get(raw);
    done(fault && asDomainError(fault));
  });
}
