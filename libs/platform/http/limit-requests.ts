import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ThrottlerRecord } from '#platform/throttling';

/** Counts a request against its limit; rejects with the 429 of one that is too many. */
export type LimitRequest = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** What probes and monitoring ask, and the pages of the documentation: they touch no record and no account. */
const unlimited = /^\/(?:health\/(?:live|ready)|metrics|docs(?:\/.*)?|openapi\.json)$/;

/** Whether it is one of those, by the pattern of its route, of which there are few; an unknown route has none. */
export function isUnlimited(url: string | undefined): boolean {
  let known = exempt.get(url);
  if (known === undefined) exempt.set(url, (known = url !== undefined && unlimited.test(url)));
  return known;
}

const exempt = new Map<string | undefined, boolean>();

/**
 * Asks `limit` before the body is read and before anything is looked up, for unknown routes, too. A
 * hook, because guards see neither those nor a request that is still to be read.
 */
export function limitRequests(server: FastifyInstance, limit: LimitRequest): void {
  server.addHook('onRequest', (request, reply, done) => {
    if (isUnlimited(request.routeOptions.url)) done();
    else limit(request, reply).then(() => done(), done);
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
