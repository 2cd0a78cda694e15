import { z } from 'zod';
import { fields } from '#platform/http';
import { listOf, listQuery, viewOf } from '#records';
import { STEP_OUTCOMES } from './grievance-step-record.entity';
import { GRIEVANCE_STATUSES, STEPS } from './grievance.entity';

const sent = {
  memberId: fields.id.describe('Who was wronged.'),
  employerId: fields.id.describe('By whom: an organization of type employer.'),
  filedDate: fields.day.meta({ examples: ['2026-05-04'] }),
  incidentDate: fields.day
    .nullish()
    .describe('Not after the day of filing.')
    .meta({ examples: ['2026-04-28'] }),
  contractArticle: fields
    .text(50)
    .nullish()
    .meta({ examples: ['Art. 12.3'] }),
  violationDescription: fields
    .longText(20_000)
    .nullish()
    .meta({ examples: ['Overtime was not offered by seniority.'] }),
  remedySought: fields
    .longText(20_000)
    .nullish()
    .meta({ examples: ['Pay for eight hours at the overtime rate.'] }),
  assignedRepId: fields.id.nullish().describe('The user who represents the member.'),
  notes: fields.longText(20_000).nullish().describe('For the office.'),
};
const working = z
  .enum(['open', 'investigation', 'hearing'])
  .describe('What goes on now. It ends by settling, withdrawing or closing.');
const status = z.enum(GRIEVANCE_STATUSES).describe('How it stands.');
const currentStep = z.enum(STEPS).describe('The step that is to be recorded next, or was recorded last.');
const grievanceNumber = z
  .string()
  .regex(/^GR-\d{4}-\d{4,6}$/, 'must be such as GR-2026-0042')
  .describe('Made by the server: the year it was filed, and a count within the year.')
  .meta({ examples: ['GR-2026-0042'] });
const resolution = fields.longText(20_000).meta({ examples: ['Eight hours were paid.'] });
const settlementAmount = fields.money.describe('Dollars, as text.').meta({ examples: ['416.00'] });

export const CreateGrievance = z.strictObject(sent).meta({ id: 'CreateGrievance' });
export type CreateGrievance = z.infer<typeof CreateGrievance>;
const { memberId: _memberId, ...changeable } = sent;
export const UpdateGrievance = z
  .strictObject({ ...changeable, status: working })
  .partial()
  .meta({ id: 'UpdateGrievance' });
export type UpdateGrievance = z.infer<typeof UpdateGrievance>;

/** How a grievance ends: the facts of it. */
export const Resolution = z
  .strictObject({
    resolution,
    resolutionDate: fields.day
      .optional()
      .describe('Today, where it is not sent.')
      .meta({ examples: ['2026-07-01'] }),
    settlementAmount: settlementAmount.optional(),
  })
  .meta({ id: 'GrievanceResolution' });
export type Resolution = z.infer<typeof Resolution>;

export const CloseGrievance = Resolution.partial().meta({
  id: 'CloseGrievance',
  description:
    'Of a grievance that goes on, the resolution is required. Of one that has ended, nothing that is on record changes.',
});
export type CloseGrievance = z.infer<typeof CloseGrievance>;

export const GrievanceView = viewOf(
  'GrievanceView',
  {
    ...sent,
    currentStep,
    status,
    resolution: resolution.nullable().describe('How it ended; null until then.'),
    resolutionDate: fields.day.nullable().meta({ examples: ['2026-07-01'] }),
    settlementAmount: settlementAmount.nullable().describe('Dollars, as text; null where nothing was paid.'),
  },
  { made: { grievanceNumber }, restricted: ['notes'], isSoft: true },
);
export const GrievancePage = listOf(GrievanceView, 'GrievancePage');
export const ByGrievanceNumber = z.strictObject({
  number: z
    .string()
    .trim()
    .regex(/^[Gg][Rr]-\d{4}-\d{4,6}$/, 'must be such as GR-2026-0042')
    .toUpperCase()
    .describe('The number of the grievance, in any case.')
    .meta({ examples: ['GR-2026-0042'] }),
});

const filtersWithin = {
  status: status.optional().describe('Grievances that stand so.'),
  currentStep: currentStep.optional().describe('Grievances at this step.'),
  employerId: fields.idText.optional().describe('Grievances against this employer.'),
  from: fields.day.optional().describe('Grievances filed from this day on.'),
  to: fields.day.optional().describe('Grievances filed up to this day.'),
};
export const grievanceFilters = {
  memberId: fields.idText.optional().describe('Grievances of this member.'),
  assignedRepId: fields.idText.optional().describe('Grievances that this user represents.'),
  ...filtersWithin,
};
export const GRIEVANCE_SORTS = ['id', 'grievanceNumber', 'filedDate', 'status'] as const;
export const GrievancesOfMember = listQuery(GRIEVANCE_SORTS, filtersWithin);

const step = {
  stepNumber: z.int().min(1).max(4).describe('From 1 to 4, which is arbitration.'),
  meetingDate: fields.day.meta({ examples: ['2026-05-20'] }),
  unionAttendees: fields
    .longText(2_000)
    .nullish()
    .meta({ examples: ['Rosa Delgado, Grace Okafor'] }),
  employerAttendees: fields
    .longText(2_000)
    .nullish()
    .meta({ examples: ['Dana Reyes'] }),
  outcome: z
    .enum(STEP_OUTCOMES)
    .describe(
      '`advanced` moves to the next step, `settled` ends the grievance and is for those who decide grievances.',
    ),
  notes: fields.longText(20_000).nullish().describe('For the office.'),
};
export const RecordStep = z
  .strictObject({ ...step, stepNumber: step.stepNumber.optional().describe('The next one, where it is not sent.') })
  .meta({ id: 'RecordGrievanceStep' });
export type RecordStep = z.infer<typeof RecordStep>;
const { stepNumber: _stepNumber, ...correctable } = step;
export const CorrectStep = z.strictObject(correctable).partial().meta({ id: 'CorrectGrievanceStep' });
export type CorrectStep = z.infer<typeof CorrectStep>;
export const StepView = viewOf(
  'GrievanceStepView',
  { grievanceId: fields.id.describe('The grievance.'), ...step },
  { restricted: ['notes'], isSoft: true },
);
export const StepIds = z.strictObject({
  id: fields.idText.describe('The id of the grievance.'),
  stepId: fields.idText.describe('The id of the step.'),
});
export type StepIds = z.infer<typeof StepIds>;
export const StepPage = listOf(StepView, 'GrievanceStepPage');
export const StepQuery = listQuery(['stepNumber', 'id'], {});
