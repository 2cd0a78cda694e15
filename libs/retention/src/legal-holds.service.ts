import { Injectable } from '@nestjs/common';
import { PersonsService } from '#access';
import { Clock, DomainError, invalid } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records, type Verbs } from '#records';
import type { CreateLegalHold, ReleaseLegalHold, UpdateLegalHold } from './legal-hold.dto';
import { legalHolds } from './legal-hold.resource';
import { mustBeOnRecord } from './tables-on-record';

interface Held extends Conditions {
  releasedAt: string | null;
}

type Conditions = Pick<CreateLegalHold, 'tableName' | 'recordId' | 'userId' | 'heldFrom' | 'heldTo' | 'everything'>;

/** Holds are placed, amended while they are active, and released once, for a reason. None is ever deleted. */
@Injectable()
export class LegalHoldsService implements Verbs<CreateLegalHold, UpdateLegalHold> {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly persons: PersonsService,
    private readonly clock: Clock,
  ) {}

  create(context: RequestContext, hold: CreateLegalHold): Promise<Rendered> {
    return this.records.create(context, legalHolds, hold, {
      prepare: async () => {
        mustBeMeant(hold);
        await this.mustExist(context, hold);
        return { placedBy: context.actor?.userId, placedAt: this.clock.now() };
      },
    });
  }

  update(context: RequestContext, id: number, patch: UpdateLegalHold, ifMatch?: string[]): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      const held = await this.mustBeActive(context, id, ifMatch);
      mustBeMeant({ ...held, ...patch });
      await this.mustExist(context, patch);
      return this.records.update(context, legalHolds, id, patch, ifMatch);
    });
  }

  release(context: RequestContext, id: number, { reason }: ReleaseLegalHold, ifMatch?: string[]): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      await this.mustBeActive(context, id, ifMatch);
      return this.records.apply(context, legalHolds, id, this.released(context, reason));
    });
  }

  /** Releases the hold for the reason that the request gives: 422 without one. */
  remove(context: RequestContext, id: number, ifMatch?: string[]): Promise<void> {
    const { reason } = context;
    if (!reason) throw invalid('/X-Access-Reason', 'A hold is released for a reason: say it in this header.');
    return this.database.transaction(context, async () => {
      await this.mustBeActive(context, id, ifMatch);
      await this.records.set(context, legalHolds, id, this.released(context, reason));
    });
  }

  private released(context: RequestContext, releaseReason: string): object {
    return { releaseReason, releasedBy: context.actor?.userId, releasedAt: this.clock.now() };
  }

  private async mustBeActive(context: RequestContext, id: number, ifMatch?: string[]): Promise<Held> {
    const held = await this.records.hold<Held>(context, legalHolds, id, { ifMatch });
    await this.refuseOwn(context, id, held);
    if (held.releasedAt === null) return held;
    throw new DomainError('workflow.not-allowed', 'This hold was released and stays as it was; place another one.');
  }

  /** A hold on what somebody did, or on a record of theirs, is another administrator's to amend or release. */
  private async refuseOwn(context: RequestContext, id: number, { userId, tableName, recordId }: Held): Promise<void> {
    const owns = await this.persons.owning(context);
    if (!owns('users', userId ?? 0) && !owns(tableName ?? '', recordId ?? 0)) return;
    throw new DomainError('access.denied', 'Nobody amends or releases a hold that concerns them.', {
      refused: { tableName: 'legal_holds', recordId: id },
    });
  }

  /** A misspelt table or a wrong number would hold nothing, and nobody would notice. */
  private async mustExist(context: RequestContext, { tableName, userId }: Partial<Conditions>): Promise<void> {
    if (tableName) mustBeOnRecord(this.database, tableName);
    if (!userId) return;
    const [user] = await this.database.query(context, 'SELECT FROM users WHERE id = $1', [userId]);
    if (user) return;
    throw new DomainError('reference.missing', 'A referenced record does not exist.', {
      errors: [{ pointer: '/userId', message: 'names no account, not even a removed one' }],
    });
  }
}

/** Refuses conditions that contradict one another, and a hold that nobody said is on everything. */
function mustBeMeant({ tableName, recordId, userId, heldFrom, heldTo, everything }: Conditions): void {
  const isNarrow = [tableName, recordId, userId, heldFrom, heldTo].some((condition) => (condition ?? null) !== null);
  if (everything && isNarrow) throw invalid('/everything', 'must be false where a table, a user or a time is named');
  if (!everything && !isNarrow) throw invalid('/everything', 'must be true where no table, user or time is named');
  if (recordId && !tableName) throw invalid('/tableName', 'is required with recordId');
  if (heldFrom && heldTo && Date.parse(heldFrom) >= Date.parse(heldTo)) {
    throw invalid('/heldTo', 'must be later than heldFrom');
  }
}
