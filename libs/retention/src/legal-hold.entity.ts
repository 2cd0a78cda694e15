import { Check, Column, Entity, ForeignKey } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { Explained } from '#platform/database';

/**
 * Entries of the ledger that stay, whatever their age, until the hold is released. All conditions that it has must be met by an
 * entry; without any it holds everything, and then it says so.
 */
@Entity('legal_holds')
@Audited({ read: 'holds:administer' })
@Explained('legal_holds_range_check', 'heldTo', 'must be after heldFrom')
@Check('legal_holds_everything_check', 'everything = (num_nonnulls(table_name, user_id, held_from, held_to) = 0)')
@Check('legal_holds_record_check', 'record_id IS NULL OR table_name IS NOT NULL')
@Check('legal_holds_range_check', 'held_from < held_to')
@Check('legal_holds_released_check', 'num_nulls(released_by, released_at, release_reason) IN (0, 3)')
export class LegalHold extends AuditedRow {
  @Column({ type: 'varchar', length: 200 })
  matter: string;

  @Column({ type: 'text' })
  reason: string;

  @Column({ type: 'varchar', length: 63, nullable: true })
  tableName: string | null;

  @Column({ type: 'integer', nullable: true })
  recordId: number | null;

  /** Whose entries are held. No foreign key: what a removed account did can be held, too. */
  @Column({ type: 'integer', nullable: true })
  userId: number | null;

  @Column({ type: 'timestamptz', nullable: true })
  heldFrom: Date | null;

  /** Exclusive. */
  @Column({ type: 'timestamptz', nullable: true })
  heldTo: Date | null;

  @Column({ type: 'boolean', default: false })
  everything: boolean;

  @ForeignKey('users', { name: 'legal_holds_placed_by_fkey' })
  @Column({ type: 'integer' })
  placedBy: number;

  @Column({ type: 'timestamptz' })
  placedAt: Date;

  @ForeignKey('users', { name: 'legal_holds_released_by_fkey' })
  @Column({ type: 'integer', nullable: true })
  releasedBy: number | null;

  @Column({ type: 'timestamptz', nullable: true })
  releasedAt: Date | null;

  @Column({ type: 'text', nullable: true })
  releaseReason: string | null;
}
