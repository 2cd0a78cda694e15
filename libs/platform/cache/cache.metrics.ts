import { Counter, Gauge } from 'prom-client';

/**
 * How the cache answered: `hit` and `miss` of Redis, `known` where the process still had it in mind, `bypass` where it was not asked, `error` where it gave no answer, or one
 * that was not ours.
 */
export type CacheResult = 'hit' | 'known' | 'miss' | 'bypass' | 'error';

/** What an operator watches of the cache. */
export const cacheMetrics = {
  requests: new Counter({
    name: 'ip2a_cache_requests_total',
    help: 'Questions that the cache may answer, by kind of record and by how it did.',
    labelNames: ['kind', 'result'],
  }),
  fills: new Counter({
    name: 'ip2a_cache_fills_total',
    help: 'What was read and could be stored, by kind and result: stored, refused because it was being changed, or failed.',
    labelNames: ['kind', 'result'],
  }),
  changes: new Counter({
    name: 'ip2a_cache_changes_total',
    help: 'Changes of cached records by this process: announced to the cache, or not, which ends the generation of all that is cached.',
    labelNames: ['result'],
  }),
  generation: new Gauge({
    name: 'ip2a_cache_generation',
    help: 'Generations of cached records so far; each begins with nothing cached.',
  }),
};

const known = new Map<string, Counter.Internal>();

/** Counts one question. The counter of a combination is looked up once: labels are costly, and this is on the way of many requests. */
export function countRequest(kind: string, result: CacheResult): void {
  const key = `${kind} ${result}`;
  let counter = known.get(key);
  if (!counter) known.set(key, (counter = cacheMetrics.requests.labels(kind, result)));
  counter.inc();
}
