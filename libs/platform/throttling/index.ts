export { networkOf } from './address';
export { gcraScript } from './gcra-script';
export { limiterOf } from './limiter-of';
export { RateLimiter, throttlingHeaders, tooMany, type Bucket, type Verdict } from './rate-limiter';
export { ThrottlingHealth } from './throttling.health';
