import { Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/**
 * Somebody's wish for the account of a member, until whoever reads the mail chooses a password: then it becomes an account. It
 * reserves nothing, neither the member nor the address, so that a stranger's or a mistyped one is in nobody's way.
 */
@Entity('registrations')
@Audited({ read: 'registrations:confirm', secrets: ['tokenHash'] })
@Unique('registrations_token_hash_key', ['tokenHash'])
@Index('registrations_email_idx', ['email', 'id'], { where: 'used_at IS NULL' })
@Index('registrations_expires_at_idx', ['expiresAt'])
export class Registration extends AuditedRow {
  @ForeignKey('members', { name: 'registrations_member_id_fkey' })
  @Column({ type: 'integer' })
  memberId: number;

  @Column({ type: 'varchar', length: 255 })
  email: string;

  /** Of the token that was mailed. Stored as SHA-256 only. */
  @Column({ type: 'char', length: 64 })
  tokenHash: string;

  @Column({ type: 'timestamptz' })
  expiresAt: Date;

  /** When it became an account, or was made void by something newer. */
  @Column({ type: 'timestamptz', nullable: true })
  usedAt: Date | null;

  /** Whether too many wrong dates of birth had been sent for the member. No link is mailed before the office has confirmed it. */
  @Column({ type: 'boolean', default: false })
  needsConfirmation: boolean;

  @ForeignKey('users', { name: 'registrations_confirmed_by_fkey' })
  @Column({ type: 'integer', nullable: true })
  confirmedBy: number | null;

  @Column({ type: 'timestamptz', nullable: true })
  confirmedAt: Date | null;
}
