import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Check, Issue, Severity } from './check';
import { checks } from './checks';
import { ledgerChecks } from './ledger-check';

/** A check reads whole tables. */
const checkMs = 600_000;
/** Issues that are read at a time. */
const batch = 1_000;

export interface CheckReport {
  critical: number;
  warning: number;
  info: number;
  kinds: { kind: string; severity: Severity; table: string; found: number }[];
}

export interface RepairReport {
  dryRun: boolean;
  kinds: { kind: string; found: number; repaired: number; left: number }[];
  repaired: number;
  /** Critical issues that are still there, those for a person included. */
  criticalLeft: number;
}

/** Looks for records that contradict the rules or one another, and mends those for which there is only one answer. */
@Injectable()
export class IntegrityService {
  constructor(private readonly database: Database) {}

  get kinds(): Check[] {
    return [...checks, ...ledgerChecks(this.database.dataSource.entityMetadatas)];
  }

  /** Every issue, kind by kind. Memory does not grow with their number. */
  async *issues(context: RequestContext, only: (check: Check) => boolean = () => true): AsyncGenerator<Issue> {
    context.takeTime();
    for (const check of this.kinds.filter(only)) {
      let after = 0;
      let found: { id: number; details: Record<string, unknown> }[];
      do {
        found = await this.database.query(
          context,
          `SELECT id, details FROM (${check.sql}) c WHERE id > $1 ORDER BY id LIMIT ${batch}`,
          [after],
          checkMs,
        );
        for (const { id, details } of found) {
          yield { kind: check.kind, severity: check.severity, table: check.table, id, details };
        }
        after = found.at(-1)?.id ?? after;
      } while (found.length === batch);
    }
  }

  /** What there is, counted; `onIssue` sees each. The records named go on the record as shown. */
  async check(context: RequestContext, onIssue: (issue: Issue) => void = () => {}): Promise<CheckReport> {
    const report: CheckReport = { critical: 0, warning: 0, info: 0, kinds: [] };
    const shown = new Map<string, Set<number>>();
    for (const { kind, severity, table } of this.kinds) report.kinds.push({ kind, severity, table, found: 0 });
    for await (const issue of this.issues(context)) {
      report[issue.severity] += 1;
      const counted = report.kinds.find(({ kind, table }) => kind === issue.kind && table === issue.table);
      if (counted) counted.found += 1;
      shown.set(issue.table, (shown.get(issue.table) ?? new Set()).add(issue.id));
      onIssue(issue);
    }
    for (const [tableName, ids] of shown) {
      context.disclose({ tableName, ids: [...ids], list: true, notes: 'integrity check' });
    }
    return report;
  }

  /** Mends what can be mended, each issue in a transaction of its own; it counts once the check no longer finds it. */
  async repair(
    context: RequestContext,
    { dryRun, onRepair = () => {} }: { dryRun: boolean; onRepair?: (issue: Issue, isRepaired: boolean) => void },
  ): Promise<RepairReport> {
    const report: RepairReport = { dryRun, kinds: [], repaired: 0, criticalLeft: 0 };
    for (const check of this.kinds) {
      const counted = { kind: check.kind, found: 0, repaired: 0, left: 0 };
      for await (const issue of this.issues(context, (other) => other === check || isSame(other, check))) {
        counted.found += 1;
        const isRepaired = !dryRun && (await this.mend(context, check, issue.id));
        if (isRepaired) counted.repaired += 1;
        else counted.left += 1;
        onRepair(issue, isRepaired);
      }
      report.kinds.push(counted);
      report.repaired += counted.repaired;
      if (check.severity === 'critical') report.criticalLeft += counted.left;
    }
    return report;
  }

  private async mend(context: RequestContext, { repair, sql }: Check, id: number): Promise<boolean> {
    if (!repair) return false;
    return this.database.transaction(context, async () => {
      for (const statement of repair) await this.database.query(context, statement, [id], checkMs);
      const again = await this.database.query(context, `SELECT id FROM (${sql}) c WHERE id = $1`, [id], checkMs);
      return again.length === 0;
    });
  }
}

function isSame(one: Check, other: Check): boolean {
  return one.kind === other.kind && one.table === other.table;
}
