import {
  BREAK_GLASS,
  COMMON_ROLES,
  OPERATIONS,
  opensByBreakGlass,
  PERMISSIONS,
  ROLES,
  SCOPES,
  selfRegisteredRole,
  type Operation,
  type Permission,
  type Role,
  type Scope,
} from './permissions';

/**
 * The grants, written a second time by hand: one that slips into another role's column differs here.
 * Columns stand in the order of ROLES; `-` is no grant.
 */
const grants = `
                              admin    officer  staff    organizer instructor member
  members:read                all      all      all      all       students   self
  members:write               all      all      all      -         -          self
  members:notes               all      all      all      -         -          -
  members:administer          all      all      all      -         -          -
  members:merge               all      all      -        -         -          -
  organizations:read          all      all      all      all       -          -
  organizations:write         all      all      all      -         -          -
  employments:read            all      all      all      all       -          self
  employments:write           all      all      all      -         -          -
  students:read               all      all      all      -         all        self
  students:write              all      all      all      -         all        -
  salting:read                all      all      -        all       -          -
  salting:write               all      all      -        all       -          -
  grievances:read             all      all      all      -         -          self
  grievances:write            all      all      all      -         -          -
  grievances:decide           all      all      -        -         -          -
  benevolence:read            all      all      all      -         -          self
  benevolence:write           all      all      all      -         -          -
  benevolence:submit          all      all      all      -         -          self
  benevolence:read-reviews    all      all      all      -         -          -
  benevolence:review          all      all      -        -         -          -
  reports:read                all      all      all      -         -          -
  attachments:read            owner    owner    owner    owner     owner      owner
  attachments:write           owner    owner    owner    owner     owner      -
  deleted:read                all      all      -        -         -          -
  users:administer            all      -        -        -         -          -
  registrations:confirm       all      all      all      -         -          -
  audit:read                  all      members  own      own       own        self
  audit:export                all      -        -        -         -          -
  integrity:administer        all      -        -        -         -          -
  archives:administer         all      -        -        -         -          -
  holds:administer            all      -        -        -         -          -
  retention:administer        all      -        -        -         -          -
  break-glass:use             -        all      all      all       all        -
  break-glass:review          all      all      -        -         -          -
  own-record:read             self     self     self     self      self       self
  own-record:write            self     self     self     self      self       self
  account:own                 all      all      all      all       all        all
  account:keep-second-factor  all      all      -        -         -          -
`;

const [heads = [], ...lines] = grants
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));

const grantedTo = (permission: Permission): Partial<Record<Role, Scope>> => PERMISSIONS[permission];
const operations = Object.keys(OPERATIONS) as Operation[];
const operationsUnder = (permission: Permission | 'public') =>
  operations.filter((operation) => OPERATIONS[operation] === permission);

describe('the table of permissions', () => {
  it('has these roles and permissions, and no others', () => {
    expect(ROLES).toEqual(heads);
    expect(Object.keys(PERMISSIONS).sort()).toEqual(lines.map(([name]) => name).sort());
  });

  it.each(lines.map(([name = '', ...scopes]) => [name as Permission, scopes] as const))(
    'grants %s to %j',
    (permission, scopes) => {
      expect(heads.map((role) => grantedTo(permission)[role as Role] ?? '-')).toEqual(scopes);
    },
  );

  it('knows scopes from wide to narrow', () => {
    expect(SCOPES).toEqual(['all', 'members', 'students', 'owner', 'own', 'self']);
  });

  it('lets nobody write more than they read', () => {
    const pairs = Object.keys(PERMISSIONS)
      .filter((name) => name.endsWith(':write'))
      .map((name) => [name, name.replace(':write', ':read')] as [Permission, Permission]);
    const wider = pairs.flatMap(([write, read]) =>
      ROLES.filter((role) => {
        const [writes, reads] = [grantedTo(write)[role], grantedTo(read)[role]];
        return writes && (!reads || SCOPES.indexOf(writes) < SCOPES.indexOf(reads));
      }).map((role) => `${role} by ${write}`),
    );
    expect([pairs.length, wider]).toEqual([9, []]);
  });

  it('gives an account that nobody in the office opened the rights of a member, and no others', () => {
    expect(selfRegisteredRole).toBe('member');
    expect(COMMON_ROLES).toEqual({ office: 'staff', members: 'member' });
  });
});

