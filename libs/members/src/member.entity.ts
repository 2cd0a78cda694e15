import { Check, Column, DeleteDateColumn, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { Explained, oneOf, UniqueInAnyCase } from '#platform/database';

export const MEMBER_STATUSES = ['active', 'inactive', 'suspended', 'retired', 'deceased'] as const;
export const CLASSIFICATIONS = [
  'apprentice_1',
  'apprentice_2',
  'apprentice_3',
  'apprentice_4',
  'apprentice_5',
  'journeyman',
  'foreman',
  'retiree',
  'honorary',
] as const;

/** A member of the local. `hireDate` is the day of joining the union. Search and sort indexes are explained in the migration. */
@Entity('members')
@Audited({ read: 'members:read', restricted: { notes: 'members:notes' } })
@Unique('members_member_number_key', ['memberNumber'])
@UniqueInAnyCase('members_number_in_any_case_key', 'memberNumber')
@Explained('members_dates_check', 'hireDate', 'must be after dateOfBirth')
@Check('members_dates_check', 'hire_date > date_of_birth')
@Explained('members_merged_check', 'mergedInto', 'names the member who this one was merged into')
@Check('members_merged_check', 'merged_into IS NULL OR deleted_at IS NOT NULL')
@Check('members_member_number_check', `member_number ~ '^[0-9A-Za-z]+$'`)
@Check('members_email_check', 'email = lower(email)')
@Check('members_status_check', oneOf('status', MEMBER_STATUSES))
@Check('members_classification_check', oneOf('classification', CLASSIFICATIONS))
@Index('members_last_name_search_idx', { synchronize: false })
@Index('members_first_name_search_idx', { synchronize: false })
@Index('members_member_number_search_idx', { synchronize: false })
@Index('members_contains_idx', { synchronize: false })
@Index('members_hire_date_idx', { synchronize: false })
@Index('members_status_classification_idx', ['status', 'classification', 'id'], { where: 'deleted_at IS NULL' })
@Index('members_merged_into_idx', ['mergedInto'], { where: 'merged_into IS NOT NULL' })
@Index('members_created_at_idx', ['createdAt', 'id'], { where: 'deleted_at IS NULL' })
export class Member extends AuditedRow {
  @Column({ type: 'varchar', length: 50 })
  memberNumber: string;

  @Column({ type: 'varchar', length: 100 })
  firstName: string;

  @Column({ type: 'varchar', length: 100 })
  lastName: string;

  @Column({ type: 'varchar', length: 100, nullable: true })
  middleName: string | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  address: string | null;

  @Column({ type: 'varchar', length: 100, nullable: true })
  city: string | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  state: string | null;

  @Column({ type: 'varchar', length: 20, nullable: true })
  zipCode: string | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  phone: string | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  email: string | null;

  @Column({ type: 'date', nullable: true })
  dateOfBirth: string | null;

  @Column({ type: 'date', nullable: true })
  hireDate: string | null;

  @Column({ type: 'varchar', length: 20, default: 'active' })
  status: (typeof MEMBER_STATUSES)[number];

  @Column({ type: 'varchar', length: 20 })
  classification: (typeof CLASSIFICATIONS)[number];

  @Column({ type: 'text', nullable: true })
  notes: string | null;

  /** The member who has everything of this one since they were merged. */
  @ForeignKey('members', { name: 'members_merged_into_fkey' })
  @Column({ type: 'integer', nullable: true })
  mergedInto: number | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
