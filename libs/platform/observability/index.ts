export { JsonLogger } from './logger';
export { metricsMediaType, metricsOfProcess, metricsText, requestSeconds } from './metrics';
