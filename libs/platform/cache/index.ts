export { countRequest } from './cache.metrics';
export { TieredCache } from './tiered-cache';
