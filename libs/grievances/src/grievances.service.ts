import { Injectable } from '@nestjs/common';
import { holds, PersonsService } from '#access';
import { Calendar, DomainError, invalid } from '#kernel';
import { mustBeEmployer } from '#organizations';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records, type Verbs } from '#records';
import type { GrievanceStepRecord } from './grievance-step-record.entity';
import type {
  CloseGrievance,
  CorrectStep,
  CreateGrievance,
  RecordStep,
  Resolution,
  StepIds,
  UpdateGrievance,
} from './grievance.dto';
import { STEPS, type Grievance } from './grievance.entity';
import { grievances, steps } from './grievance.resource';

const final: readonly Grievance['status'][] = ['settled', 'withdrawn', 'closed'];

type Taken = Pick<GrievanceStepRecord, 'stepNumber' | 'meetingDate' | 'outcome'>;
type HeldStep = Taken & Pick<GrievanceStepRecord, 'id' | 'statusBefore'>;

/** Grievances, from the filing over their steps to the end. */
@Injectable()
export class GrievancesService implements Verbs<CreateGrievance, UpdateGrievance> {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly persons: PersonsService,
    private readonly calendar: Calendar,
  ) {}

  create(context: RequestContext, grievance: CreateGrievance): Promise<Rendered> {
    return this.records.create(context, grievances, grievance, {
      prepare: async () => {
        await mustBeEmployer(context, this.database, grievance.employerId, '/employerId');
        return { grievanceNumber: await this.nextNumber(context, grievance.filedDate.slice(0, 4)) };
      },
    });
  }

  /** A grievance that has ended takes notes and nothing else. */
  update(context: RequestContext, id: number, patch: UpdateGrievance, ifMatch?: string[]): Promise<Rendered> {
    const { notes: _notes, ...facts } = patch;
    return this.database.transaction(context, async () => {
      if (Object.keys(facts).length > 0) {
        const held = await this.hold(context, id, ifMatch);
        mustGoOn(held);
        if (patch.status && held.status === 'arbitration')
          throw notAllowed('A grievance in arbitration stays there until it ends.');
      }
      await mustBeEmployer(context, this.database, patch.employerId, '/employerId');
      return this.records.update(context, grievances, id, patch, ifMatch);
    });
  }

  /** Records what came of the next step, and moves the grievance by it. That it was settled is for those who decide. */
  async recordStep(context: RequestContext, grievanceId: number, step: RecordStep): Promise<Rendered> {
    refuseSettling(context, grievanceId, step);
    let grievance: Grievance;
    let stepNumber: number;
    const prepare = async () => {
      grievance = await this.hold(context, grievanceId);
      await this.refuseOwn(context, grievance);
      mustGoOn(grievance);
      const [last] = await this.lastSteps(context, grievanceId);
      stepNumber = (last?.stepNumber ?? 0) + 1;
      if (stepNumber > STEPS.length)
        throw notAllowed('Every step is recorded; the grievance can be settled, withdrawn or closed.');
      if (step.stepNumber !== undefined && step.stepNumber !== stepNumber) {
        throw notAllowed(`Step ${stepNumber} is the next one to be recorded.`);
      }
      mustFollow({ ...step, stepNumber }, grievance, last);
      return { stepNumber, statusBefore: grievance.status };
    };
    const also = () =>
      this.records.set(context, grievances, grievanceId, standingAfter({ ...step, stepNumber }, grievance.status));
    return this.records.create(context, steps, { ...step, grievanceId }, { prepare, also });
  }

  /** Corrects the last step; the grievance moves as if the step had been recorded so. */
  correctStep(context: RequestContext, ids: StepIds, patch: CorrectStep, ifMatch?: string[]): Promise<Rendered> {
    refuseSettling(context, ids.id, patch);
    return this.database.transaction(context, async () => {
      const { grievance, step, before, status } = await this.openStep(context, ids, ifMatch);
      const corrected = { ...step, ...patch };
      mustFollow(corrected, grievance, before);
      await this.records.set(context, grievances, ids.id, standingAfter(corrected, status));
      return this.records.update(context, steps, ids.stepId, patch, ifMatch);
    });
  }

  /** Strikes the last step, which stays on record; the grievance stands again as it did before. */
  strikeStep(context: RequestContext, ids: StepIds, ifMatch?: string[]): Promise<void> {
    return this.database.transaction(context, async () => {
      const { before, status } = await this.openStep(context, ids, ifMatch);
      const back = before ? reached(before) : 1;
      const change = { status, currentStep: STEPS[back - 1], resolutionDate: null };
      await this.records.set(context, grievances, ids.id, change);
      await this.records.remove(context, steps, ids.stepId, ifMatch);
    });
  }

  settle(context: RequestContext, id: number, facts: Resolution): Promise<Rendered> {
    return this.end(context, id, 'settled', facts);
  }

  withdraw(context: RequestContext, id: number, facts: Resolution): Promise<Rendered> {
    return this.end(context, id, 'withdrawn', facts);
  }

  /**
   * Ends one that goes on; or files one that was settled or withdrawn, when everything that followed is done. How that ended stays as
   * it is on record, and facts that are not on record yet are added.
   */
  close(context: RequestContext, id: number, facts: CloseGrievance): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      const held = await this.hold(context, id);
      await this.refuseOwn(context, held);
      if (held.status === 'closed') throw ended(held);
      if (!final.includes(held.status)) return this.conclude(context, id, 'closed', facts);
      const changed = Object.entries(facts).filter(([fact, value]) => {
        const known = held[fact as keyof CloseGrievance];
        return known !== null && !isSame(known, value);
      });
      if (changed.length > 0) {
        const named = changed.map(([fact]) => fact).join(', ');
        throw notAllowed(`How a ${held.status} grievance ended stays on record; close it without ${named}.`);
      }
      return this.records.apply(context, grievances, id, { ...facts, status: 'closed' });
    });
  }

  private end(
    context: RequestContext,
    id: number,
    status: 'settled' | 'withdrawn',
    facts: Resolution,
  ): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      const held = await this.hold(context, id);
      await this.refuseOwn(context, held);
      mustGoOn(held);
      return this.conclude(context, id, status, facts);
    });
  }

  private conclude(
    context: RequestContext,
    id: number,
    status: 'settled' | 'withdrawn' | 'closed',
    facts: CloseGrievance,
  ): Promise<Rendered> {
    if (facts.resolution === undefined) throw invalid('/resolution', 'is required, because it has not ended yet');
    const resolutionDate = facts.resolutionDate ?? this.calendar.today();
    return this.records.apply(context, grievances, id, { ...facts, resolutionDate, status });
  }

  /**
   * The last step, which nothing followed, with the one before it; and how the grievance would stand without it: as it does now, unless
   * the step is why it is settled or in arbitration.
   */
  private async openStep(context: RequestContext, { id, stepId }: StepIds, ifMatch?: string[]) {
    const grievance = await this.hold(context, id);
    await this.refuseOwn(context, grievance);
    const held = await this.records.hold<HeldStep & { grievanceId: number }>(context, steps, stepId, { ifMatch });
    if (held.grievanceId !== id) throw new DomainError('record.not-found', 'There is no such step.');
    refuseSettling(context, id, held);
    const [last, before] = await this.lastSteps(context, id);
    if (last?.id !== stepId) throw notAllowed('Another step followed this one, so it stays as it is.');
    if (held.outcome !== 'settled') mustGoOn(grievance);
    else if (grievance.status !== 'settled') throw ended(grievance);
    const isMoved = ['settled', 'arbitration'].includes(grievance.status);
    return { grievance, step: last, before, status: isMoved ? statusBefore(last, before) : grievance.status };
  }

  private hold(context: RequestContext, id: number, ifMatch?: string[]): Promise<Grievance> {
    return this.records.hold<Grievance>(context, grievances, id, { ifMatch });
  }

  /** Whoever is or was the member, by any account, does not decide what comes of it. */
  private refuseOwn(context: RequestContext, { id, memberId }: Grievance): Promise<void> {
    return this.persons.refuseOwn(context, { memberId }, 'Nobody decides a grievance of their own.', {
      tableName: 'grievances',
      recordId: id,
    });
  }

  /** The last step and the one before it, where there are such. */
  private async lastSteps(context: RequestContext, grievanceId: number): Promise<HeldStep[]> {
    const last = await this.database.query<HeldStep>(
      context,
      `SELECT id, step_number AS "stepNumber", meeting_date::text AS "meetingDate", outcome, status_before AS "statusBefore"
       FROM grievance_step_records WHERE grievance_id = $1 AND deleted_at IS NULL ORDER BY step_number DESC LIMIT 2`,
      [grievanceId],
    );
    if (last.length > 0) context.consider({ tableName: 'grievance_step_records', ids: last.map(({ id }) => id) });
    return last;
  }

  /** Counted under a lock until the commit, so that no number is given twice and none is lost to a rollback. */
  private async nextNumber(context: RequestContext, year: string): Promise<string> {
    await this.database.query(context, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`grievances ${year}`]);
    const [last] = await this.database.query<{ count: number }>(
      context,
      `SELECT coalesce(max(substr(grievance_number, 9)::integer), 0) AS count FROM grievances
       WHERE grievance_number LIKE $1`,
      [`GR-${year}-%`],
    );
    return `GR-${year}-${String((last?.count ?? 0) + 1).padStart(4, '0')}`;
  }
}

