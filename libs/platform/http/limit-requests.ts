import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ThrottlerRecord } from '#platform/throttling';
import { contextOf } from './context.hook';
import type { Asker } from './shed-load';

/** Counts a request against its limit, and answers whose limit it is; rejects with the 429 of one that is too many. */
export type LimitRequest = (request: FastifyRequest, reply: FastifyReply) => Promise<Asker>;

const live = '/health/live';
/** What probes and monitoring of the operator ask. */
const monitoring = ['/health/ready', '/metrics'];

/** Nobody counts whether the process lives; nor what the operator's own networks ask of its health. */
export function isUnlimited(request: FastifyRequest): boolean {
  const { url } = request.routeOptions;
  if (url === undefined) return false;
  return url === live || (monitoring.includes(url) && contextOf(request).isOperator);
}

/** Whether it asks for Swagger UI, of which a page alone is eight requests, or for the document that it shows. */
export function isDocument({ routeOptions: { url = '' } }: FastifyRequest): boolean {
  return url === '/openapi.json' || /^\/docs(?:\/|$)/.test(url);
}

const askers = new WeakMap<FastifyRequest, Asker>();
const nobody: Asker = { key: '', isNetwork: true };

/** Whose limit a request was counted against. */
export function askerOf(request: FastifyRequest): Asker {
  return askers.get(request) ?? nobody;
}

/**
 * Asks `limit` before the body is read and before anything is looked up, for unknown routes, too. A
 * hook, because guards see neither those nor a request that is still to be read.
 */
export function limitRequests(server: FastifyInstance, limit: LimitRequest): void {
  server.addHook('onRequest', (request, reply, done) => {
    if (isUnlimited(request)) {
      done();
      return;
    }
    limit(request, reply).then((asker) => {
      askers.set(request, asker);
      done();
    }, done);
  });
}

/**
 * Writes a limit into the headers of a reply (draft-ietf-httpapi-ratelimit-headers-06). Of several
 * limits, the nearest one stays.
 */
export function sayLimit(reply: FastifyReply, limit: number, record: ThrottlerRecord): void {
  const remaining = limit - record.totalHits;
  const said = reply.getHeader('ratelimit-remaining');
  if (said !== undefined && !record.isBlocked && Number(said) <= remaining) return;
  reply.headers({
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(record.timeToExpire),
  });
}