describe('the table of operations', () => {
  it('is open to everybody where somebody logs in, recovers an account, or watches the program', () => {
    expect(operationsUnder('public').sort()).toEqual(
      [
        ...['system:live', 'system:ready', 'system:metrics', 'auth:jwks'],
        ...['auth:login', 'auth:mfa-verify', 'auth:refresh', 'auth:register', 'auth:verify-email'],
        ...['auth:resend-verification', 'auth:forgot-password', 'auth:reset-password'],
      ].sort(),
    );
  });

  it('opens to every account its own session and password, and the proofs of the ledger', () => {
    expect(operationsUnder('account:own').sort()).toEqual(
      [
        ...['auth:mfa-enroll', 'auth:mfa-confirm', 'auth:mfa-disable', 'auth:list-sessions', 'auth:end-session'],
        ...['auth:logout', 'auth:logout-all', 'auth:me', 'auth:change-password', 'auth:confirm-password'],
        ...['audit:checkpoint', 'audit:consistency'],
      ].sort(),
    );
  });

  it.each<[RegExp, Permission]>([
    [/^(users|roles):/, 'users:administer'],
    [/^me:(read|access-log|employments|benevolence-applications|grievances)$/, 'own-record:read'],
    [/^me:update$/, 'own-record:write'],
    [/^members:(list|read|read-by-number)$/, 'members:read'],
    [/^members:update$/, 'members:write'],
    [/^members:(create|delete|restore|import|export)$/, 'members:administer'],
    [/^members:merge$/, 'members:merge'],
    [/^(member-employments:(list|read)|members:employments)$/, 'employments:read'],
    [/^member-employments:(create|update|delete|export)$/, 'employments:write'],
    [/^(organizations|organization-contacts):(list|read|contacts)$/, 'organizations:read'],
    [/^(organizations|organization-contacts):(create|update|delete|export|restore)$/, 'organizations:write'],
    [/^students:(list|read|read-by-number)$/, 'students:read'],
    [/^students:(create|update|delete|export|restore)$/, 'students:write'],
    [/^salting-activities:(list|read)$/, 'salting:read'],
    [/^salting-activities:(create|update|delete|export|restore)$/, 'salting:write'],
    [/^benevolence-applications:(list|read)$/, 'benevolence:read'],
    [/^benevolence-applications:(create|submit)$/, 'benevolence:submit'],
    [/^benevolence-applications:(update|delete|export|restore|pay)$/, 'benevolence:write'],
    [/^benevolence-reviews:(list|read)$/, 'benevolence:read-reviews'],
    [/^benevolence-reviews:create$/, 'benevolence:review'],
    [/^grievances:(list|read|read-by-number|list-steps|read-step)$/, 'grievances:read'],
    [/^grievances:(create|update|delete|export|restore|(record|correct|strike)-step)$/, 'grievances:write'],
    [/^grievances:(settle|withdraw|close)$/, 'grievances:decide'],
    [/^attachments:(list|read|content)$/, 'attachments:read'],
    [/^attachments:(create|update|delete|restore)$/, 'attachments:write'],
    [/^reports:/, 'reports:read'],
    [/^integrity:/, 'integrity:administer'],
    [/^archives:(list|read|run|restore)$/, 'archives:administer'],
    [/^break-glass-reviews:(list|read|close)$/, 'break-glass:review'],
    [/^legal-holds:(list|read|create|update|delete|export|release)$/, 'holds:administer'],
    [/^retention-policies:(list|read|create|update|delete|export)$/, 'retention:administer'],
    [/:audit-trail$|^audit:(list|read|proof)$/, 'audit:read'],
    [/^audit:(summary|export|verify)$/, 'audit:export'],
  ])('puts %s, and nothing else, under %s', (pattern, permission) => {
    expect(operationsUnder(permission)).toEqual(operations.filter((operation) => pattern.test(operation)));
  });

  it('asks for each permission somewhere, save those that verbs and fields ask for themselves', () => {
    const unused = (Object.keys(PERMISSIONS) as Permission[]).filter((name) => operationsUnder(name).length === 0);
    expect(unused.sort()).toEqual(['account:keep-second-factor', 'break-glass:use', 'deleted:read', 'members:notes']);
  });
});

describe('break-glass', () => {
  it('opens reads of one record, and no list, change, export, trail, file or account', () => {
    expect(operations.filter(opensByBreakGlass)).toEqual([
      ...['members:read', 'members:read-by-number', 'organizations:read', 'organization-contacts:read'],
      ...['member-employments:read', 'students:read', 'students:read-by-number', 'salting-activities:read'],
      ...['benevolence-applications:read', 'grievances:read', 'grievances:read-by-number'],
    ]);
  });

  it('grants exactly the permissions that those operations and their fields take', () => {
    const taken = BREAK_GLASS.operations.map((operation): string => OPERATIONS[operation]);
    expect(new Set<string>(BREAK_GLASS.permissions)).toEqual(new Set([...taken, 'members:notes']));
  });
});
