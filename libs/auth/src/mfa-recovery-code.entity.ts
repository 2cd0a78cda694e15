import { Column, Entity, ForeignKey, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/** Stands in once for a code of a lost second factor. Stored as SHA-256 only; it has 80 random bits. */
@Entity('mfa_recovery_codes')
@Audited({ read: 'users:administer', secrets: ['codeHash'] })
@Unique('mfa_recovery_codes_user_id_code_hash_key', ['userId', 'codeHash'])
export class MfaRecoveryCode extends AuditedRow {
  @ForeignKey('users', { name: 'mfa_recovery_codes_user_id_fkey' })
  @Column({ type: 'integer' })
  userId: number;

  @Column({ type: 'char', length: 64 })
  codeHash: string;

  @Column({ type: 'timestamptz', nullable: true })
  usedAt: Date | null;
}
