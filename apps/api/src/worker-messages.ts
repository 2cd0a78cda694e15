import type { MetricObjectWithValues, MetricValue } from 'prom-client';

/** The measurements of one process, as they are handed from one to another. */
export type Measured = MetricObjectWithValues<MetricValue<string>>[];

/** What a worker tells its supervisor. */
export type FromWorker =
  | { kind: 'serving'; url: string; accounts: string[] }
  | { kind: 'measured'; id: number; metrics: Measured }
  /** Somebody asked this worker for the measurements of all. */
  | { kind: 'metrics-wanted'; id: number };

/** What a supervisor tells a worker: to leave when nobody uses its connections, to stop now, to measure, and what all measured. */
export type ToWorker =
  | { kind: 'retire' }
  | { kind: 'stop' }
  | { kind: 'measure'; id: number }
  | { kind: 'metrics'; id: number; text: string };

/** Arguments of a worker: to make the first accounts, and that the database is the program's own. */
export const firstBootFlag = '--first-boot';
export const embeddedFlag = '--embedded';

/** Open requests get this long to finish after a signal, in ms. */
export const drainMs = 30_000;
