/**
 * Who may do what. One table, read by the access guard, the records mechanism, the OpenAPI document and the
 * access-matrix spec; a role's name appears nowhere else in the code.
 */
export const ROLES = ['admin', 'officer', 'staff', 'organizer', 'instructor', 'member'] as const;
export type Role = (typeof ROLES)[number];

/** What a member who opens an account without the office may do with it. */
export const selfRegisteredRole: Role = 'member';

/** What most accounts of a local hold: those of its office, and those of its members. */
export const COMMON_ROLES = { office: 'staff', members: 'member' } as const satisfies Record<string, Role>;

/**
 * How far a grant reaches. `all`: every record · `self`: the actor's own record, or what hangs on it · `own`: what the
 * actor did · `members`: entries about members · `students`: members who are students of the instructor · `owner`: what belongs to records
 * that the actor may read. From wide to narrow.
 */
export const SCOPES = ['all', 'members', 'students', 'owner', 'own', 'self'] as const;
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
  /** Making one record of two that are one person. */
  'members:merge': { admin: 'all', officer: 'all' },
  'organizations:read': { admin: 'all', officer: 'all', staff: 'all', organizer: 'all' },
  'organizations:write': { admin: 'all', officer: 'all', staff: 'all' },
  'employments:read': { admin: 'all', officer: 'all', staff: 'all', organizer: 'all', member: 'self' },
  'employments:write': { admin: 'all', officer: 'all', staff: 'all' },
  'students:read': { admin: 'all', officer: 'all', staff: 'all', instructor: 'all', member: 'self' },
  'students:write': { admin: 'all', officer: 'all', staff: 'all', instructor: 'all' },
  /** SALTing activities, and the two fields of an organization that say how it takes to them. */
  'salting:read': { admin: 'all', officer: 'all', organizer: 'all' },
  'salting:write': { admin: 'all', officer: 'all', organizer: 'all' },
  'grievances:read': { admin: 'all', officer: 'all', staff: 'all', member: 'self' },
  'grievances:write': { admin: 'all', officer: 'all', staff: 'all' },
  /** Ending a grievance, also by recording that a step settled it: settled, withdrawn, closed. */
  'grievances:decide': { admin: 'all', officer: 'all' },
  'benevolence:read': { admin: 'all', officer: 'all', staff: 'all', member: 'self' },
  'benevolence:write': { admin: 'all', officer: 'all', staff: 'all' },
  /** Asking for help: for oneself, or the office for a member. */
  'benevolence:submit': { admin: 'all', officer: 'all', staff: 'all', member: 'self' },
  /** What reviewers say is not the applicant's to read; the outcome is. */
  'benevolence:read-reviews': { admin: 'all', officer: 'all', staff: 'all' },
  'benevolence:review': { admin: 'all', officer: 'all' },
  'reports:read': { admin: 'all', officer: 'all', staff: 'all' },
  /** Files of a record: whoever may read the record may read them. */
  'attachments:read': {
    admin: 'owner',
    officer: 'owner',
    staff: 'owner',
    organizer: 'owner',
    instructor: 'owner',
    member: 'owner',
  },
  /** Whoever may change the record as a whole may change its files, too; single fields of one's own are not that. */
  'attachments:write': { admin: 'owner', officer: 'owner', staff: 'owner', organizer: 'owner', instructor: 'owner' },
  /** Asking for soft-deleted records. */
  'deleted:read': { admin: 'all', officer: 'all' },
  'users:administer': { admin: 'all' },
  /** Saying of a registration that it is the member's own: who knows the member. */
  'registrations:confirm': { admin: 'all', officer: 'all', staff: 'all' },
  'audit:read': { admin: 'all', officer: 'members', staff: 'own', organizer: 'own', instructor: 'own', member: 'self' },
  /** The ledger as a whole: exports and summaries. */
  'audit:export': { admin: 'all' },
  'integrity:administer': { admin: 'all' },
  /** What has left PostgreSQL: moving it there, asking for what is cold. */
  'archives:administer': { admin: 'all' },
  /** Keeping entries of the ledger from being destroyed, and letting them go. */
  'holds:administer': { admin: 'all' },
  /** How long entries are kept. */
  'retention:administer': { admin: 'all' },
  /** Reading, in an emergency, a record beyond one's scope: see BREAK_GLASS. */
  'break-glass:use': { officer: 'all', staff: 'all', organizer: 'all', instructor: 'all' },
  /** Looking at what others did so, and saying what to make of it. */
  'break-glass:review': { admin: 'all', officer: 'all' },
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

type Standard = 'list' | 'read' | 'export' | 'audit-trail' | 'create' | 'update' | 'delete';

/** The operations that every resource has: looking under one permission, changing under another. */
function standard<Name extends string>(name: Name, read: Permission, write: Permission) {
  return {
    [`${name}:list`]: read,
    [`${name}:read`]: read,
    [`${name}:create`]: write,
    [`${name}:update`]: write,
    [`${name}:delete`]: write,
    [`${name}:export`]: write,
    [`${name}:audit-trail`]: 'audit:read',
  } as Record<`${Name}:${Standard}`, Permission>;
}

