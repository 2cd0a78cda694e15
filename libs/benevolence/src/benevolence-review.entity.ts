import { Check, Column, Entity, ForeignKey, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { Explained, oneOf } from '#platform/database';

// eslint-disable-next-line no-restricted-syntax -- a level of review in the local's rules, no role of an account
export const REVIEW_LEVELS = ['vp', 'admin', 'manager', 'president'] as const;
export const DECISIONS = ['approved', 'denied', 'needs_info', 'deferred'] as const;

/** What one reviewer decided about an application at one level. A fact: it is not changed, and nobody approves twice. */
@Entity('benevolence_reviews')
@Audited({ read: 'benevolence:read-reviews' })
@Unique('benevolence_reviews_once_key', ['applicationId', 'reviewerId', 'reviewLevel'])
@Explained(
  'benevolence_reviews_approved_amount_check',
  'approvedAmount',
  'must be more than 0, and belongs to an approval alone',
)
@Check('benevolence_reviews_review_level_check', oneOf('review_level', REVIEW_LEVELS))
@Check('benevolence_reviews_decision_check', oneOf('decision', DECISIONS))
@Check(
  'benevolence_reviews_approved_amount_check',
  "approved_amount IS NULL OR (approved_amount > 0 AND decision = 'approved')",
)
export class BenevolenceReview extends AuditedRow {
  @ForeignKey('benevolence_applications', { name: 'benevolence_reviews_application_id_fkey' })
  @Column({ type: 'integer' })
  applicationId: number;

  @ForeignKey('users', { name: 'benevolence_reviews_reviewer_id_fkey' })
  @Column({ type: 'integer' })
  reviewerId: number;

  @Column({ type: 'varchar', length: 20 })
  reviewLevel: (typeof REVIEW_LEVELS)[number];

  @Column({ type: 'varchar', length: 20 })
  decision: (typeof DECISIONS)[number];

  /** Of an approval that names another amount than was asked for. */
  @Column({ type: 'numeric', precision: 10, scale: 2, nullable: true })
  approvedAmount: string | null;

  @Column({ type: 'date' })
  reviewDate: string;

  @Column({ type: 'text', nullable: true })
  comments: string | null;
}
