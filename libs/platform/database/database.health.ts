import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Database } from './database';

/** Tells readiness about the primary and its replicas. */
@Injectable()
export class DatabaseHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly database: Database,
  ) {}

  /**
   * Runs the checks that read the database one after the other, so that they take one connection from the requests. A
   * check that throws marks the database as down, and the checks after it are left out.
   */
  async check(reads: readonly (() => Promise<HealthIndicatorResult>)[]): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('database');
    const results: HealthIndicatorResult = {};
    try {
      for (const read of reads) Object.assign(results, await read());
      return { ...indicator.up(), ...results };
    } catch (error) {
      return { ...indicator.down({ detail: (error as Error).message }), ...results };
    }
  }

  /** Says nothing while every replica is used: without one, the primary answers. */
  replicas(): HealthIndicatorResult {
    const faults = this.database.replicaFaults;
    return faults.length > 0 ? this.indicators.check('replicas').degraded({ detail: faults.join('; ') }) : {};
  }
}
