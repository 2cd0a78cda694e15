import { Injectable } from '@nestjs/common';
import { Calendar } from '#kernel';
import { PersonsService } from '#access';
import type { RequestContext } from '#platform/context';
import { asOwner, Database } from '#platform/database';
import { AttachmentObjects, objectKinds } from './attachment-objects';
import type { Check, Issue, Kind, OnProgress, Outcome } from './check';
import { checksOn } from './checks';
import { choicesOf, isDecidable, type Choice } from './choices';
import type { Mend } from './mend';
import { constraintsOf, existingConstraints, type Constraint, type LiftedConstraint } from './constraints';
import { ledgerChecks } from './ledger-check';

/** A check reads whole tables. */
const checkMs = 600_000;
/** Issues that are read, or told, at a time. */
const batch = 1_000;
/** Issues that one reply lists. */
const maxListed = 1_000;
/** Rows that are named as being in the way of a constraint. */
const maxNamed = 20;
/** How long a table that is in use is waited for, in ms, before a constraint is put back: everybody else waits behind. */
const constraintLockMs = 2_000;

export interface CheckOptions {
  /** Whether attachments are compared with the object store, all of which is read for it. */
  files: boolean;
  onProgress?: OnProgress;
  /** Sees every issue, up to 1,000 at a time. */
  onIssues?: (issues: Issue[]) => void | Promise<void>;
}

export interface CheckReport {
  critical: number;
  warning: number;
  info: number;
  kinds: (Kind & { found: number })[];
}

export interface RepairOptions {
  dryRun: boolean;
  onProgress?: OnProgress;
  onRepair?: (issue: Issue) => void | Promise<void>;
}

export interface RepairReport {
  dryRun: boolean;
  kinds: (Kind & {
    /** Whether there is only one answer. */
    automatic: boolean;
    found: number;
    repaired: number;
    left: number;
  })[];
  repaired: number;
  /** Critical issues that are still there, those for a person included. */
  criticalLeft: number;
  /** Constraints that somebody has lifted, as the defects of the stress data set need it. */
  lifted: LiftedConstraint[];
}

export interface Question {
  issue: Issue;
  choices: Choice[];
}

/** Looks for records that contradict the rules or one another, and mends those for which there is only one answer. */
@Injectable()
export class IntegrityService {
  constructor(
    private readonly database: Database,
    private readonly objects: AttachmentObjects,
    private readonly persons: PersonsService,
    private readonly calendar: Calendar,
  ) {}

  /** Every issue, kind by kind. Memory does not grow with their number. */
  async *issues(context: RequestContext, { files, onProgress }: CheckOptions): AsyncGenerator<Issue> {
    context.takeTime();
    const { checks } = this;
    for (const [index, check] of checks.entries()) {
      yield* this.found(context, check);
      onProgress?.('rules', index + 1, checks.length);
    }
    if (files) yield* this.objects.issues(context, onProgress);
  }

  /** What there is, counted. */
  async check(context: RequestContext, options: CheckOptions): Promise<CheckReport> {
    const { onIssues = () => {} } = options;
    const kinds = [...this.checks, ...(options.files ? objectKinds : [])];
    const report: CheckReport = {
      ...{ critical: 0, warning: 0, info: 0 },
      kinds: kinds.map(({ kind, severity, table }) => ({ kind, severity, table, found: 0 })),
    };
    let issues: Issue[] = [];
    for await (const issue of this.issues(context, options)) {
      report[issue.severity] += 1;
      const counted = report.kinds.find((other) => isSame(other, issue));
      if (counted) counted.found += 1;
      issues.push(issue);
      if (issues.length < batch) continue;
      await onIssues(issues);
      issues = [];
    }
    await onIssues(issues);
    return report;
  }

  /** The same with the first issues. The records of all of them, which it counts, go on the record as shown. */
  async list(context: RequestContext, { files }: { files: boolean }): Promise<CheckReport & { issues: Issue[] }> {
    const issues: Issue[] = [];
    const counted: IssueRecord[] = [];
    const onIssues = (more: Issue[]) => {
      issues.push(...more.slice(0, maxListed - issues.length));
      counted.push(...more.map(recordOf));
    };
    const report = await this.check(context, { files, onIssues });
    discloseIssues(context, counted);
    return { ...report, issues };
  }

  /**
   * Mends what can be mended, each issue in a transaction of its own; it counts once the check no longer finds it. Records of the
   * member who asks are left for somebody else.
   */
  async repair(context: RequestContext, { dryRun, onProgress, onRepair }: RepairOptions): Promise<RepairReport> {
    context.takeTime();
    context.demandReason();
    const counted: IssueRecord[] = [];
    const report: RepairReport = { dryRun, kinds: [], repaired: 0, criticalLeft: 0, lifted: [] };
    const { checks } = this;
    const owns = await this.persons.owning(context);
    for (const [index, check] of checks.entries()) {
      const { kind, table, severity, repair } = check;
      const sums = { kind, table, severity, automatic: repair !== undefined, found: 0, repaired: 0, left: 0 };
      for await (const issue of this.found(context, check)) {
        const { id } = issue;
        const outcome = dryRun || id === null || owns(table, id) ? 'left' : await this.mend(context, check, id, repair);
        if (outcome === 'gone') continue;
        sums.found += 1;
        sums[outcome] += 1;
        if (outcome === 'repaired') await onRepair?.(issue);
        else counted.push(recordOf(issue));
      }
      report.kinds.push(sums);
      report.repaired += sums.repaired;
      if (severity === 'critical') report.criticalLeft += sums.left;
      onProgress?.('rules', index + 1, checks.length);
    }
    discloseIssues(context, counted);
    report.lifted = await this.lifted(context);
    return report;
  }

