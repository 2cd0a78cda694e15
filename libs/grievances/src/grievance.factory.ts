import type { CreateGrievance, RecordStep } from './grievance.dto';

/** A valid grievance of a member against an employer that exist. */
export function aGrievance(
  memberId: number,
  employerId: number,
  overrides: Partial<CreateGrievance> = {},
): CreateGrievance {
  return {
    memberId,
    employerId,
    filedDate: '2026-05-04',
    incidentDate: '2026-04-28',
    contractArticle: 'Art. 12.3',
    violationDescription: 'Overtime was not offered by seniority.',
    notes: 'Witnesses are willing.',
    ...overrides,
  };
}

/** A valid record of the next step. */
export function aStep(overrides: Partial<RecordStep> = {}): RecordStep {
  return { meetingDate: '2026-05-20', unionAttendees: 'Grace Okafor', outcome: 'advanced', ...overrides };
}
