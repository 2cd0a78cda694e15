import { Check, Column, Entity, ForeignKey, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import type { ArchiveFormat } from './entry-file';

/**
 * `exporting`: its entries are in PostgreSQL alone · `stored`: in both, and the object was read back · `archived`: in the object alone ·
 * `destroyed`: nowhere; a certificate says so.
 */
export const ARCHIVE_STATES = ['exporting', 'stored', 'archived', 'destroyed'] as const;
export type ArchiveState = (typeof ARCHIVE_STATES)[number];

/** An object that holds a month's entries, or a part of them: those after one entry and up to another, in the order of the log. */
@Entity('archives')
@Audited({ read: 'archives:administer' })
@Unique('archives_object_key_key', ['objectKey'])
@Index('archives_month_idx', ['month', 'id'])
@Check('archives_month_check', `month = (date_trunc('month'::text, (month)::timestamp without time zone))::date`)
@Check('archives_state_check', `state IN ('exporting', 'stored', 'archived', 'destroyed')`)
@Check('archives_range_check', '(through_txid, through_id) > (after_txid, after_id)')
@Check(
  'archives_stored_check',
  `state = 'exporting' OR num_nulls(entry_count, bytes, sha256, root, longest_line, first_txid, first_id, lowest_id, highest_id,
   first_changed_at, last_changed_at, table_names, storage_class, retain_until, manifest, stored_at) = 0`,
)
@Check('archives_destroyed_check', `state <> 'destroyed' OR num_nulls(destroyed_at, certificate) = 0`)
export class Archive extends AuditedRow {
  /** Its first day. */
  @Column({ type: 'date' })
  month: string;

  @Column({ type: 'varchar', length: 20, default: 'exporting' })
  state: ArchiveState;

  @Column({ type: 'varchar', length: 20 })
  format: ArchiveFormat;

  @Column({ type: 'varchar', length: 200 })
  objectKey: string;

  @Column({ type: 'bigint' })
  afterTxid: string;

  @Column({ type: 'bigint' })
  afterId: string;

  @Column({ type: 'bigint' })
  throughTxid: string;

  @Column({ type: 'bigint' })
  throughId: string;

  @Column({ type: 'bigint', nullable: true })
  entryCount: string | null;

  @Column({ type: 'bigint', nullable: true })
  bytes: string | null;

  /** Of the object. */
  @Column({ type: 'char', length: 64, nullable: true })
  sha256: string | null;

  /** Of an RFC 6962 tree over the leaf hashes of its entries alone. */
  @Column({ type: 'char', length: 64, nullable: true })
  root: string | null;

  @Column({ type: 'integer', nullable: true })
  longestLine: number | null;

  @Column({ type: 'bigint', nullable: true })
  firstTxid: string | null;

  @Column({ type: 'bigint', nullable: true })
  firstId: string | null;

  @Column({ type: 'bigint', nullable: true })
  lowestId: string | null;

  @Column({ type: 'bigint', nullable: true })
  highestId: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  firstChangedAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  lastChangedAt: Date | null;

  @Column({ type: 'text', array: true, nullable: true })
  tableNames: string[] | null;

  @Column({ type: 'varchar', length: 20, nullable: true })
  storageClass: string | null;

  /** It is not destroyed before; a policy that became longer since counts, too. */
  @Column({ type: 'date', nullable: true })
  retainUntil: string | null;

  /** The signed note that stands beside the object. */
  @Column({ type: 'text', nullable: true })
  manifest: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  storedAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  archivedAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  droppedAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  cooledAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  restoreAskedAt: Date | null;

  @ForeignKey('users', { name: 'archives_restore_asked_by_fkey' })
  @Column({ type: 'integer', nullable: true })
  restoreAskedBy: number | null;

  @Column({ type: 'timestamptz', nullable: true })
  readableUntil: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  destroyedAt: Date | null;

  /** The signed note that says what was destroyed, and why it could be. */
  @Column({ type: 'text', nullable: true })
  certificate: string | null;
}
