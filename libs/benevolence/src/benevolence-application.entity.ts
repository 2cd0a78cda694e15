import { Check, Column, DeleteDateColumn, Entity, ForeignKey, Index } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { Explained, oneOf } from '#platform/database';

export const REASONS = ['medical', 'death_in_family', 'hardship', 'disaster', 'other'] as const;
export const APPLICATION_STATUSES = ['draft', 'submitted', 'under_review', 'approved', 'denied', 'paid'] as const;
export const PAYMENT_METHODS = ['check', 'direct_deposit', 'wire_transfer'] as const;

/** A member's request for help. It moves draft → submitted → under_review → approved | denied, approved → paid, and no other way. */
@Entity('benevolence_applications')
@Audited({ read: 'benevolence:read' })
@Explained('benevolence_applications_approved_amount_check', 'amountRequested', 'must not be less than approvedAmount')
@Explained(
  'benevolence_applications_approval_check',
  'status',
  'must be approved or paid where an amount is approved, and otherwise neither',
)
@Explained(
  'benevolence_applications_payment_check',
  'paymentDate',
  'and paymentMethod belong to a payment, and to nothing else',
)
@Check('benevolence_applications_reason_check', oneOf('reason', REASONS))
@Check('benevolence_applications_status_check', oneOf('status', APPLICATION_STATUSES))
@Check('benevolence_applications_amount_requested_check', 'amount_requested > 0')
@Check('benevolence_applications_approved_amount_check', 'approved_amount > 0 AND approved_amount <= amount_requested')
@Check('benevolence_applications_approval_check', "(status IN ('approved', 'paid')) = (approved_amount IS NOT NULL)")
@Check('benevolence_applications_payment_method_check', oneOf('payment_method', PAYMENT_METHODS))
@Check(
  'benevolence_applications_payment_check',
  "(status = 'paid') = (payment_date IS NOT NULL AND payment_method IS NOT NULL)",
)
@Index('benevolence_applications_member_id_idx', ['memberId', 'applicationDate', 'id'])
@Index('benevolence_applications_status_idx', ['status', 'applicationDate', 'id'], { where: 'deleted_at IS NULL' })
export class BenevolenceApplication extends AuditedRow {
  @ForeignKey('members', { name: 'benevolence_applications_member_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  memberId: number;

  @Column({ type: 'date' })
  applicationDate: string;

  @Column({ type: 'varchar', length: 20 })
  reason: (typeof REASONS)[number];

  @Column({ type: 'text', nullable: true })
  description: string | null;

  @Column({ type: 'numeric', precision: 10, scale: 2 })
  amountRequested: string;

  @Column({ type: 'varchar', length: 20, default: 'draft' })
  status: (typeof APPLICATION_STATUSES)[number];

  @Column({ type: 'numeric', precision: 10, scale: 2, nullable: true })
  approvedAmount: string | null;

  @Column({ type: 'date', nullable: true })
  paymentDate: string | null;

  @Column({ type: 'varchar', length: 20, nullable: true })
  paymentMethod: (typeof PAYMENT_METHODS)[number] | null;

  @Column({ type: 'text', nullable: true })
  notes: string | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
