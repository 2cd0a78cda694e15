import { Column, Entity, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/**
 * A row of `audit_seals` that the log did not make. It stays there as evidence, and counts for
 * nothing.
 */
@Entity('disowned_seals')
@Audited({ read: 'audit:export' })
@Unique('disowned_seals_seq_key', ['seq'])
export class DisownedSeal extends AuditedRow {
  @Column({ type: 'bigint' })
  seq: string;

  /** When an operator had looked at it. */
  @Column({ type: 'timestamptz', nullable: true })
  clearedAt: Date | null;
}
