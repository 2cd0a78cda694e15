import { Counter, Gauge, Histogram } from 'prom-client';

/** What an operator watches of the sealing. */
export const ledgerMetrics = {
  size: new Gauge({
    name: 'ip2a_ledger_tree_size',
    aggregator: 'max',
    help: 'Entries in the Merkle tree, as this process knows it.',
  }),
  sealed: new Counter({ name: 'ip2a_ledger_sealed_entries_total', help: 'Entries sealed by this process.' }),
  checkpointAt: new Gauge({
    name: 'ip2a_ledger_checkpoint_timestamp_seconds',
    aggregator: 'max',
    help: 'When the latest checkpoint that this process knows was signed; 0 before it knows one.',
  }),
  unsealed: new Gauge({
    name: 'ip2a_ledger_unsealed_seconds',
    aggregator: 'max',
    help: 'Age of the first entry that is not sealed, 0 where all are; NaN while the database can not say.',
  }),
  lag: new Histogram({
    name: 'ip2a_ledger_seal_lag_seconds',
    help: 'Age of the first entry of a seal when it was sealed.',
    buckets: [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60],
  }),
  unpublished: new Gauge({
    name: 'ip2a_ledger_unpublished_checkpoints',
    aggregator: 'max',
    help: 'Checkpoints that are not in the object store yet.',
  }),
  fault: new Gauge({
    name: 'ip2a_ledger_fault',
    aggregator: 'max',
    help: '1 while the ledger is not what was signed: nothing is sealed.',
  }),
  witnessed: new Gauge({
    name: 'ip2a_ledger_witnessed_size',
    aggregator: 'max',
    help: 'Size of the largest tree that the witness cosigned.',
  }),
  verified: new Gauge({
    name: 'ip2a_ledger_verified_size',
    aggregator: 'max',
    help: 'Entries found to be as sealed by the latest verification.',
  }),
  lookedAt: new Gauge({
    name: 'ip2a_ledger_look_timestamp_seconds',
    aggregator: 'max',
    help: 'When this process last verified what was sealed lately, whatever it found; 0 before.',
  }),
  ended: new Counter({
    name: 'ip2a_ledger_ended_transactions_total',
    help: 'Transactions of the application that were ended because entries of others could not be sealed meanwhile.',
  }),
  verifyFaults: new Counter({ name: 'ip2a_ledger_verify_faults_total', help: 'Verifications that found a fault.' }),
};
