import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '#kernel';
import type { Config } from '#platform/config';

/** Longest time to send a whole request, in ms: a file of 50 MB over a slow line. */
export const requestMs = 900_000;
/** How long a connection may be idle between two requests, in ms: longer than a proxy in front keeps it (nginx: 60 s). */
export const keepAliveMs = 72_000;
/** Bodies that are read as they come, with limits of their own; the others are held in memory. */
const streamed = /^(?:text\/csv|multipart\/form-data)/i;
/** A reply as large as this does not fit what the kernel keeps of a connection, in characters. */
const largeReply = 65_536;
/** Who logs in or recovers an account needs no more than this, in bytes; most of these operations are open to everybody. */
const maxAccountBytes = 16 * 1024;

/** How often connections are looked at for headers that do not come, in ms. */
export function lookingMs({ SLOW_CLIENT_SECONDS }: Pick<Config, 'SLOW_CLIENT_SECONDS'>): number {
  return Math.min(5_000, SLOW_CLIENT_SECONDS * 500);
}

/**
 * Lets nobody hold memory or a connection for long by being slow: headers and JSON bodies must be there in SLOW_CLIENT_SECONDS, and
 * a reader who takes nothing of a large reply for three times as long is let go. Idle connections cost little, and stay.
 */
export function letGoOfSlowClients(server: FastifyInstance, config: Config): void {
  const patienceMs = config.SLOW_CLIENT_SECONDS * 1000;
  server.server.headersTimeout = patienceMs;
  server.addHook('onRoute', (route) => {
    if (route.config?.operation?.startsWith('auth:')) route.bodyLimit = maxAccountBytes;
  });
  server.addHook('preParsing', (request, reply, payload, done) => {
    if (hasBody(request) && !isStreamed(request)) awaitBody(reply, payload, patienceMs);
    done(null, payload);
  });
  server.addHook('onSend', (_request, reply, payload, done) => {
    const isLarge = typeof payload === 'string' ? payload.length > largeReply : payload instanceof Readable;
    // The timer begins anew with every byte that goes out, and Node sets another one when the reply has left.
    if (isLarge) reply.raw.setTimeout(3 * patienceMs);
    done(null, payload);
  });
}

export function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

export function isStreamed({ headers }: FastifyRequest): boolean {
  return streamed.test(headers['content-type'] ?? '');
}

function awaitBody(reply: FastifyReply, body: Readable, patienceMs: number): void {
  const late = setTimeout(() => {
    if (reply.sent) return;
    reply.header('connection', 'close');
    reply.send(new DomainError('request.timed-out', 'The body did not come in time.'));
  }, patienceMs);
  for (const event of ['end', 'close', 'error']) body.once(event, () => clearTimeout(late));
}
