import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { GcraStorage } from './gcra-storage';

/** Tells readiness about the rate limits. */
@Injectable()
export class ThrottlingHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly storage: GcraStorage,
  ) {}

  /** Says nothing while limits are exact. */
  limits(): HealthIndicatorResult {
    const { fault } = this.storage;
    return fault ? this.indicators.check('limits').degraded({ detail: fault }) : {};
  }
}
