import { z } from 'zod';
import { ROLES } from '#access';
import { fields } from '#platform/http';
import { listOf, listQuery } from '#records';
import { newPassword } from './auth.dto';

const role = z.enum(ROLES).describe('The name of a role.');
const grant = z.strictObject({
  name: role,
  expiresAt: fields.instant.nullable().describe('After it the role counts no more.'),
});
const grants = z
  .array(z.union([role, grant]))
  .max(ROLES.length)
  .refine((list) => new Set(list.map(nameOf)).size === list.length, { error: 'must name each role once' })
  .describe('Names of roles, or names with the instant they end at.');

function nameOf(item: z.infer<typeof role> | z.infer<typeof grant>): string {
  return typeof item === 'string' ? item : item.name;
}

const person = {
  email: fields.email.meta({ examples: ['clerk@local.example'] }),
  firstName: fields.text(100).meta({ examples: ['Grace'] }),
  lastName: fields.text(100).meta({ examples: ['Okafor'] }),
};
const rest = {
  memberId: fields.id.nullish().describe('The member whose account this is.'),
  emailVerified: z.boolean().optional().describe('An account with an unverified address can not log in.'),
  mustChangePassword: z
    .boolean()
    .optional()
    .describe('Whether the password must be changed before anything else is done with it.'),
};

export const CreateUser = z
  .strictObject({ ...person, password: newPassword, roles: grants, ...rest })
  .meta({ id: 'CreateUser' });
export type CreateUser = z.infer<typeof CreateUser>;

export const UpdateUser = z
  .strictObject({
    ...person,
    password: newPassword,
    isActive: z.boolean().describe('An inactive account can not log in; its sessions end.'),
    ...rest,
  })
  .partial()
  .meta({ id: 'UpdateUser' });
export type UpdateUser = z.infer<typeof UpdateUser>;

export const SetRoles = z.strictObject({ roles: grants }).meta({ id: 'SetRoles' });
export type SetRoles = z.infer<typeof SetRoles>;

export const UserView = z
  .object({
    id: z.int().meta({ examples: [3] }),
    email: z.string().meta({ examples: ['clerk@local.example'] }),
    firstName: z.string().meta({ examples: ['Grace'] }),
    lastName: z.string().meta({ examples: ['Okafor'] }),
    roles: z.array(z.string()).describe('The roles that count now.'),
    roleGrants: z
      .array(
        z.object({
          name: z.string().describe('The name of the role.'),
          expiresAt: z.string().nullable().describe('After it the role counts no more; null for a role without end.'),
        }),
      )
      .describe('Every role held, ended ones too.'),
    isActive: z.boolean().describe('An inactive account can not log in.'),
    emailVerifiedAt: fields.instantView
      .nullable()
      .describe('Null while the address is not verified, and the account can not log in.'),
    mustChangePassword: z
      .boolean()
      .describe('Whether the password must be changed before anything else is done with it.'),
    lastLoginAt: fields.instantView.nullable().describe('Null for one who never logged in.'),
    failedLoginAttempts: z.int().describe('Wrong passwords since the last log-in.'),
    mfaEnabledAt: fields.instantView.nullable().describe('Since when log-in takes a second factor; null without one.'),
    lockedUntil: fields.instantView
      .nullable()
      .describe('In the year 9999 for the lock of an administrator; wrong passwords lock no account.'),
    memberId: z.int().nullable().describe('The member whose account this is, if it is a member’s.'),
    createdAt: fields.instantView,
    updatedAt: fields.instantView,
    deletedAt: fields.instantView.nullable().describe('When the account was removed; null while it is in use.'),
  })
  .meta({ id: 'UserView' });
export const UserPage = listOf(UserView, 'UserPage');

export const USER_SORTS = ['id', 'email', 'lastName', 'createdAt'] as const;
export const UserQuery = listQuery(USER_SORTS, {
  q: fields.text(100).optional().describe('The beginning of a name or an e-mail address.'),
  role: role.optional().describe('Users who hold this role now.'),
  memberId: fields.idText.optional().describe('The user whose account is this member’s.'),
});
export type UserQuery = z.infer<typeof UserQuery>;

export const RoleView = z
  .object({
    id: z.int().meta({ examples: [1] }),
    name: z.string().describe('The name under which it is granted.'),
    description: z.string().describe('What the role is for.'),
    createdAt: fields.instantView,
    updatedAt: fields.instantView,
  })
  .meta({ id: 'RoleView' });
export const RolePage = listOf(RoleView, 'RolePage');
export const RoleQuery = listQuery(['id', 'name'], {});
export type RoleQuery = z.infer<typeof RoleQuery>;
