import { Counter, Gauge } from 'prom-client';

/** What an operator watches of Redis, as this process sees it. */
export const redisMetrics = {
  failures: new Counter({
    name: 'ip2a_redis_failures_total',
    help: 'Connections to Redis that were given up, by reason: late, refused, lost, or an answer that was an error.',
    labelNames: ['reason'],
  }),
  up: new Gauge({
    name: 'ip2a_redis_up',
    aggregator: 'min',
    help: 'Whether Redis answers in time now; absent where there is none.',
  }),
};
