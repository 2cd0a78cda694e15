import { z } from 'zod';
import { fields } from '#platform/http';
import { listOf, listQuery, viewOf } from '#records';

const sent = {
  memberId: fields.id.describe('Who works.'),
  organizationId: fields.id.describe('For whom.'),
  startDate: fields.day.meta({ examples: ['2024-03-01'] }),
  endDate: fields.day
    .nullish()
    .describe('The last day; not before the first.')
    .meta({ examples: ['2026-06-30'] }),
  jobTitle: fields
    .text(100)
    .nullish()
    .meta({ examples: ['Wireman'] }),
  hourlyRate: fields.money
    .nullish()
    .describe('Dollars an hour.')
    .meta({ examples: ['52.75'] }),
  isCurrent: z
    .boolean()
    .describe('Whether they work there now; then there is no end. Follows the end date where it is not sent.')
    .meta({ examples: [false] }),
};

export const CreateMemberEmployment = z
  .strictObject({ ...sent, isCurrent: sent.isCurrent.optional() })
  .meta({ id: 'CreateMemberEmployment' });
export type CreateMemberEmployment = z.infer<typeof CreateMemberEmployment>;
export const UpdateMemberEmployment = z.strictObject(sent).partial().meta({ id: 'UpdateMemberEmployment' });
export type UpdateMemberEmployment = z.infer<typeof UpdateMemberEmployment>;
export const MemberEmploymentView = viewOf('MemberEmploymentView', sent, { isSoft: false });
export const MemberEmploymentPage = listOf(MemberEmploymentView, 'MemberEmploymentPage');

const filtersWithin = {
  organizationId: fields.idText.optional().describe('Employments at this organization.'),
  current: fields.flag.optional().describe('Employments that are current, or those that are not.'),
  from: fields.day.optional().describe('Employments that lasted until this day or later.'),
  to: fields.day.optional().describe('Employments that began on this day or before.'),
};
export const employmentFilters = {
  memberId: fields.idText.optional().describe('Employments of this member.'),
  ...filtersWithin,
};
export const EMPLOYMENT_SORTS = ['id', 'startDate', 'endDate', 'memberId', 'organizationId'] as const;
export const EmploymentsOfMember = listQuery(EMPLOYMENT_SORTS, filtersWithin);
