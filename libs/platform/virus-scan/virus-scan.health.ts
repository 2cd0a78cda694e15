import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { VirusScanner } from './virus-scanner';

/** Tells readiness about the virus scanner. */
@Injectable()
export class VirusScanHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly scanner: VirusScanner,
  ) {}

  /** Says nothing while uploads are scanned, or need not be. They alone wait for the scanner. */
  async uploads(): Promise<HealthIndicatorResult> {
    const fault = await this.scanner.fault();
    return fault ? this.indicators.check('uploads').degraded({ detail: fault }) : {};
  }
}
