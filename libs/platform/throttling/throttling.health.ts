import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { RateLimiter } from './rate-limiter';

/** Tells readiness about the rate limits. */
@Injectable()
export class ThrottlingHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly limiter: RateLimiter,
  ) {}

  /** Says nothing while limits are exact. */
  limits(): HealthIndicatorResult {
    const { fault } = this.limiter;
    return fault ? this.indicators.check('limits').degraded({ detail: fault }) : {};
  }
}
