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
    help: 'Whether the replica answers, follows the primary, and is not too far behind.',
    labelNames: ['replica'],
  }),
  lagSeconds: new Gauge({
    name: 'ip2a_replica_lag_seconds',
    help: 'For how long at most the replica has not heard of changes; infinite where that is not known.',
    labelNames: ['replica'],
  }),
  lagBytes: new Gauge({
    name: 'ip2a_replica_lag_bytes',
    help: 'Bytes of the log that the replica has not replayed.',
    labelNames: ['replica'],
  }),
  marksFailed: new Counter({
    name: 'ip2a_write_marks_failed_total',
    help: 'Commits whose mark could not be left in Redis; all marks were given up instead.',
  }),
};
