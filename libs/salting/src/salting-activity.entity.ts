import { Check, Column, DeleteDateColumn, Entity, ForeignKey, Index } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { Explained, oneOf } from '#platform/database';

export const ACTIVITY_TYPES = [
  'outreach',
  'site_visit',
  'leafleting',
  'one_on_one',
  'meeting',
  'petition_drive',
  'card_signing',
  'information_session',
  'other',
] as const;
export const ACTIVITY_OUTCOMES = ['positive', 'neutral', 'negative', 'no_contact'] as const;

/** What an organizer did at an employer. Without an outcome it is open. */
@Entity('salting_activities')
@Audited({ read: 'salting:read' })
@Explained('salting_activities_counts_check', 'cardsSigned', 'must not be more than workersContacted')
@Check('salting_activities_activity_type_check', oneOf('activity_type', ACTIVITY_TYPES))
@Check('salting_activities_outcome_check', oneOf('outcome', ACTIVITY_OUTCOMES))
@Check(
  'salting_activities_counts_check',
  'workers_contacted >= 0 AND cards_signed >= 0 AND cards_signed <= workers_contacted',
)
@Index('salting_activities_member_id_idx', ['memberId', 'activityDate', 'id'])
@Index('salting_activities_organization_id_idx', ['organizationId', 'activityDate', 'id'])
export class SaltingActivity extends AuditedRow {
  /** The organizer. */
  @ForeignKey('members', { name: 'salting_activities_member_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  memberId: number;

  /** An employer. */
  @ForeignKey('organizations', { name: 'salting_activities_organization_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  organizationId: number;

  @Column({ type: 'varchar', length: 30 })
  activityType: (typeof ACTIVITY_TYPES)[number];

  @Column({ type: 'date' })
  activityDate: string;

  @Column({ type: 'varchar', length: 20, nullable: true })
  outcome: (typeof ACTIVITY_OUTCOMES)[number] | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  location: string | null;

  @Column({ type: 'integer', default: 0 })
  workersContacted: number;

  @Column({ type: 'integer', default: 0 })
  cardsSigned: number;

  @Column({ type: 'text', nullable: true })
  description: string | null;

  @Column({ type: 'text', nullable: true })
  notes: string | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
