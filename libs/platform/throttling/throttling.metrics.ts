import { Counter } from 'prom-client';

type Store = 'local' | 'redis';

const decisions = new Counter({
  name: 'ip2a_rate_limit_decisions_total',
  help: 'Requests that were counted, by tier (of a user, or a throttler of a route), by whether they passed, and by who kept the count.',
  labelNames: ['tier', 'outcome', 'store'],
});

const known = new Map<string, Counter.Internal>();

/** The counter of one combination, looked up once: labels are costly, and this is on the way of every request. */
export function decisionCounter(store: Store, throttler: string, passes: boolean): Counter.Internal {
  const outcome = passes ? 'allowed' : 'limited';
  const key = `${throttler} ${outcome} ${store}`;
  let counter = known.get(key);
  if (!counter) known.set(key, (counter = decisions.labels(throttler, outcome, store)));
  return counter;
}
