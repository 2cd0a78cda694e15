import type { CreateBenevolenceApplication, CreateBenevolenceReview } from './benevolence.dto';

/** A valid application for a member that exists. */
export function anApplication(
  memberId: number,
  overrides: Partial<CreateBenevolenceApplication> = {},
): CreateBenevolenceApplication {
  return {
    memberId,
    applicationDate: '2026-02-02',
    reason: 'medical',
    description: 'Out of work for six weeks.',
    amountRequested: '400.00',
    ...overrides,
  };
}

/** An approval of an application that exists. */
export function aReview(
  applicationId: number,
  overrides: Partial<CreateBenevolenceReview> = {},
): CreateBenevolenceReview {
  return { applicationId, reviewLevel: 'vp', decision: 'approved', comments: 'Papers are complete.', ...overrides };
}
