import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** What a browser may send of its own accord, and read of what comes back; the contract names them. */
const allowedHeaders = [
  ...['Authorization', 'Content-Type', 'If-Match', 'If-None-Match', 'Idempotency-Key'],
  ...['X-Access-Reason', 'X-Break-Glass', 'X-Request-Id'],
];
const exposedHeaders = [
  ...['ETag', 'Location', 'X-Request-Id', 'Retry-After', 'Content-Disposition'],
  ...['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'],
];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Seconds for which a browser need not ask again. */
const maxAge = 600;

/**
 * Lets pages of these origins use the API from a browser (the CORS protocol of the Fetch standard); without any, no reply says a word of
 * it. Tokens are sent in a header, so credentials of the browser's own are never allowed. Answers preflights before anybody
 * is counted; those of other origins lead to no route, like any OPTIONS.
 */
export async function allowOrigins(server: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await server.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && origins.includes(origin)),
    ...{ methods, allowedHeaders, exposedHeaders, maxAge },
    credentials: false,
  });
}
