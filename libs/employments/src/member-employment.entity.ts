import { Check, Column, Entity, ForeignKey, Index } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { Explained } from '#platform/database';

/** That a member works or worked for an organization. Deleted for good: the entry keeps the row. */
@Entity('member_employments')
@Audited({ read: 'employments:read' })
@Explained('member_employments_dates_check', 'endDate', 'must not be before startDate')
@Explained('member_employments_current_check', 'endDate', 'must be empty while the employment is current')
@Check('member_employments_dates_check', 'end_date >= start_date')
@Check('member_employments_current_check', 'NOT (is_current AND end_date IS NOT NULL)')
@Check('member_employments_hourly_rate_check', 'hourly_rate >= 0')
@Index('member_employments_member_id_idx', ['memberId', 'startDate', 'id'])
@Index('member_employments_organization_id_idx', ['organizationId', 'startDate', 'id'])
@Index('member_employments_dates_idx', ['startDate', 'endDate', 'id'])
@Index('member_employments_current_idx', ['organizationId', 'memberId'], { where: 'is_current' })
export class MemberEmployment extends AuditedRow {
  @ForeignKey('members', { name: 'member_employments_member_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  memberId: number;

  @ForeignKey('organizations', { name: 'member_employments_organization_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  organizationId: number;

  @Column({ type: 'date' })
  startDate: string;

  @Column({ type: 'date', nullable: true })
  endDate: string | null;

  @Column({ type: 'varchar', length: 100, nullable: true })
  jobTitle: string | null;

  /** Exact: text such as `41.50`. */
  @Column({ type: 'numeric', precision: 10, scale: 2, nullable: true })
  hourlyRate: string | null;

  @Column({ type: 'boolean' })
  isCurrent: boolean;
}
