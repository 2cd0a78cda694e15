import { Check, Column, DeleteDateColumn, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/** An account. It works while it is live, active, verified and not locked. */
@Entity('users')
@Audited({ read: 'users:administer', secrets: ['passwordHash', 'mfaSecret'] })
@Unique('users_email_key', ['email'])
@Unique('users_member_id_key', ['memberId'])
@Check('users_email_check', 'email = lower(email)')
@Check('users_mfa_check', 'mfa_enabled_at IS NULL OR mfa_secret IS NOT NULL')
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

  /** The shared secret of the second factor, encrypted; one that was not confirmed yet has no `mfaEnabledAt`. */
  @Column({ type: 'varchar', length: 255, nullable: true })
  mfaSecret: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  mfaEnabledAt: Date | null;

  /** The time step of the last code that was accepted (RFC 6238 §5.2): neither it nor an earlier one is again. */
  @Column({ type: 'integer', nullable: true })
  mfaLastStep: number | null;

  @ForeignKey('members', { name: 'users_member_id_fkey' })
  @Column({ type: 'integer', nullable: true })
  memberId: number | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
