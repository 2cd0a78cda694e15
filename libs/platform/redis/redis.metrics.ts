import { Counter, Gauge } from 'prom-client';

/** What an operator watches of Redis, as this process sees it. */
export const redisMetrics = {
  failures: new Counter({
    name: 'ip2a_redis_failures_total',
    help: 'What Redis failed at, by reason: late, refused, lost, or failed (an answer that was an error), after which the connection is given up; full, where it goes on.',
    labelNames: ['reason'],
  }),
  up: new Gauge({
    name: 'ip2a_redis_up',
    aggregator: 'min',
    help: 'Whether Redis answers in time now; absent where there is none.',
  }),
};
