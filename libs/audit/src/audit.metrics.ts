import { Counter, Gauge, Histogram } from 'prom-client';

/** What an operator watches of the ledger's capture. */
export const auditMetrics = {
  entries: new Counter({ name: 'ip2a_audit_entries_total', help: 'Entries made durable by group commit.' }),
  refused: new Counter({ name: 'ip2a_audit_refused_total', help: 'Entries that could not be made durable in time.' }),
  replaced: new Counter({
    name: 'ip2a_audit_replaced_total',
    help: 'Entries that PostgreSQL refused for what they held. Their accesses were refused, and placeholders written.',
  }),
  outdated: new Counter({
    name: 'ip2a_audit_outdated_total',
    help: 'Replies that were withheld because a cached row, a replica or the rights of the account were out of date.',
  }),
  unnoted: new Counter({
    name: 'ip2a_audit_unnoted_total',
    help: 'Replies and errors that told of a record which their handler had not noted, and that were refused.',
  }),
  releasedLast: new Counter({
    name: 'ip2a_audit_released_last_total',
    help: 'Replies whose entries only the last hook of the server wrote: those that no interceptor sees, such as of @Res().',
  }),
  batchSize: new Histogram({
    name: 'ip2a_audit_batch_entries',
    help: 'Entries that shared one commit.',
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  }),
  breakGlass: new Counter({ name: 'ip2a_break_glass_total', help: 'Records shown by break-glass.' }),
  openReviews: new Gauge({
    name: 'ip2a_break_glass_reviews_open',
    aggregator: 'max',
    help: 'Uses of break-glass that nobody has reviewed; NaN while the database can not say.',
  }),
  monthsAhead: new Gauge({
    name: 'ip2a_audit_partition_months_ahead',
    aggregator: 'min',
    help: 'Whole months after the current one that have their partition; NaN while the database can not say.',
  }),
  weaknesses: new Gauge({
    name: 'ip2a_audit_weaknesses',
    aggregator: 'max',
    help: 'Ways in which the ledger is weaker than promised, named by /health/ready; NaN while the database can not say.',
  }),
  queueDepth: new Gauge({ name: 'ip2a_audit_queue_depth', help: 'Entries that wait for a commit.' }),
};
