export { RedisAwayError, RedisConnection } from './redis-connection';
export { RedisScript } from './redis-script';
