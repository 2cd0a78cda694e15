export { JsonLogger } from './logger';
export { metricsMediaType, metricsText, requestSeconds } from './metrics';
