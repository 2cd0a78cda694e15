import { Check, Column, DeleteDateColumn, Entity, ForeignKey, Index } from 'typeorm';
import { Audited, AuditedRow } from '#audit';
import { Explained } from '#platform/database';

/** A person to turn to at an organization. One of the live ones at most is the primary one. */
@Entity('organization_contacts')
@Audited({ read: 'organizations:read' })
@Explained(
  'organization_contacts_primary_key',
  'isPrimary',
  'must be false: the organization has another primary contact',
)
@Check('organization_contacts_email_check', 'email = lower(email)')
@Index('organization_contacts_organization_id_idx', ['organizationId', 'id'], { where: 'deleted_at IS NULL' })
@Index('organization_contacts_primary_key', ['organizationId'], {
  unique: true,
  where: 'is_primary AND deleted_at IS NULL',
})
@Index('organization_contacts_name_search_idx', { synchronize: false })
export class OrganizationContact extends AuditedRow {
  @ForeignKey('organizations', { name: 'organization_contacts_organization_id_fkey', onDelete: 'RESTRICT' })
  @Column({ type: 'integer' })
  organizationId: number;

  @Column({ type: 'varchar', length: 100 })
  firstName: string;

  @Column({ type: 'varchar', length: 100 })
  lastName: string;

  @Column({ type: 'varchar', length: 100, nullable: true })
  title: string | null;

  @Column({ type: 'varchar', length: 50, nullable: true })
  phone: string | null;

  @Column({ type: 'varchar', length: 255, nullable: true })
  email: string | null;

  @Column({ type: 'boolean', default: false })
  isPrimary: boolean;

  @Column({ type: 'varchar', length: 500, nullable: true })
  notes: string | null;

  @DeleteDateColumn({ type: 'timestamptz' })
  deletedAt: Date | null;
}
