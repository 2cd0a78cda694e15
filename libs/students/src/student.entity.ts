import { Check, Column, DeleteDateColumn, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { Explained, oneOf, UniqueInAnyCase } from '#platform/database';

export const STUDENT_STATUSES = ['applicant', 'enrolled', 'on_leave', 'completed', 'dropped', 'dismissed'] as const;

/** A member in the apprenticeship. The student number is made by the database. */
@Entity('students')
@Audited({ read: 'students:read' })
@Unique('students_member_id_key', ['memberId'])
@Unique('students_student_number_key', ['studentNumber'])
@UniqueInAnyCase('students_number_in_any_case_key', 'studentNumber')
@Explained('students_dates_check', 'actualCompletionDate', 'must not be before enrollmentDate or applicationDate')
@Check('students_status_check', oneOf('status', STUDENT_STATUSES))
@Check('students_dates_check', 'actual_completion_date >= COALESCE(enrollment_date, application_date)')
@Index('students_status_cohort_idx', ['status', 'cohort', 'id'], { where: 'deleted_at IS NULL' })
@Index('students_cohort_idx', ['cohort', 'id'], { where: 'deleted_at IS NULL' })
export class Student extends AuditedRow {
  @ForeignKey('members', { name: 'students_member_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  memberId: number;

  @Column({
    type: 'varchar',
    length: 20,
    default: () => `next_student_number()`,
  })
  studentNumber: string;

  @Column({ type: 'varchar', length: 20, default: 'applicant' })
  status: (typeof STUDENT_STATUSES)[number];

  @Column({ type: 'date' })
  applicationDate: string;

  @Column({ type: 'date', nullable: true })
  enrollmentDate: string | null;

  @Column({ type: 'date', nullable: true })
  expectedCompletionDate: string | null;

  @Column({ type: 'date', nullable: true })
  actualCompletionDate: string | null;

  /** Such as `2026-Spring`. */
  @Column({ type: 'varchar', length: 50, nullable: true })
  cohort: string | null;

  @Column({ type: 'varchar', length: 100, nullable: true })
  emergencyContactName: string | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  emergencyContactPhone: string | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  emergencyContactRelationship: string | null;

  @Column({ type: 'text', nullable: true })
  notes: string | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
