import { Check, Column, DeleteDateColumn, Entity, Index } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { oneOf } from '#platform/database';

export const ORG_TYPES = ['employer', 'union', 'training_partner', 'jatc'] as const;

/** An employer, another union, a training partner or a joint apprenticeship committee. */
@Entity('organizations')
@Audited({
  read: 'organizations:read',
  restricted: { saltingScore: 'salting:read', saltingNotes: 'salting:read' },
})
@Check('organizations_org_type_check', oneOf('org_type', ORG_TYPES))
@Check('organizations_email_check', 'email = lower(email)')
@Check('organizations_salting_score_check', 'salting_score BETWEEN 1 AND 5')
@Index('organizations_name_search_idx', { synchronize: false })
@Index('organizations_contains_idx', { synchronize: false })
@Index('organizations_org_type_idx', ['orgType', 'id'], { where: 'deleted_at IS NULL' })
export class Organization extends AuditedRow {
  @Column({ type: 'varchar', length: 255 })
  name: string;

  @Column({ type: 'varchar', length: 20 })
  orgType: (typeof ORG_TYPES)[number];

  @Column({ type: 'varchar', length: 255, nullable: true })
  address: string | null;

  @Column({ type: 'varchar', length: 100, nullable: true })
  city: string | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  state: string | null;

  @Column({ type: 'varchar', length: 20, nullable: true })
  zipCode: string | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  phone: string | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  email: string | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  website: string | null;

  /** From 1, hostile, to 5, supportive. */
  @Column({ type: 'smallint', nullable: true })
  saltingScore: number | null;

  @Column({ type: 'text', nullable: true })
  saltingNotes: string | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
