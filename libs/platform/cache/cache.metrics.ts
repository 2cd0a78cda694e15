import { Counter, Gauge } from 'prom-client';

/**
 * How the cache answered: `hit` of the process's memory or of Redis, `miss`, `bypass` where it was not asked, `error` where Redis
 * gave no answer or one that was not ours.
 */
export type CacheResult = 'hit' | 'miss' | 'bypass' | 'error';

/** What an operator watches of the cache. */
export const cacheMetrics = {
  requests: new Counter({
    name: 'ip2a_cache_requests_total',
    help: 'Look-ups in the cache, by kind of record and result.',
    labelNames: ['kind', 'result'],
  }),
  bytes: new Gauge({
    name: 'ip2a_cache_memory_bytes',
    help: 'Bytes of cached values in this process.',
  }),
};

const counters = new Map<string, Counter.Internal>();

/** Counts one look-up. The counter of a combination is looked up once: labels are costly, and this is on the way of many requests. */
export function countRequest(kind: string, result: CacheResult): void {
  const key = `${kind} ${result}`;
  let counter = counters.get(key);
  if (!counter) counters.set(key, (counter = cacheMetrics.requests.labels(kind, result)));
  counter.inc();
}
