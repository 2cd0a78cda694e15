import { z } from 'zod';
import { ROLES } from '#access';
import { fields } from '#platform/http';
import { listOf, listQuery } from '#records';
import { newPassword } from './auth.dto';

const role = z.enum(ROLES);
const grant = z.strictObject({ name: role, expiresAt: fields.instant.nullable().describe('After it the role counts no more.') });
const grants = z
  .array(z.union([role, grant]))
  .max(ROLES.length)
  .refine((list) => new Set(list.map(nameOf)).size === list.length, { error: 'must name each role once' })
  .describe('Names of roles, or names with the instant they end at.');

function nameOf(item: z.infer<typeof role> | z.infer<typeof grant>): string {
  return typeof item === 'string' ? item : item.name;
}

const person = {
  email: fields.email,
  firstName: fields.text(100),
  lastName: fields.text(100),
};
const rest = {
  memberId: fields.id.nullish().describe('The member whose account this is.'),
  emailVerified: z.boolean().optional().describe('An account with an unverified address can not log in.'),
  mustChangePassword: z.boolean().optional(),
};

export const CreateUser = z
  .strictObject({ ...person, password: newPassword, roles: grants, ...rest })
  .meta({ id: 'CreateUser' });
export type CreateUser = z.infer<typeof CreateUser>;

export const UpdateUser = z
  .strictObject({ ...person, password: newPassword, isActive: z.boolean(), ...rest })
  .partial()
  .meta({ id: 'UpdateUser' });
export type UpdateUser = z.infer<typeof UpdateUser>;

export const SetRoles = z.strictObject({ roles: grants }).meta({ id: 'SetRoles' });
export type SetRoles = z.infer<typeof SetRoles>;

export const UserView = z
  .object({
    id: z.int(),
    email: z.string(),
    firstName: z.string(),
    lastName: z.string(),
    roles: z.array(z.string()).describe('The roles that count now.'),
    roleGrants: z.array(z.object({ name: z.string(), expiresAt: z.string().nullable() })).describe('Every role held, ended ones too.'),
    isActive: z.boolean(),
    emailVerifiedAt: fields.instantView.nullable(),
    mustChangePassword: z.boolean(),
    lastLoginAt: fields.instantView.nullable(),
    failedLoginAttempts: z.int(),
    lockedUntil: fields.instantView.nullable(),
    memberId: z.int().nullable(),
    createdAt: fields.instantView,
    updatedAt: fields.instantView,
    deletedAt: fields.instantView.nullable(),
  })
  .meta({ id: 'UserView' });
export const UserPage = listOf(UserView, 'UserPage');

export const USER_SORTS = ['id', 'email', 'lastName', 'createdAt'] as const;
export const UserQuery = listQuery(USER_SORTS, {
  q: fields.text(100).optional().describe('The beginning of a name or an e-mail address.'),
  role: role.optional().describe('Users who hold this role now.'),
  memberId: fields.id.optional(),
});
export type UserQuery = z.infer<typeof UserQuery>;

export const RoleView = z
  .object({ id: z.int(), name: z.string(), description: z.string(), createdAt: fields.instantView, updatedAt: fields.instantView })
  .meta({ id: 'RoleView' });
export const RolePage = listOf(RoleView, 'RolePage');
export const RoleQuery = listQuery(['id', 'name'], {});
export type RoleQuery = z.infer<typeof RoleQuery>;
