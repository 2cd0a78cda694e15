export { RedisConnection } from './redis-connection';
export { RedisScript } from './redis-script';
