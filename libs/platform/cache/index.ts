export { cacheScripts } from './cache-scripts';
export { countRequest } from './cache.metrics';
export { SharedCache, type Grant } from './shared-cache';
export { SharedReadings } from './shared-readings';