/** Likewise, where what was removed can be restored. */
function restorable<Name extends string>(name: Name, read: Permission, write: Permission) {
  return { ...standard(name, read, write), [`${name}:restore`]: write } as Record<
    `${Name}:${Standard | 'restore'}`,
    Permission
  >;
}

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
  'auth:confirm-password': 'account:own',
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
  'registrations:list': 'registrations:confirm',
  'registrations:read': 'registrations:confirm',
  'registrations:confirm': 'registrations:confirm',
  'registrations:audit-trail': 'audit:read',
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
  'members:merge': 'members:merge',
  'members:audit-trail': 'audit:read',
  'attachments:list': 'attachments:read',
  'attachments:create': 'attachments:write',
  'attachments:content': 'attachments:read',
  'attachments:read': 'attachments:read',
  'attachments:update': 'attachments:write',
  'attachments:delete': 'attachments:write',
  'attachments:restore': 'attachments:write',
  'me:read': 'own-record:read',
  'me:update': 'own-record:write',
  'me:access-log': 'own-record:read',
  'me:employments': 'own-record:read',
  'me:benevolence-applications': 'own-record:read',
  'me:grievances': 'own-record:read',
  ...restorable('organizations', 'organizations:read', 'organizations:write'),
  'organizations:contacts': 'organizations:read',
  ...restorable('organization-contacts', 'organizations:read', 'organizations:write'),
  ...standard('member-employments', 'employments:read', 'employments:write'),
  'members:employments': 'employments:read',
  ...restorable('students', 'students:read', 'students:write'),
  'students:read-by-number': 'students:read',
  ...restorable('salting-activities', 'salting:read', 'salting:write'),
  ...restorable('benevolence-applications', 'benevolence:read', 'benevolence:write'),
  'benevolence-applications:create': 'benevolence:submit',
  'benevolence-applications:submit': 'benevolence:submit',
  'benevolence-applications:pay': 'benevolence:write',
  'benevolence-reviews:list': 'benevolence:read-reviews',
  'benevolence-reviews:read': 'benevolence:read-reviews',
  'benevolence-reviews:create': 'benevolence:review',
  'benevolence-reviews:audit-trail': 'audit:read',
  ...restorable('grievances', 'grievances:read', 'grievances:write'),
  'grievances:read-by-number': 'grievances:read',
  'grievances:list-steps': 'grievances:read',
  'grievances:read-step': 'grievances:read',
  'grievances:record-step': 'grievances:write',
  'grievances:correct-step': 'grievances:write',
  'grievances:strike-step': 'grievances:write',
  'grievances:settle': 'grievances:decide',
  'grievances:withdraw': 'grievances:decide',
  'grievances:close': 'grievances:decide',
  'reports:roster': 'reports:read',
  'reports:employment-by-employer': 'reports:read',
  'reports:out-of-work': 'reports:read',
  'reports:grievance-ageing': 'reports:read',
  'reports:benevolence-year-to-date': 'reports:read',
  'integrity:check': 'integrity:administer',
  'integrity:repair': 'integrity:administer',
  'archives:list': 'archives:administer',
  'archives:read': 'archives:administer',
  'archives:audit-trail': 'audit:read',
  'archives:run': 'archives:administer',
  'archives:restore': 'archives:administer',
  'break-glass-reviews:list': 'break-glass:review',
  'break-glass-reviews:read': 'break-glass:review',
  'break-glass-reviews:close': 'break-glass:review',
  'break-glass-reviews:audit-trail': 'audit:read',
  ...standard('legal-holds', 'holds:administer', 'holds:administer'),
  'legal-holds:release': 'holds:administer',
  ...standard('retention-policies', 'retention:administer', 'retention:administer'),
  'audit:summary': 'audit:export',
  'audit:export': 'audit:export',
  'audit:checkpoint': 'account:own',
  'audit:consistency': 'account:own',
  'audit:proof': 'audit:read',
  'audit:verify': 'audit:export',
  'audit:list': 'audit:read',
  'audit:read': 'audit:read',
} as const satisfies Record<string, Permission | 'public'>;
export type Operation = keyof typeof OPERATIONS;

/**
 * What break-glass opens (docs/decisions/0014-break-glass.md): the operations, each of which reads one record, and the
 * permissions that they are granted for that one request. Accounts, files, what reviewers said, and the ledger stay closed.
 */
export const BREAK_GLASS = {
  operations: [
    'members:read',
    'members:read-by-number',
    'organizations:read',
    'organization-contacts:read',
    'member-employments:read',
    'students:read',
    'students:read-by-number',
    'salting-activities:read',
    'benevolence-applications:read',
    'grievances:read',
    'grievances:read-by-number',
  ],
  permissions: [
    'members:read',
    'members:notes',
    'organizations:read',
    'employments:read',
    'students:read',
    'salting:read',
    'benevolence:read',
    'grievances:read',
  ],
} as const satisfies { operations: readonly Operation[]; permissions: readonly Permission[] };

export function opensByBreakGlass(operation: Operation): boolean {
  return (BREAK_GLASS.operations as readonly Operation[]).includes(operation);
}
