import { z } from 'zod';
import { fields } from '#platform/http';
import { viewOf } from '#records';
import { ACTIVITY_OUTCOMES, ACTIVITY_TYPES } from './salting-activity.entity';

const activityType = z.enum(ACTIVITY_TYPES).describe('What was done.');
const outcome = z.enum(ACTIVITY_OUTCOMES);
const contacted = z
  .int()
  .min(0)
  .max(1_000_000)
  .describe('How many workers were spoken to.')
  .meta({ examples: [12] });
const signed = z
  .int()
  .min(0)
  .max(1_000_000)
  .describe('How many signed a card; at most as many as were contacted.')
  .meta({ examples: [3] });
const sent = {
  memberId: fields.id.describe('The organizer.'),
  organizationId: fields.id.describe('The employer.'),
  activityType,
  activityDate: fields.day.meta({ examples: ['2026-04-17'] }),
  outcome: outcome.nullish().describe('How it went; null while it is open.'),
  location: fields
    .text(255)
    .nullish()
    .meta({ examples: ['Gate 4'] }),
  workersContacted: contacted,
  cardsSigned: signed,
  description: fields
    .longText(20_000)
    .nullish()
    .meta({ examples: ['Talked over lunch.'] }),
  notes: fields
    .longText(20_000)
    .nullish()
    .meta({ examples: ['Come back after the holiday.'] }),
};

export const CreateSaltingActivity = z
  .strictObject({ ...sent, workersContacted: contacted.default(0), cardsSigned: signed.default(0) })
  .meta({ id: 'CreateSaltingActivity' });
export type CreateSaltingActivity = z.infer<typeof CreateSaltingActivity>;
export const UpdateSaltingActivity = z.strictObject(sent).partial().meta({ id: 'UpdateSaltingActivity' });
export type UpdateSaltingActivity = z.infer<typeof UpdateSaltingActivity>;
export const SaltingActivityView = viewOf('SaltingActivityView', sent, { isSoft: true });
export const activityFilters = {
  memberId: fields.idText.optional().describe('Activities of this organizer.'),
  organizationId: fields.idText.optional().describe('Activities at this employer.'),
  activityType: activityType.optional(),
  outcome: z
    .enum([...ACTIVITY_OUTCOMES, 'open'])
    .optional()
    .describe('Activities of this outcome, or open ones.'),
  from: fields.day.optional().describe('Activities from this day on.'),
  to: fields.day.optional().describe('Activities up to this day.'),
};
