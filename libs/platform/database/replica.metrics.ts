import { Counter, Gauge } from 'prom-client';

/** What an operator watches of the replicas, as this process sees them. */
export const replicaMetrics = {
  reads: new Counter({
    name: 'ip2a_replica_reads_total',
    help: 'Statements that were sent to a replica, by whether it answered; one that failed was repeated on the primary.',
    labelNames: ['replica', 'outcome'],
  }),
  primaryReads: new Counter({
    name: 'ip2a_replica_primary_reads_total',
    help: 'Requests that might have read from a replica and read from the primary, by reason: away, behind, or failed.',
    labelNames: ['reason'],
  }),
  up: new Gauge({
    name: 'ip2a_replica_up',
    help: 'Whether the replica answers and is not more than ten seconds behind.',
    labelNames: ['replica'],
  }),
  lagSeconds: new Gauge({
    name: 'ip2a_replica_lag_seconds',
    help: 'Age of the last commit that the replica has replayed, while it has received more; else 0.',
    labelNames: ['replica'],
  }),
  lagBytes: new Gauge({
    name: 'ip2a_replica_lag_bytes',
    help: 'Bytes of the log that the replica has received and not replayed.',
    labelNames: ['replica'],
  }),
};
