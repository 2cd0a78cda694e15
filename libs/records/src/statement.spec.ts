import type { Role } from '#access';
import type { Actor } from '#platform/context';
import { aContext, anActor, codeOf, oneLine, unconnected } from '../../../test/support/unconnected';
import { aLoan, aLocker, lockerEntities } from './locker.factory';
import { actorOf, conditions, Statement } from './statement';

const { database } = unconnected(lockerEntities);

const statementOf = (actor: Actor, resource = aLocker()) => new Statement(aContext(actor), resource, database);
const lockersOf = (role: Role | Role[], facts?: Partial<Actor>) => statementOf(anActor(role, facts));

describe('the rows that an actor may meet', () => {
  it.each<[string, Role[], string[], unknown[]]>([
    ['all in use', ['staff'], ['t.deleted_at IS NULL'], []],
    ['their own', ['member'], ['t.deleted_at IS NULL', 't.member_id = $1'], [17]],
    ['the students’', ['instructor'], ['t.deleted_at IS NULL', 't.is_taken'], []],
    ['the widest of two scopes', ['member', 'instructor'], ['t.deleted_at IS NULL', 't.is_taken'], []],
    ['all, where one role of two sees all', ['member', 'staff'], ['t.deleted_at IS NULL'], []],
    ['none', [], ['t.deleted_at IS NULL', 'false'], []],
  ])('are %s for %j', (_which, roles, where, values) => {
    const statement = lockersOf(roles);
    expect([statement.rows('members:read'), statement.values]).toEqual([where, values]);
  });

  it('are none in a scope for which the resource has no filter, and none where it has no filters at all', () => {
    const member = anActor('member');
    expect(statementOf(member, aLocker({ scopes: {} })).rows('members:read')).toEqual([
      't.deleted_at IS NULL',
      'false',
    ]);
    expect(statementOf(member, aLocker({ scopes: undefined })).rows('members:read')).toContain('false');
  });

  it('depend on the permission that is asked about', () => {
    const staff = lockersOf('staff');
    expect(staff.rows('members:read')).not.toContain('false');
    expect(staff.rows('salting:read')).toContain('false');
    // Their scope there is `own`, and this resource knows no such rows.
    expect(staff.rows('audit:read')).toContain('false');
  });

  it('are all of what break-glass opens for somebody who uses it, and no more of anything else', () => {
    const statement = lockersOf('instructor', { breaksGlass: true });
    expect(statement.rows('members:read')).toEqual(['t.deleted_at IS NULL']);
    expect(statement.rows('members:write')).toContain('false');
  });

  it('of a table without soft deletes have no such condition', () => {
    for (const deleted of ['exclude', 'include', 'only', 'any'] as const) {
      expect(statementOf(anActor('officer'), aLoan()).rows('salting:read', deleted)).toEqual([]);
    }
  });
});

describe('the deleted rows', () => {
  it.each([
    ['exclude', ['t.deleted_at IS NULL']],
    ['include', []],
    ['only', ['t.deleted_at IS NOT NULL']],
    ['any', []],
  ] as const)('are met by an officer who asks with %s', (deleted, where) => {
    expect(lockersOf('officer').rows('members:read', deleted)).toEqual(where);
  });

  it.each([
    ['staff', 'include', 'access.denied'],
    ['staff', 'only', 'access.denied'],
    ['staff', 'exclude', 'fine'],
    ['staff', 'any', 'fine'],
    ['admin', 'only', 'fine'],
  ] as const)('for %s who asks with %s: %s', async (role, deleted, code) => {
    expect(await codeOf(() => lockersOf(role).rows('members:read', deleted))).toBe(code);
  });
});

describe('the target of a change', () => {
  const target = (role: Role, ifMatch?: string[]) => {
    const statement = lockersOf(role);
    return [statement.target(5, ifMatch), statement.values];
  };

  it('is the live row of that id in the scope of the permission to write', () => {
    expect(target('staff')).toEqual(['t.id = $1 AND t.deleted_at IS NULL', [5]]);
    expect(target('member')).toEqual(['t.id = $1 AND t.deleted_at IS NULL AND t.member_id = $2', [5, 17]]);
    // Instructors read, but do not write.
    expect(target('instructor')).toEqual(['t.id = $1 AND t.deleted_at IS NULL AND false', [5]]);
  });

  it('has one of the versions that the client names; of none at all it is no row', () => {
    expect(target('staff', ['41', '42'])).toEqual([
      't.id = $1 AND t.deleted_at IS NULL AND t.audit_ref = ANY ($2::bigint[])',
      [5, ['41', '42']],
    ]);
    expect(target('staff', [])).toEqual([
      't.id = $1 AND t.deleted_at IS NULL AND t.audit_ref = ANY ($2::bigint[])',
      [5, []],
    ]);
  });

  it('lies in the scope of the verb’s own permission, where it has one', () => {
    expect(lockersOf('staff').target(5, undefined, 'salting:write')).toContain('false');
    expect(lockersOf('officer').target(5, undefined, 'salting:write')).not.toContain('false');
  });

  it('is compared by the version of the resource, where more than the row makes it', () => {
    const statement = statementOf(anActor('staff'), aLocker({ version: 'hash(t)' }));
    expect(statement.target(5, ['41'])).toContain('hash(t) = ANY ($2::bigint[])');
    expect(statement.view).toMatch(/^t\.id, hash\(t\) AS version, /);
  });
});

