import { Column, Entity, ForeignKey, Unique } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/** A role's name; what it may do stands in libs/access. */
@Entity('roles')
@Audited({ read: 'users:administer' })
@Unique('roles_name_key', ['name'])
export class RoleRow extends AuditedRow {
  @Column({ type: 'varchar', length: 20 })
  name: string;

  @Column({ type: 'varchar', length: 255 })
  description: string;
}

/** That a user holds a role, perhaps until an instant. */
@Entity('user_roles')
@Audited({ read: 'users:administer' })
@Unique('user_roles_user_id_role_id_key', ['userId', 'roleId'])
export class UserRole extends AuditedRow {
  @ForeignKey('users', { name: 'user_roles_user_id_fkey' })
  @Column({ type: 'integer' })
  userId: number;

  @ForeignKey('roles', { name: 'user_roles_role_id_fkey' })
  @Column({ type: 'integer' })
  roleId: number;

  @Column({ type: 'timestamptz', nullable: true })
  expiresAt: Date | null;
}
