import { BreakGlassReview } from '#audit';
import type { Resource } from '#records';
import { BreakGlassReviewView } from './break-glass-review.dto';

export const breakGlassReviews: Resource = {
  entity: BreakGlassReview,
  noun: 'break-glass review',
  view: BreakGlassReviewView,
  writePermission: 'break-glass:review',
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    openedAt: { sql: 't.opened_at', type: 'timestamptz' },
  },
  filters: {
    status: (status: 'open' | 'closed') => `t.closed_at IS ${status === 'open' ? '' : 'NOT '}NULL`,
    openedBy: (id: number, bind) => `t.opened_by = ${bind(id)}`,
  },
};
