export { Database, connectionWaitMs } from './database';
export { makePartitions, migrate } from './migrate';
export { snake, SnakeNaming } from './naming';
export { translateError } from './pg-errors';
