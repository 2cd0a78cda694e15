export { asOwner, bulkLoad, type BulkLoad, type BulkRow } from './bulk-load';
export { checkIn, checkOut } from './check-out';
export { attributionOf, connectionWaitMs, Database, longStatementMs } from './database';
export { makePartitions, migrate, roleOf } from './migrate';
export { snake, SnakeNaming } from './naming';
export { oneOf } from './one-of';
export { translateError } from './pg-errors';
export { momentSql } from './primary-moment';
export { SharedCall } from './shared-call';
