import { Check, Column, DeleteDateColumn, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { Explained, oneOf } from '#platform/database';

/** In their order: a record of step n, counted from 1, is about the n-th. */
export const STEPS = ['step_1', 'step_2', 'step_3', 'arbitration'] as const;
export const GRIEVANCE_STATUSES = [
  'open',
  'investigation',
  'hearing',
  'settled',
  'withdrawn',
  'arbitration',
  'closed',
] as const;

/** A complaint of a member against an employer. Its number is made by the server: GR, the year it was filed, a count. */
@Entity('grievances')
@Audited({ read: 'grievances:read' })
@Unique('grievances_grievance_number_key', ['grievanceNumber'])
@Explained('grievances_incident_date_check', 'incidentDate', 'must not be after filedDate')
@Check('grievances_grievance_number_check', `grievance_number ~ '^GR-[0-9]{4}-[0-9]{4,}$'`)
@Check('grievances_incident_date_check', 'incident_date <= filed_date')
@Check('grievances_current_step_check', oneOf('current_step', STEPS))
@Check('grievances_status_check', oneOf('status', GRIEVANCE_STATUSES))
@Check('grievances_settlement_amount_check', 'settlement_amount >= 0')
@Index('grievances_member_id_idx', ['memberId', 'filedDate', 'id'])
@Index('grievances_employer_id_idx', ['employerId', 'filedDate', 'id'])
@Index('grievances_status_idx', ['status', 'filedDate', 'id'], { where: 'deleted_at IS NULL' })
export class Grievance extends AuditedRow {
  @Column({ type: 'varchar', length: 20 })
  grievanceNumber: string;

  @ForeignKey('members', { name: 'grievances_member_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  memberId: number;

  /** An organization of type employer. */
  @ForeignKey('organizations', { name: 'grievances_employer_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  employerId: number;

  @Column({ type: 'date' })
  filedDate: string;

  @Column({ type: 'date', nullable: true })
  incidentDate: string | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  contractArticle: string | null;

  @Column({ type: 'text', nullable: true })
  violationDescription: string | null;

  @Column({ type: 'text', nullable: true })
  remedySought: string | null;

  @Column({ type: 'varchar', length: 20, default: 'step_1' })
  currentStep: (typeof STEPS)[number];

  @Column({ type: 'varchar', length: 20, default: 'open' })
  status: (typeof GRIEVANCE_STATUSES)[number];

  @ForeignKey('users', { name: 'grievances_assigned_rep_id_fkey' })
  @Column({ type: 'integer', nullable: true })
  assignedRepId: number | null;

  @Column({ type: 'text', nullable: true })
  resolution: string | null;

  @Column({ type: 'date', nullable: true })
  resolutionDate: string | null;

  @Column({ type: 'numeric', precision: 10, scale: 2, nullable: true })
  settlementAmount: string | null;

  @Column({ type: 'text', nullable: true })
  notes: string | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
