import type { FastifyInstance } from 'fastify';
import { Counter } from 'prom-client';
import { unavailable } from '#kernel';

/**
 * Requests that a process works on at a time: half a second's to a second's work of one that does nothing else. More would all be answered later than
 * their deadline lets them: what can not be served in time is refused before anything was done for it, so that what was begun is finished.
 */
const maxAtOnce = 512;

const shed = new Counter({
  name: 'ip2a_http_shed_total',
  help: 'Requests that were refused because the process was working on too many.',
});

/** Refuses what comes while too many requests are open; those that are `free` are not counted. */
export function shedLoad(server: FastifyInstance, isFree: (url: string | undefined) => boolean): void {
  let open = 0;
  server.addHook('onRequest', (request, reply, done) => {
    if (isFree(request.routeOptions.url)) {
      done();
      return;
    }
    if (open >= maxAtOnce) {
      shed.inc();
      done(unavailable('service.unavailable', 'Too many requests are being served.'));
      return;
    }
    // Whose client has left meanwhile has been closed already.
    if (!reply.raw.destroyed) {
      open += 1;
      reply.raw.once('close', () => (open -= 1));
    }
    done();
  });
}
