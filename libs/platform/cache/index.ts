export { countRequest } from './cache.metrics';
export { TieredCacheModule } from './cache.module';
export { TieredCache } from './tiered-cache';