/** An advance makes the next step the current one; otherwise it is the step that was recorded. */
function reached({ stepNumber, outcome }: Taken): number {
  return outcome === 'advanced' ? stepNumber + 1 : stepNumber;
}

/** How a grievance stands after a step that was recorded while it had this status. */
function standingAfter(step: Taken, status: Grievance['status']) {
  const currentStep = STEPS[reached(step) - 1];
  if (step.outcome === 'settled') return { status: 'settled', resolutionDate: step.meetingDate, currentStep };
  return { status: currentStep === 'arbitration' ? 'arbitration' : status, resolutionDate: null, currentStep };
}

/** Older steps do not say how the grievance stood. */
function statusBefore(step: HeldStep, before: HeldStep | undefined): Grievance['status'] {
  return step.statusBefore ?? (before && STEPS[reached(before) - 1] === 'arbitration' ? 'arbitration' : 'open');
}

function mustFollow(step: Taken, { filedDate }: Grievance, last: Taken | undefined): void {
  if (step.outcome === 'advanced' && step.stepNumber === STEPS.length) {
    throw notAllowed('Nothing follows on arbitration: it is denied or settled.');
  }
  if (step.meetingDate < filedDate) throw invalid('/meetingDate', 'must not be before the filing');
  if (last && step.meetingDate < last.meetingDate) throw invalid('/meetingDate', 'must not be before the last step');
}

function refuseSettling({ actor }: RequestContext, grievanceId: number, { outcome }: CorrectStep): void {
  if (outcome !== 'settled' || (actor && holds(actor, 'grievances:decide'))) return;
  throw new DomainError('access.denied', 'A grievance is settled by those who decide grievances.', {
    refused: { tableName: 'grievances', recordId: grievanceId },
  });
}

function mustGoOn(held: Grievance): void {
  if (final.includes(held.status)) throw ended(held);
}

/** Amounts are the same by value: "416" is "416.00". */
function isSame(known: string, sent: string): boolean {
  return known === sent || (/^[\d.]+$/.test(known) && Number(known) === Number(sent));
}

function notAllowed(detail: string): DomainError {
  return new DomainError('workflow.not-allowed', detail);
}

function ended({ status }: Grievance): DomainError {
  return notAllowed(
    status === 'closed'
      ? 'A closed grievance is final.'
      : `A grievance that was ${status} can be closed, nothing else.`,
  );
}
