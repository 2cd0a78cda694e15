import { Check, Column, Entity, ForeignKey, Index } from 'typeorm';
import { Audited, AuditedRow } from './audited';

/** One use of break-glass, which somebody else looks at: open until it is closed with a finding. */
@Entity('break_glass_reviews')
@Audited({ read: 'break-glass:review' })
@Check('break_glass_reviews_closed_check', 'num_nulls(closed_by, closed_at, finding) IN (0, 3)')
@Check('break_glass_reviews_own_check', 'closed_by <> opened_by')
@Index('break_glass_reviews_open_idx', ['id'], { where: 'closed_at IS NULL' })
@Index('break_glass_reviews_opened_by_idx', ['openedBy', 'id'])
export class BreakGlassReview extends AuditedRow {
  /** The entry that says what was shown. */
  @Column({ type: 'bigint' })
  entryId: string;

  @Column({ type: 'varchar', length: 63 })
  tableName: string;

  @Column({ type: 'bigint' })
  recordId: string;

  @ForeignKey('users', { name: 'break_glass_reviews_opened_by_fkey' })
  @Column({ type: 'integer' })
  openedBy: number;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  openedAt: Date;

  @Column({ type: 'varchar', length: 500 })
  reason: string;

  @ForeignKey('users', { name: 'break_glass_reviews_closed_by_fkey' })
  @Column({ type: 'integer', nullable: true })
  closedBy: number | null;

  @Column({ type: 'timestamptz', nullable: true })
  closedAt: Date | null;

  @Column({ type: 'text', nullable: true })
  finding: string | null;
}
