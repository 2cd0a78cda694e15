import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Database } from '#platform/database';
import { PartitionsTask } from './partitions.task';
import { weaknessesOf } from './weaknesses';

/** Tells readiness about the table of entries. Its checks throw where the database does not answer. */
@Injectable()
export class AuditHealth {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly database: Database,
    private readonly partitionsTask: PartitionsTask,
  ) {}

  async partitions(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('partitions');
    const months = await this.partitionsTask.monthsAhead();
    const detail = `${months} months ahead`;
    return months > 0 ? indicator.up({ detail }) : indicator.degraded({ detail });
  }

  /** P4: the role that serves requests may add entries and read them, nothing else, and what protects them is in place. */
  async grants(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('grants');
    const [may] = await this.database.query<{ write: boolean }>(
      undefined,
      `SELECT has_function_privilege(oid, 'EXECUTE') AND has_any_column_privilege(proowner, 'audit_logs', 'INSERT') AS write
       FROM pg_proc WHERE oid = 'audit_append(json)'::regprocedure`,
    );
    if (!may?.write) {
      return indicator.down({
        detail: 'entries cannot be written: EXECUTE on audit_append is missing, or the owner’s INSERT',
      });
    }
    const weaknesses = await this.weaknesses();
    return weaknesses.length > 0 ? indicator.degraded({ detail: weaknesses.join('; ') }) : indicator.up();
  }

  /** Ways in which the ledger is weaker than promised, in sentences for an operator. */
  weaknesses(): Promise<string[]> {
    return weaknessesOf((sql, values) => this.database.query(undefined, sql, values));
  }
}
