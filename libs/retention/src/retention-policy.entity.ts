import { Check, Column, Entity, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/** How many years entries about a table are kept under one framework. Of several that apply, the longest wins. */
@Entity('retention_policies')
@Audited({ read: 'retention:administer' })
@Unique('retention_policies_framework_key', ['tableName', 'framework'])
@Check('retention_policies_years_check', 'years BETWEEN 1 AND 100')
export class RetentionPolicy extends AuditedRow {
  /** `*` stands for every table, and for entries about none. */
  @Column({ type: 'varchar', length: 63 })
  tableName: string;

  @Column({ type: 'varchar', length: 50 })
  framework: string;

  @Column({ type: 'smallint' })
  years: number;

  @Column({ type: 'varchar', length: 500 })
  source: string;
}
