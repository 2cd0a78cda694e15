import { Check, Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/** What a token opens: a link that was mailed, or the second step of a log-in. */
export type Purpose = 'verify-email' | 'reset-password' | 'mfa';

/** A token that is good once, until it expires. Stored as SHA-256 only. */
@Entity('one_time_tokens')
@Audited({ read: 'users:administer', secrets: ['tokenHash'] })
@Unique('one_time_tokens_token_hash_key', ['tokenHash'])
@Check('one_time_tokens_purpose_check', `purpose IN ('verify-email', 'reset-password', 'mfa')`)
@Index('one_time_tokens_expires_at_idx', ['expiresAt'])
@Index('one_time_tokens_user_id_idx', ['userId'], { where: 'used_at IS NULL' })
export class OneTimeToken extends AuditedRow {
  @ForeignKey('users', { name: 'one_time_tokens_user_id_fkey' })
  @Column({ type: 'integer' })
  userId: number;

  @Column({ type: 'varchar', length: 20 })
  purpose: Purpose;

  @Column({ type: 'char', length: 64 })
  tokenHash: string;

  @Column({ type: 'timestamptz' })
  expiresAt: Date;

  /** When it was used, or made void by something newer. */
  @Column({ type: 'timestamptz', nullable: true })
  usedAt: Date | null;
}
