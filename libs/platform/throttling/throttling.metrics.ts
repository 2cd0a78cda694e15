import { Counter, Gauge } from 'prom-client';

type Store = 'local' | 'redis';

const decisions = new Counter({
  name: 'ip2a_rate_limit_decisions_total',
  help: 'Requests that were counted, by tier, by whether they passed, and by who kept the count.',
  labelNames: ['tier', 'outcome', 'store'],
});

/** What an operator watches of the limits. */
export const throttlingMetrics = {
  redisFailures: new Counter({
    name: 'ip2a_rate_limit_redis_failures_total',
    help: 'Connections to Redis that were given up, by reason: late, refused, lost, or an answer that was an error.',
    labelNames: ['reason'],
  }),
  redisUp: new Gauge({
    name: 'ip2a_rate_limit_redis_up',
    aggregator: 'min',
    help: 'Whether limits are kept by Redis now; absent where there is none.',
  }),
};

const known = new Map<string, Counter.Internal>();

/** The counter of one combination, looked up once: labels are costly, and this is on the way of every request. */
export function decisionCounter(store: Store, tier: string, passes: boolean): Counter.Internal {
  const outcome = passes ? 'allowed' : 'limited';
  const key = `${tier} ${outcome} ${store}`;
  let counter = known.get(key);
  if (!counter) known.set(key, (counter = decisions.labels(tier, outcome, store)));
  return counter;
}
