export { cacheScripts } from './cache-scripts';
export { countRequest, type CacheResult } from './cache.metrics';
export { SharedCache, type CachedRecord, type Grant } from './shared-cache';
export { SharedReadings } from './shared-readings';
