import type { Resource, SortKey } from '#records';
import { rolesSql } from './account.sql';
import { RoleRow } from './role.entity';
import { RoleView, USER_SORTS, UserView } from './user.dto';
import { User } from './user.entity';

const rolesOfRow = rolesSql.replaceAll('u.id', 't.id');
const lastFirst = `fold_text(t.last_name || ' ' || t.first_name)`;
const text = 'text COLLATE "C"';

/**
 * A user's version covers the roles held and those of them that count now, which have no column of users: a hash of the
 * entries that made all of it, 59 bits wide so that it stays within 18 digits.
 */
const version = `(hashtextextended(concat_ws(' ', t.audit_ref,
    (SELECT string_agg(ur.audit_ref::text, ',' ORDER BY ur.id) FROM user_roles ur WHERE ur.user_id = t.id),
    array_to_string(${rolesOfRow}, ',')), 0) & 576460752303423487)`;

/** Accounts, as administrators see them. A role is an attribute of its user, shown and recorded with the user. */
export const users: Resource = {
  entity: User,
  noun: 'user',
  version,
  view: UserView,
  derived: {
    roles: rolesOfRow,
    roleGrants: `(SELECT coalesce(json_agg(json_build_object('name', r.name, 'expiresAt',
        to_char(ur.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) ORDER BY r.id), '[]')
      FROM user_roles ur JOIN roles r ON r.id = ur.role_id WHERE ur.user_id = t.id)`,
  },
  writePermission: 'users:administer',
  sorts: {
    id: { sql: 't.id', type: 'integer' },
    email: { sql: 't.email COLLATE "C"', type: text },
    lastName: { sql: `${lastFirst} COLLATE "C"`, type: text },
    createdAt: { sql: 't.created_at', type: 'timestamptz' },
  } satisfies Record<(typeof USER_SORTS)[number], SortKey>,
  search: [lastFirst, `fold_text(t.first_name || ' ' || t.last_name)`, 'fold_text(t.email)'],
  filters: {
    role: (role: string, bind) => `${bind(role)} = ANY (${rolesOfRow})`,
    memberId: (memberId: number, bind) => `t.member_id = ${bind(memberId)}`,
  },
};

export const roles: Resource = {
  entity: RoleRow,
  noun: 'role',
  view: RoleView,
  writePermission: 'users:administer',
  sorts: { id: { sql: 't.id', type: 'integer' }, name: { sql: 't.name COLLATE "C"', type: text } },
};
