import { Check, Column, DeleteDateColumn, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/** An account. It works while it is live, active, verified and not locked. */
@Entity('users')
@Audited({ read: 'users:administer', secrets: ['passwordHash'] })
@Unique('users_email_key', ['email'])
@Unique('users_member_id_key', ['memberId'])
@Check('users_email_check', 'email = lower(email)')
@Index('users_created_at_idx', ['createdAt', 'id'], { where: 'deleted_at IS NULL' })
export class User extends AuditedRow {
  @Column({ type: 'varchar', length: 255 })
  email: string;

  /** Argon2id in PHC string format. */
  @Column({ type: 'varchar', length: 255 })
  passwordHash: string;

  @Column({ type: 'varchar', length: 100 })
  firstName: string;

  @Column({ type: 'varchar', length: 100 })
  lastName: string;

  @Column({ type: 'boolean', default: true })
  isActive: boolean;

  @Column({ type: 'timestamptz', nullable: true })
  emailVerifiedAt: Date | null;

  @Column({ type: 'boolean', default: false })
  mustChangePassword: boolean;

  @Column({ type: 'timestamptz', nullable: true })
  lastLoginAt: Date | null;

  @Column({ type: 'smallint', default: 0 })
  failedLoginAttempts: number;

  @Column({ type: 'timestamptz', nullable: true })
  lockedUntil: Date | null;

  @ForeignKey('members', { name: 'users_member_id_fkey' })
  @Column({ type: 'integer', nullable: true })
  memberId: number | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
