export { networkOf } from './address';
export { limiterOf } from './limiter-of';
export { RateLimiter, throttlingHeaders, tooMany, type Bucket, type Verdict } from './rate-limiter';
