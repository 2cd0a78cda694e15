import { Injectable } from '@nestjs/common';
import { PersonsService, scopeOf } from '#access';
import { Calendar, DomainError, invalid } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import type { Rendered } from '#platform/http';
import { Records, type Verbs } from '#records';
import type { BenevolenceApplication } from './benevolence-application.entity';
import type { CreateBenevolenceApplication, Payment, UpdateBenevolenceApplication } from './benevolence.dto';
import { applications } from './benevolence.resource';

type Status = BenevolenceApplication['status'];
type Target = Parameters<Records['hold']>[3];

/** What may be done with an application by its status: the message of a refusal says it. */
const possible: Record<Status, string> = {
  draft: 'A draft can be changed and submitted.',
  submitted: 'A submitted application can be reviewed.',
  under_review: 'An application under review can be reviewed.',
  approved: 'An approved application can be paid.',
  denied: 'A denied application is final.',
  paid: 'A paid application is final.',
};

/** Applications for help, from the draft to the payment. Reviews move them in between. */
@Injectable()
export class BenevolenceApplicationsService implements Verbs<
  CreateBenevolenceApplication,
  UpdateBenevolenceApplication
> {
  constructor(
    private readonly database: Database,
    private readonly records: Records,
    private readonly persons: PersonsService,
    private readonly calendar: Calendar,
  ) {}

  /** A draft, for any member where the office writes it; for oneself otherwise. */
  create(context: RequestContext, application: CreateBenevolenceApplication): Promise<Rendered> {
    const own = context.actor?.memberId ?? undefined;
    const memberId = application.memberId ?? own;
    if (memberId === undefined) throw invalid('/memberId', 'is required, because your account belongs to no member');
    if (context.actor && scopeOf(context.actor, 'benevolence:submit') !== 'all') {
      if (memberId !== own) {
        throw new DomainError('access.denied', 'You may ask for help for yourself only.', {
          refused: { tableName: 'members', recordId: memberId },
        });
      }
      if (application.notes) throw new DomainError('access.field-denied', 'Notes are for the office.');
    }
    const applicationDate = application.applicationDate ?? this.today();
    const record = { ...application, memberId, applicationDate };
    return this.records.create(context, applications, record, { request: application });
  }

  /** What was asked for may change while it is a draft; notes may always. */
  update(
    context: RequestContext,
    id: number,
    patch: UpdateBenevolenceApplication,
    ifMatch?: string[],
  ): Promise<Rendered> {
    const { notes: _notes, ...asked } = patch;
    if (Object.keys(asked).length === 0) return this.records.update(context, applications, id, patch, ifMatch);
    return this.database.transaction(context, async () => {
      mustBe(await this.hold(context, id, { ifMatch }), ['draft']);
      return this.records.update(context, applications, id, patch, ifMatch);
    });
  }

  submit(context: RequestContext, id: number): Promise<Rendered> {
    const permission = 'benevolence:submit';
    return this.database.transaction(context, async () => {
      mustBe(await this.hold(context, id, { permission }), ['draft']);
      return this.records.apply(context, applications, id, { status: 'submitted' }, { permission });
    });
  }

  pay(context: RequestContext, id: number, payment: Payment): Promise<Rendered> {
    return this.database.transaction(context, async () => {
      const held = await this.hold(context, id);
      await this.refuseOwn(context, held, 'pays');
      mustBe(held, ['approved']);
      return this.records.apply(context, applications, id, { ...payment, status: 'paid' });
    });
  }

  hold(context: RequestContext, id: number, target: Target = {}): Promise<BenevolenceApplication> {
    return this.records.hold<BenevolenceApplication>(context, applications, id, target);
  }

  /** Whoever is or was the applicant, by any account, does not decide. */
  refuseOwn(
    context: RequestContext,
    { id, memberId }: BenevolenceApplication,
    verb: 'reviews' | 'pays',
  ): Promise<void> {
    return this.persons.refuseOwn(context, { memberId }, `Nobody ${verb} an application of their own.`, {
      tableName: 'benevolence_applications',
      recordId: id,
    });
  }

  today(): string {
    return this.calendar.today();
  }
}

/** 409 that says what is possible where the application, which is held, has none of the statuses. */
export function mustBe({ status }: BenevolenceApplication, statuses: Status[]): void {
  if (!statuses.includes(status)) throw new DomainError('workflow.not-allowed', possible[status]);
}