  /** The issues that are for a person, and what may be answered to each. */
  async *questions(context: RequestContext, onProgress?: OnProgress): AsyncGenerator<Question> {
    context.takeTime();
    for (const check of this.checks.filter(({ kind }) => isDecidable(kind))) {
      for await (const issue of this.found(context, check)) yield { issue, choices: choicesOf(issue) };
    }
    for await (const issue of this.objects.issues(context, onProgress)) yield { issue, choices: choicesOf(issue) };
  }

  /** Does what was answered, as one change on record; it counts once the check no longer finds the issue. */
  async decide(context: RequestContext, issue: Issue, { mend }: Choice): Promise<Outcome> {
    const { id } = issue;
    if (id === null || !mend) return this.objects.destroy(context, issue);
    const check = this.checks.find((other) => isSame(other, issue));
    if (check) return this.mend(context, check, id, mend);
    if (!(await this.objects.stands(context, issue))) return 'gone';
    await this.database.transaction(context, () => mend(this.database.manager(context), id));
    return (await this.objects.stands(context, issue)) ? 'left' : 'repaired';
  }

  /** What the entities declare and the database lacks, with the first rows in the way. All of them go on the record as shown. */
  async lifted(context: RequestContext): Promise<LiftedConstraint[]> {
    const lifted: LiftedConstraint[] = [];
    for (const { table, name, inTheWay } of await this.missing(context)) {
      const [row] = await this.database.query<{ ids: number[] }>(
        context,
        `SELECT coalesce(array_agg(t.id ORDER BY t.id), '{}') AS ids FROM ${table} t WHERE ${inTheWay}`,
        [],
        checkMs,
      );
      const { ids = [] } = row ?? {};
      lifted.push({ table, name, count: ids.length, ids: ids.slice(0, maxNamed) });
      if (ids.length > 0) context.disclose({ tableName: table, ids, list: true, notes: `in the way of ${name}` });
    }
    return lifted;
  }

  /** Puts back, as the schema's owner and one after the other, the lifted constraints that hold now; returns them. */
  async restoreConstraints(context: RequestContext, ownerUrl: string): Promise<LiftedConstraint[]> {
    const lifted = await this.lifted(context);
    const holding = lifted.filter(({ count }) => count === 0);
    for (const { table, name, make } of await this.missing(context)) {
      if (!holding.some((other) => other.table === table && other.name === name)) continue;
      await asOwner(ownerUrl, context, async (client) => {
        await client.query(`SET LOCAL lock_timeout = '${constraintLockMs}ms'`);
        await client.query(make);
      });
    }
    return holding;
  }

  private async missing(context: RequestContext): Promise<Constraint[]> {
    const found = await this.database.query<{ key: string }>(context, existingConstraints);
    const keys = new Set(found.map(({ key }) => key));
    const declared = this.database.dataSource.entityMetadatas.flatMap(constraintsOf);
    return declared.filter(({ table, name }) => !keys.has(`${table} ${name}`));
  }

  private get checks(): Check[] {
    return [...checksOn(this.calendar.today()), ...ledgerChecks(this.database.dataSource.entityMetadatas)];
  }

  private async *found(context: RequestContext, { kind, severity, table, sql }: Check): AsyncGenerator<Issue> {
    let after = 0;
    let rows: { id: number; details: Record<string, unknown> }[];
    do {
      const page = `SELECT id, details FROM (${sql}) c WHERE id > $1 ORDER BY id LIMIT ${batch}`;
      rows = await this.database.query(context, page, [after], checkMs);
      for (const { id, details } of rows) yield { kind, severity, table, id, details };
      after = rows.at(-1)?.id ?? after;
    } while (rows.length === batch);
  }

  /** What was found may have been changed since, so the record is locked and looked at again first. */
  private async mend(context: RequestContext, check: Check, id: number, mend?: Mend): Promise<Outcome> {
    if (!mend) return 'left';
    return this.database.transaction(context, async () => {
      await this.database.query(context, `SELECT FROM ${check.table} WHERE id = $1 FOR UPDATE`, [id]);
      if (!(await this.stands(context, check, id))) return 'gone';
      await mend(this.database.manager(context), id);
      return (await this.stands(context, check, id)) ? 'left' : 'repaired';
    });
  }

  private async stands(context: RequestContext, { sql }: Check, id: number): Promise<boolean> {
    const rows = await this.database.query(context, `SELECT FROM (${sql}) c WHERE id = $1`, [id], checkMs);
    return rows.length > 0;
  }
}

/** Whose record an issue is about; of a file without a row it is nobody's. */
type IssueRecord = Pick<Issue, 'table' | 'id'>;

const recordOf = ({ table, id }: IssueRecord): IssueRecord => ({ table, id });

/** Notes that the records of these issues are shown, or counted. */
export function discloseIssues(context: RequestContext, issues: readonly IssueRecord[]): void {
  const shown = new Map<string, Set<number>>();
  for (const { table, id } of issues) {
    if (id !== null) shown.set(table, (shown.get(table) ?? new Set()).add(id));
  }
  for (const [tableName, ids] of shown) {
    context.disclose({ tableName, ids: [...ids], list: true, notes: 'integrity check' });
  }
}

function isSame(one: Kind, other: Kind): boolean {
  return one.kind === other.kind && one.table === other.table;
}
