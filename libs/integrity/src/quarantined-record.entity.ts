import { Column, Entity } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/** A row that belongs to nothing and was taken out of its table, whole, so that none is lost. */
@Entity('quarantined_records')
@Audited({ read: 'integrity:administer' })
export class QuarantinedRecord extends AuditedRow {
  @Column({ type: 'varchar', length: 63 })
  tableName: string;

  @Column({ type: 'bigint' })
  recordId: string;

  /** The row as it was, by column. */
  @Column({ type: 'jsonb' })
  record: object;

  /** The kind of issue. */
  @Column({ type: 'varchar', length: 50 })
  reason: string;
}
