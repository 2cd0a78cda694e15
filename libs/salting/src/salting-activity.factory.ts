import type { CreateSaltingActivity } from './salting-activity.dto';

/** A valid activity of a member at an employer that exist. */
export function anActivity(
  memberId: number,
  organizationId: number,
  overrides: Partial<CreateSaltingActivity> = {},
): CreateSaltingActivity {
  return {
    memberId,
    organizationId,
    activityType: 'leafleting',
    activityDate: '2026-04-17',
    workersContacted: 12,
    cardsSigned: 3,
    notes: 'Come back after the holiday.',
    ...overrides,
  };
}
