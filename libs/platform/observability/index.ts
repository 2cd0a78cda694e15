export { Trace } from './trace';
export { Tracing } from './tracing';
export { JsonLogger } from './logger';
export { metricsMediaType, metricsOfProcess, metricsText, requestSeconds } from './metrics';
