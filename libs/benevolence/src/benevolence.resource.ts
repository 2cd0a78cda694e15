import { own, type Resource, type SortKey } from '#records';
import { BenevolenceApplication } from './benevolence-application.entity';
import { BenevolenceReview } from './benevolence-review.entity';
import { APPLICATION_SORTS, BenevolenceApplicationView, BenevolenceReviewView } from './benevolence.dto';

export const applications: Resource = {
  entity: BenevolenceApplication,
  noun: 'benevolence application',
  view: BenevolenceApplicationView,
  writePermission: 'benevolence:write',
  scopes: { self: (actor, bind) => `t.member_id = ${bind(actor.memberId ?? 0)}` },
  visible: { self: Object.keys(BenevolenceApplicationView.shape).filter((field) => field !== 'notes') },
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    applicationDate: { sql: 't.application_date', type: 'date' },
    amountRequested: { sql: 't.amount_requested', type: 'numeric' },
    status: { sql: 't.status', type: 'text' },
  } satisfies Record<(typeof APPLICATION_SORTS)[number], SortKey>,
  filters: {
    memberId: (id: number, bind) => `t.member_id = ${bind(id)}`,
    status: (status: string, bind) => `t.status = ${bind(status)}`,
    reason: (reason: string, bind) => `t.reason = ${bind(reason)}`,
    from: (day: string, bind) => `t.application_date >= ${bind(day)}::date`,
    to: (day: string, bind) => `t.application_date <= ${bind(day)}::date`,
  },
};

export const ownApplications = own(applications);

export const reviews: Resource = {
  entity: BenevolenceReview,
  noun: 'review',
  view: BenevolenceReviewView,
  writePermission: 'benevolence:review',
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    reviewDate: { sql: 't.review_date', type: 'date' },
  },
  filters: {
    applicationId: (id: number, bind) => `t.application_id = ${bind(id)}`,
    reviewerId: (id: number, bind) => `t.reviewer_id = ${bind(id)}`,
  },
};
