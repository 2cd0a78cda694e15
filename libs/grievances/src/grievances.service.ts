import { Injectable } from '@nestjs/common';
import { holds, PersonsService } from '#access';
import { Calendar, DomainError, invalid } from '#kernel';
import { mustBeEmployer } from '#organizations';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records, type Verbs } from '#records';
import type { CloseGrievance, CreateGrievance, RecordStep, Resolution, UpdateGrievance } from './grievance.dto';
import { STEPS, type Grievance } from './grievance.entity';
import { grievances, steps } from './grievance.resource';

const final: readonly Grievance['status'][] = ['settled', 'withdrawn', 'closed'];

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
    let grievance: Grievance;
    let stepNumber: number;
    if (step.outcome === 'settled' && !mayDecide(context)) {
      throw new DomainError('access.denied', 'A grievance is settled by those who decide grievances.', {
        refused: { tableName: 'grievances', recordId: grievanceId },
      });
    }
    const prepare = async () => {
      grievance = await this.hold(context, grievanceId);
      await this.refuseOwn(context, grievance);
      mustGoOn(grievance);
      const last = await this.lastStep(context, grievanceId);
      stepNumber = (last?.step ?? 0) + 1;
      if (stepNumber > STEPS.length)
        throw notAllowed('Every step is recorded; the grievance can be settled, withdrawn or closed.');
      if (step.stepNumber !== undefined && step.stepNumber !== stepNumber) {
        throw notAllowed(`Step ${stepNumber} is the next one to be recorded.`);
      }
      if (step.outcome === 'advanced' && stepNumber === STEPS.length) {
        throw notAllowed('Nothing follows on arbitration: it is denied or settled.');
      }
      if (step.meetingDate < grievance.filedDate) throw invalid('/meetingDate', 'must not be before the filing');
      if (last && step.meetingDate < last.metOn) throw invalid('/meetingDate', 'must not be before the last step');
      return { stepNumber };
    };
    const also = () => this.move(context, grievance, stepNumber, step);
    return this.records.create(context, steps, { ...step, grievanceId }, { prepare, also });
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

  /** The step that is recorded is the current one; after it, an advance makes the next one current. */
  private async move(context: RequestContext, { id, status }: Grievance, stepNumber: number, step: RecordStep) {
    const reached = step.outcome === 'advanced' ? stepNumber + 1 : stepNumber;
    const currentStep = STEPS[reached - 1];
    const change =
      step.outcome === 'settled'
        ? { status: 'settled', resolutionDate: step.meetingDate, currentStep }
        : { status: currentStep === 'arbitration' ? 'arbitration' : status, currentStep };
    await this.records.set(context, grievances, id, change);
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

  private async lastStep(context: RequestContext, grievanceId: number) {
    const [last] = await this.database.query<{ id: number; step: number; metOn: string }>(
      context,
      `SELECT id, step_number AS step, meeting_date::text AS "metOn" FROM grievance_step_records
       WHERE grievance_id = $1 ORDER BY step_number DESC LIMIT 1`,
      [grievanceId],
    );
    if (last) context.consider({ tableName: 'grievance_step_records', ids: [last.id] });
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

function mustGoOn(held: Grievance): void {
  if (final.includes(held.status)) throw ended(held);
}

function mayDecide({ actor }: RequestContext): boolean {
  return actor !== undefined && holds(actor, 'grievances:decide');
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
