import { Check, Column, DeleteDateColumn, Entity, ForeignKey, Index } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { oneOf } from '#platform/database';
import type { Grievance } from './grievance.entity';

export const STEP_OUTCOMES = ['denied', 'settled', 'advanced'] as const;

/** What came of one step of a grievance. It stays as it is once something followed it. */
@Entity('grievance_step_records')
@Audited({ read: 'grievances:read' })
@Index('grievance_step_records_step_key', ['grievanceId', 'stepNumber'], { unique: true, where: 'deleted_at IS NULL' })
@Check('grievance_step_records_step_number_check', 'step_number BETWEEN 1 AND 4')
@Check('grievance_step_records_outcome_check', oneOf('outcome', STEP_OUTCOMES))
export class GrievanceStepRecord extends AuditedRow {
  @ForeignKey('grievances', { name: 'grievance_step_records_grievance_id_fkey' })
  @Column({ type: 'integer' })
  grievanceId: number;

  /** From 1 to 4, which is arbitration. */
  @Column({ type: 'smallint' })
  stepNumber: number;

  @Column({ type: 'date' })
  meetingDate: string;

  @Column({ type: 'text', nullable: true })
  unionAttendees: string | null;

  @Column({ type: 'text', nullable: true })
  employerAttendees: string | null;

  @Column({ type: 'varchar', length: 20 })
  outcome: (typeof STEP_OUTCOMES)[number];

  @Column({ type: 'text', nullable: true })
  notes: string | null;

  /** How the grievance stood when the step was recorded: striking the step leads back there. Null for older steps. */
  @Column({ type: 'varchar', length: 20, nullable: true })
  statusBefore: Grievance['status'] | null;

  /** When it was struck. */
  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
