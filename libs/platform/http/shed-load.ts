import { performance } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge } from 'prom-client';
import { unavailable } from '#kernel';
import { Capacity } from './capacity';

/** How often the capacity is measured, in ms. */
const measureMs = 250;

const shed = new Counter({
  name: 'ip2a_http_shed_total',
  help: 'Requests that were refused because the process was working on too many.',
});
const most = new Gauge({
  name: 'ip2a_http_requests_at_once',
  help: 'Requests that the process works on at a time; more are refused.',
});

/**
 * Refuses what comes while too many requests are open; those that are `free` are not counted. What
 * cannot be served in time is refused before anything was done for it, so what was begun is finished.
 */
export function shedLoad(server: FastifyInstance, isFree: (url: string | undefined) => boolean): void {
  const capacity = new Capacity();
  let open = 0;
  let loop = performance.eventLoopUtilization();
  const measuring = setInterval(() => {
    const { active, idle } = performance.eventLoopUtilization(loop);
    loop = performance.eventLoopUtilization();
    capacity.measure(active, idle);
    most.set(capacity.atOnce);
  }, measureMs);
  measuring.unref();
  server.addHook('onClose', async () => clearInterval(measuring));
  server.addHook('onRequest', (request, reply, done) => {
    if (isFree(request.routeOptions.url)) {
      done();
      return;
    }
    if (open >= capacity.atOnce) {
      shed.inc();
      done(unavailable('service.unavailable', 'Too many requests are being served.'));
      return;
    }
    // Whose client has left meanwhile has been closed already.
    if (!reply.raw.destroyed) {
      open += 1;
      reply.raw.once('close', () => {
        open -= 1;
        capacity.answered();
      });
    }
    done();
  });
}
