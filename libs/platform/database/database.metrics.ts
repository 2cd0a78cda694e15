import { Gauge } from 'prom-client';

/** What an operator watches of the connections that requests share. */
export const databaseMetrics = {
  size: new Gauge({ name: 'ip2a_database_pool_size', help: 'Connections that requests may use (DATABASE_POOL_SIZE).' }),
  busy: new Gauge({ name: 'ip2a_database_pool_busy', help: 'Connections that are in use.' }),
  waiting: new Gauge({ name: 'ip2a_database_pool_waiting', help: 'Requests that wait for a connection.' }),
};