describe('a reference of a record', () => {
  const inHalls = (value: string) =>
    `CASE WHEN references_in_use(ARRAY[CASE WHEN ${value} IS NULL OR EXISTS (SELECT FROM halls r WHERE r.id = ${value} ` +
    `AND r.deleted_at IS NULL FOR SHARE) THEN NULL ELSE 'hallId' END])`;
  const sqlOf = (value: unknown) => oneLine((value as () => string)());

  it('names a row in use, locked until the commit', () => {
    const statement = lockersOf('staff');
    const { doorNumber, hallId } = statement.referring({ doorNumber: '12', hallId: 3 });
    expect([doorNumber, sqlOf(hallId)]).toEqual(['12', `${inHalls('$1::integer')} THEN $1::integer END`]);
    expect(statement.values).toEqual([3]);
    expect(sqlOf(lockersOf('staff').restored['deletedAt'])).toBe(`${inHalls('t.hall_id')} THEN NULL::timestamptz END`);
  });

  it.each([{ hallId: null }, { hallId: undefined, doorNumber: '12' }])('names nothing in %j', (values) => {
    const statement = lockersOf('staff');
    expect([statement.referring(values), statement.values]).toEqual([values, []]);
  });
});

describe('a statement', () => {
  it('binds values, never writes them into SQL, and names columns as the database does', () => {
    const statement = lockersOf('staff');
    expect(statement.matching({ doorNumber: `' OR true --`, hallId: 3 })).toEqual([
      't.door_number = $1',
      't.hall_id = $2',
    ]);
    expect(statement.values).toEqual([`' OR true --`, 3]);
  });

  it('reads under the permission of the entity, unless the resource names another', () => {
    expect(lockersOf('staff').readPermission).toBe('members:read');
    const own = aLocker({ readPermission: 'own-record:read' });
    expect(statementOf(anActor('staff'), own).readPermission).toBe('own-record:read');
    expect(statementOf(anActor('staff')).version).toBe('t.audit_ref');
  });

  it('renders the same resource with other fields for other roles, whoever asked first', () => {
    const resource = aLocker();
    const of = (role: Role, facts?: Partial<Actor>) => statementOf(anActor(role, facts), resource).projection;
    const shows = (field: string) => (sql: string) => sql.includes(`AS "${field}"`);
    const rendered = [of('staff'), of('member'), of('instructor'), of('instructor', { breaksGlass: true })];
    expect(rendered.map(shows('notes'))).toEqual([true, false, false, true]);
    expect(rendered.map(shows('deposit'))).toEqual([true, true, false, true]);
    expect(of('staff')).toBe(rendered[0]);
    expect(of('instructor')).toBe(rendered[2]);
  });

  it('is nobody’s without an actor', async () => {
    expect(await codeOf(() => actorOf(aContext()))).toBe('auth.required');
    expect(await codeOf(() => new Statement(aContext(), aLocker(), database))).toBe('auth.required');
  });
});

describe('a record that is not found', () => {
  it.each<[string, Actor, object | undefined]>([
    ['is absent, for those who see all', anActor('staff'), undefined],
    ['may be refused, to those who see some', anActor('member'), { tableName: 'lockers', recordId: 5 }],
    ['may be refused, to those who see none', anActor([]), { tableName: 'lockers', recordId: 5 }],
    ['goes on record for who breaks the glass', anActor('staff', { breaksGlass: true }), { recordId: 5 }],
  ])('%s', (_how, actor, refused) => {
    const error = statementOf(actor).notFound(5);
    expect([error.code, error.message]).toEqual(['record.not-found', 'There is no such locker.']);
    if (refused) expect(error.refused).toMatchObject(refused);
    else expect(error.refused).toBeUndefined();
  });
});

it.each([
  [[], ''],
  [['a'], ' WHERE a'],
  [['a', 'b', 'c'], ' WHERE a AND b AND c'],
])('conditions %j must all hold', (where, sql) => {
  expect(conditions(where)).toBe(sql);
});
