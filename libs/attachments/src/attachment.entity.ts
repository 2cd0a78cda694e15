import { Check, Column, DeleteDateColumn, Entity, Index, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import type { RecordType } from './owners';

/** A file that belongs to a record. Its bytes are in the object store under `storageKey`, which says nothing of either. */
@Entity('file_attachments')
@Audited({ read: 'attachments:read' })
@Unique('file_attachments_storage_key_key', ['storageKey'])
@Check(
  'file_attachments_record_type_check',
  "record_type IN ('member', 'student', 'organization', 'grievance', 'benevolence_application')",
)
@Check('file_attachments_file_size_check', 'file_size > 0')
@Check('file_attachments_sha256_check', `sha256 ~ '^[0-9a-f]{64}$'`)
@Index('file_attachments_record_idx', ['recordType', 'recordId', 'id'], { where: 'deleted_at IS NULL' })
@Index('file_attachments_owner_idx', ['recordType', 'recordId'])
export class FileAttachment extends AuditedRow {
  @Column({ type: 'varchar', length: 50 })
  recordType: RecordType;

  @Column({ type: 'integer' })
  recordId: number;

  @Column({ type: 'varchar', length: 50, default: 'general' })
  fileCategory: string;

  /** Safe to show and to save under. */
  @Column({ type: 'varchar', length: 255 })
  fileName: string;

  /** As the client sent it, save for what can not be stored. */
  @Column({ type: 'varchar', length: 255 })
  originalName: string;

  @Column({ type: 'varchar', length: 500 })
  storageKey: string;

  /** What the bytes are, whatever the client said. */
  @Column({ type: 'varchar', length: 100 })
  mediaType: string;

  @Column({ type: 'bigint' })
  fileSize: string;

  @Column({ type: 'char', length: 64 })
  sha256: string;

  @Column({ type: 'varchar', length: 500, nullable: true })
  description: string | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
