export { RedisAwayError, RedisConnection } from './redis-connection';
