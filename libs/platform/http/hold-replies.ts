import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { RequestContext } from '#platform/context';
import { contextOf } from './context.hook';

/** Lets a reply go: undefined at once, a promise when it resolves. */
export type Release = (context: RequestContext) => Promise<unknown> | undefined;

/** Headers of the reply that was refused; its error must not carry them. */
const ofTheReply = ['etag', 'location', 'content-disposition', 'content-length', 'content-type'];

/**
 * Asks `release` before any reply is sent, whatever its status: the last hook before bytes leave, which no handler, stream
 * or reply of the framework gets around. The account of an error was confirmed when it was thrown.
 */
export function holdReplies(server: FastifyInstance, release: Release): void {
  server.addHook('onSend', (request, reply, payload, done) => {
    const context = contextOf(request);
    const isSettled = reply.statusCode >= 400 && context.disclosures.length === 0;
    const released = isSettled ? undefined : release(context);
    if (!released) {
      done(null, payload);
      return;
    }
    released.then(
      () => done(null, payload),
      (error: unknown) => {
        refuse(reply, payload);
        done(error as Error);
      },
    );
  });
}

function refuse(reply: FastifyReply, payload: unknown): void {
  for (const header of ofTheReply) reply.removeHeader(header);
  if (payload instanceof Readable) payload.destroy();
}
