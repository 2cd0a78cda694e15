/**
 * Who may do what. One table, read by the access guard, the records mechanism, the OpenAPI document and the
 * access-matrix spec; a role's name appears nowhere else in the code.
 */
export const ROLES = ['admin', 'officer', 'staff', 'organizer', 'instructor', 'member'] as const;
export type Role = (typeof ROLES)[number];

/** What a member who opens an account without the office may do with it. */
export const selfRegisteredRole: Role = 'member';

/**
 * How far a grant reaches. `all`: every record · `self`: the actor's own record, or what hangs on it · `own`: what the
 * actor did · `members`: entries about members · `students`: members who are students of the instructor. From wide to narrow.
 */
export const SCOPES = ['all', 'members', 'students', 'own', 'self'] as const;
export type Scope = (typeof SCOPES)[number];

type Grants = Partial<Record<Role, Scope>>;

const everyRole: Grants = {
  admin: 'all',
  officer: 'all',
  staff: 'all',
  organizer: 'all',
  instructor: 'all',
  member: 'all',
};

/** What may be done, and by whom. A role that is not named may not. */
export const PERMISSIONS = {
  'members:read': {
    admin: 'all',
    officer: 'all',
    staff: 'all',
    organizer: 'all',
    instructor: 'students',
    member: 'self',
  },
  'members:write': { admin: 'all', officer: 'all', staff: 'all', member: 'self' },
  /** The field `notes` of a member. */
  'members:notes': { admin: 'all', officer: 'all', staff: 'all' },
  /** Creating, removing, importing and exporting members: office work, whatever a member may do to their own record. */
  'members:administer': { admin: 'all', officer: 'all', staff: 'all' },
  /** Asking for soft-deleted records. */
  'deleted:read': { admin: 'all', officer: 'all' },
  'users:administer': { admin: 'all' },
  'audit:read': { admin: 'all', officer: 'members', staff: 'own', organizer: 'own', instructor: 'own', member: 'self' },
  'own-record:read': {
    member: 'self',
    admin: 'self',
    officer: 'self',
    staff: 'self',
    organizer: 'self',
    instructor: 'self',
  },
  'own-record:write': {
    member: 'self',
    admin: 'self',
    officer: 'self',
    staff: 'self',
    organizer: 'self',
    instructor: 'self',
  },
  'account:own': everyRole,
  /** Whoever sees this much may not give up a second factor once it is set up. */
  'account:keep-second-factor': { admin: 'all', officer: 'all' },
} as const satisfies Record<string, Grants>;
export type Permission = keyof typeof PERMISSIONS;

/**
 * Every operation of the API by its one name: the OpenAPI operation id, the label in logs and metrics, the entry's route;
 * and the permission it takes. `public` operations need no account.
 */
export const OPERATIONS = {
  'system:live': 'public',
  'system:ready': 'public',
  'system:metrics': 'public',
  'auth:login': 'public',
  'auth:refresh': 'public',
  'auth:jwks': 'public',
  'auth:register': 'public',
  'auth:verify-email': 'public',
  'auth:resend-verification': 'public',
  'auth:forgot-password': 'public',
  'auth:reset-password': 'public',
  'auth:mfa-verify': 'public',
  'auth:mfa-enroll': 'account:own',
  'auth:mfa-confirm': 'account:own',
  'auth:mfa-disable': 'account:own',
  'auth:list-sessions': 'account:own',
  'auth:end-session': 'account:own',
  'auth:logout': 'account:own',
  'auth:logout-all': 'account:own',
  'auth:me': 'account:own',
  'auth:change-password': 'account:own',
  'users:list': 'users:administer',
  'users:create': 'users:administer',
  'users:read': 'users:administer',
  'users:update': 'users:administer',
  'users:delete': 'users:administer',
  'users:restore': 'users:administer',
  'users:set-roles': 'users:administer',
  'users:lock': 'users:administer',
  'users:unlock': 'users:administer',
  'users:mfa-reset': 'users:administer',
  'roles:list': 'users:administer',
  'members:list': 'members:read',
  'members:create': 'members:administer',
  'members:read': 'members:read',
  'members:read-by-number': 'members:read',
  'members:update': 'members:write',
  'members:delete': 'members:administer',
  'members:restore': 'members:administer',
  'members:import': 'members:administer',
  'members:export': 'members:administer',
  'members:audit-trail': 'audit:read',
  'me:read': 'own-record:read',
  'me:update': 'own-record:write',
  'me:access-log': 'own-record:read',
  'audit:list': 'audit:read',
  'audit:read': 'audit:read',
} as const satisfies Record<string, Permission | 'public'>;
export type Operation = keyof typeof OPERATIONS;
