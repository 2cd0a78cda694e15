import { z } from 'zod';
import { fields } from '#platform/http';
import { listOf, listQuery, viewOf } from '#records';
import { APPLICATION_STATUSES, PAYMENT_METHODS, REASONS } from './benevolence-application.entity';
import { DECISIONS, REVIEW_LEVELS } from './benevolence-review.entity';

const reason = z.enum(REASONS).describe('Why help is asked for.');
const status = z.enum(APPLICATION_STATUSES);
const amount = fields.money.refine((text) => Number(text) > 0, { error: 'must be more than 0' });
const asked = {
  applicationDate: fields.day.meta({ examples: ['2026-02-02'] }),
  reason,
  description: fields
    .longText(20_000)
    .nullish()
    .meta({ examples: ['Surgery; out of work for six weeks.'] }),
  amountRequested: amount.describe('Dollars, as text.').meta({ examples: ['1500.00'] }),
};
const notes = fields.longText(20_000).nullish().describe('For the office.');

export const CreateBenevolenceApplication = z
  .strictObject({
    memberId: fields.id.optional().describe('Who is to be helped; absent, it is the member whose account asks.'),
    ...asked,
    applicationDate: asked.applicationDate.optional().describe('Today, where it is not sent.'),
    notes,
  })
  .meta({ id: 'CreateBenevolenceApplication' });
export type CreateBenevolenceApplication = z.infer<typeof CreateBenevolenceApplication>;

export const UpdateBenevolenceApplication = z
  .strictObject({ ...asked, notes })
  .partial()
  .meta({ id: 'UpdateBenevolenceApplication' });
export type UpdateBenevolenceApplication = z.infer<typeof UpdateBenevolenceApplication>;

export const Payment = z
  .strictObject({
    paymentDate: fields.day.meta({ examples: ['2026-02-20'] }),
    paymentMethod: z.enum(PAYMENT_METHODS).describe('How it was paid.'),
  })
  .meta({ id: 'BenevolencePayment' });
export type Payment = z.infer<typeof Payment>;

export const BenevolenceApplicationView = viewOf(
  'BenevolenceApplicationView',
  {
    memberId: fields.id.describe('Who is to be helped.'),
    ...asked,
    status: status.describe('How far it is.'),
    approvedAmount: fields.money.nullable().describe('At most what was asked for; null until it is approved.'),
    paymentDate: fields.day.nullable().meta({ examples: ['2026-02-20'] }),
    paymentMethod: z.enum(PAYMENT_METHODS).nullable().describe('Null until it is paid.'),
    notes,
  },
  { restricted: ['notes'], isSoft: true },
);
export const BenevolenceApplicationPage = listOf(BenevolenceApplicationView, 'BenevolenceApplicationPage');

const filtersWithin = {
  status: status.optional().describe('Applications that are this far.'),
  reason: reason.optional(),
  from: fields.day.optional().describe('Applications from this day on.'),
  to: fields.day.optional().describe('Applications up to this day.'),
};
export const applicationFilters = {
  memberId: fields.idText.optional().describe('Applications for this member.'),
  ...filtersWithin,
};
export const APPLICATION_SORTS = ['id', 'applicationDate', 'amountRequested', 'status'] as const;
export const ApplicationsOfMember = listQuery(APPLICATION_SORTS, filtersWithin);

const review = {
  applicationId: fields.id.describe('The application.'),
  reviewLevel: z
    .enum(REVIEW_LEVELS)
    .describe('On whose level the reviewer decides. Each level is approved by another person.'),
  decision: z.enum(DECISIONS).describe('One denial denies; approvals count by level and by person.'),
  approvedAmount: amount
    .optional()
    .describe('With an approval: less than was asked for. The last one named before the approval is complete counts.'),
  reviewDate: fields.day.meta({ examples: ['2026-02-10'] }),
  comments: fields
    .longText(20_000)
    .nullish()
    .meta({ examples: ['Papers are complete.'] }),
};
export const CreateBenevolenceReview = z
  .strictObject({ ...review, reviewDate: review.reviewDate.optional().describe('Today, where it is not sent.') })
  .meta({ id: 'CreateBenevolenceReview' });
export type CreateBenevolenceReview = z.infer<typeof CreateBenevolenceReview>;
export const BenevolenceReviewView = viewOf(
  'BenevolenceReviewView',
  {
    reviewerId: fields.id.describe('The user who decided.'),
    ...review,
    approvedAmount: amount.nullable().describe('What the approval named; null where it named no amount.'),
  },
  { isSoft: false },
);
export const reviewFilters = {
  applicationId: fields.idText.optional().describe('Reviews of this application.'),
  reviewerId: fields.idText.optional().describe('Reviews by this user.'),
};
