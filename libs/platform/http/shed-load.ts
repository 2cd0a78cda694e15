import { performance } from 'node:perf_hooks';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Gauge } from 'prom-client';
import { unavailable } from '#kernel';
import { Capacity } from './capacity';
import { contextOf } from './context.hook';
import { hasBody, isStreamed } from './slow-clients';
import { SlowTransfers } from './slow-transfers';
import { Slots } from './slots';

/** How often the capacity is measured and slow clients are looked for, in ms. */
const measureMs = 250;
/** What one person or network has of the capacity. */
const shareOfWork = 1 / 2;

const shed = new Counter({
  name: 'ip2a_http_shed_total',
  help: 'Requests that were refused because the process was working on too many.',
});
const most = new Gauge({
  name: 'ip2a_http_requests_at_once',
  help: 'Requests that the process works on at a time; more are refused.',
});

/** Who asks, for the shares. */
export interface Asker {
  key: string;
  /** Whether it is a network, of which nothing but its address is known. */
  isNetwork: boolean;
}

/**
 * Refuses what comes while the process works on too many requests; those that are `free` are not
 * counted. What cannot be served in time is refused before anything was done for it, so what was
 * begun is finished. A request counts from when its body is there until its reply is handed over:
 * before and after that it waits for its client, who may be slow.
 */
export function shedLoad(
  server: FastifyInstance,
  isFree: (request: FastifyRequest) => boolean,
  askerOf: (request: FastifyRequest) => Asker,
): void {
  const capacity = new Capacity();
  const work = new Slots(() => capacity.atOnce, shareOfWork);
  const transfers = new SlowTransfers();
  const working = new Map<FastifyReply, string>();
  let loop = performance.eventLoopUtilization();
  const measuring = setInterval(() => {
    const { active, idle } = performance.eventLoopUtilization(loop);
    loop = performance.eventLoopUtilization();
    capacity.measure(active, idle);
    most.set(capacity.atOnce);
    transfers.look();
  }, measureMs);
  measuring.unref();
  server.addHook('onClose', async () => clearInterval(measuring));

  const begin = (request: FastifyRequest, reply: FastifyReply): Error | undefined => {
    const { key } = askerOf(request);
    if (!work.take(key)) return refusal();
    working.set(reply, key);
    return undefined;
  };
  const end = (reply: FastifyReply) => {
    const key = working.get(reply);
    if (key === undefined) return;
    working.delete(reply);
    work.release(key);
    capacity.answered();
  };
  const awaitClient = (request: FastifyRequest, reply: FastifyReply) => {
    const { key, isNetwork } = askerOf(request);
    transfers.begin(reply, key, isNetwork, () => letGo(reply));
  };

  server.addHook('onRequest', (request, reply, done) => {
    // Whose client has left meanwhile has been closed already.
    if (isFree(request) || reply.raw.destroyed) {
      done();
      return;
    }
    reply.raw.once('close', () => {
      end(reply);
      transfers.end(reply);
    });
    if (!hasBody(request)) {
      done(begin(request, reply));
      return;
    }
    awaitClient(request, reply);
    done();
  });
  server.addHook('preValidation', (request, reply, done) => {
    // A file is read by its handler, at the pace of its client.
    if (isFree(request) || reply.raw.destroyed || !hasBody(request) || isStreamed(request)) {
      done();
      return;
    }
    transfers.end(reply);
    contextOf(request).restart();
    done(begin(request, reply));
  });
  server.addHook('onSend', (request, reply, payload, done) => {
    if (!isFree(request) && !reply.raw.destroyed) {
      end(reply);
      awaitClient(request, reply);
    }
    done(null, payload);
  });
}

function refusal(): Error {
  shed.inc();
  return unavailable('service.unavailable', 'Too many requests are being served.');
}

function letGo(reply: FastifyReply): void {
  if (reply.sent) {
    shed.inc();
    reply.raw.destroy();
    return;
  }
  reply.header('connection', 'close');
  reply.send(refusal());
}
