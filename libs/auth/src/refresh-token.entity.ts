import { Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/**
 * One link of a session: each refresh uses a token up and issues the next of the same family; refreshes at once issue one each.
 * Stored as SHA-256 only.
 */
@Entity('refresh_tokens')
@Audited({ read: 'users:administer', secrets: ['tokenHash'] })
@Unique('refresh_tokens_token_hash_key', ['tokenHash'])
@Index('refresh_tokens_family_id_idx', ['familyId'])
@Index('refresh_tokens_expires_at_idx', ['expiresAt'])
@Index('refresh_tokens_user_id_idx', ['userId'], { where: 'revoked_at IS NULL' })
export class RefreshToken extends AuditedRow {
  @ForeignKey('users', { name: 'refresh_tokens_user_id_fkey' })
  @Column({ type: 'integer' })
  userId: number;

  @Column({ type: 'uuid' })
  familyId: string;

  @Column({ type: 'char', length: 64 })
  tokenHash: string;

  @Column({ type: 'timestamptz' })
  expiresAt: Date;

  @Column({ type: 'timestamptz', nullable: true })
  rotatedAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  revokedAt: Date | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  revokedReason: string | null;

  /** When the password was proved again in this session; its log-in was the first proof. */
  @Column({ type: 'timestamptz', nullable: true })
  passwordProvedAt: Date | null;

  @Column({ type: 'inet', nullable: true })
  ipAddress: string | null;

  @Column({ type: 'varchar', length: 512, nullable: true })
  userAgent: string | null;
}
