import type { CreateMemberEmployment } from './member-employment.dto';

/** A valid employment of a member and at an organization that exist. */
export function anEmployment(
  memberId: number,
  organizationId: number,
  overrides: Partial<CreateMemberEmployment> = {},
): CreateMemberEmployment {
  return { memberId, organizationId, startDate: '2024-03-01', jobTitle: 'Wireman', hourlyRate: '52.75', ...overrides };
}
