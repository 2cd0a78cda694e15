import { Counter, Gauge } from 'prom-client';

/** What an operator watches of the archive. */
export const archiveMetrics = {
  oldestHot: new Gauge({
    name: 'ip2a_archive_oldest_hot_seconds',
    aggregator: 'max',
    help: 'How old the oldest entry is that is still in PostgreSQL; NaN while the database can not say.',
  }),
  lastSuccess: new Gauge({
    name: 'ip2a_archive_last_success_timestamp_seconds',
    aggregator: 'max',
    help: 'When a run of the archive last ended without a failure, in seconds since 1970.',
  }),
  failures: new Counter({
    name: 'ip2a_archive_failures_total',
    help: 'Months that could not be archived when their time had come.',
  }),
  entries: new Counter({ name: 'ip2a_archive_entries_total', help: 'Entries that left PostgreSQL.' }),
  bytes: new Counter({ name: 'ip2a_archive_bytes_total', help: 'Bytes of objects that were stored.' }),
};
