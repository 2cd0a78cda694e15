import { type PasswordProofsService, PersonsService } from '#access';
import { Clock } from '#kernel';
import type { RequestContext } from '#platform/context';
import { Rendered } from '#platform/http';
import type { RecordLists, Records, Resource } from '#records';
import { aContext, anActor, codeOf, unconnected } from '../../../test/support/unconnected';
import { accountEntities } from './account-entities';
import type { AccountsService } from './accounts.service';
import { hashPassword } from './passwords';
import type { OneTimeTokensService } from './one-time-tokens.service';
import type { SecondFactorService } from './second-factor.service';
import type { SessionsService } from './sessions.service';
import { CreateUser, SetRoles, UpdateUser } from './user.dto';
import { UsersService } from './users.service';

class FixedClock extends Clock {
  override now(): Date {
    return new Date('2026-11-24T12:00:00Z');
  }
}

const roleRows = [
  { RoleRow_id: 3, RoleRow_name: 'staff' },
  { RoleRow_id: 2, RoleRow_name: 'officer' },
];

/** The service, and what it did; `levels` are those of administration, before and after. */
function usersWith(levels: number[] = [2, 2]) {
  const done: string[] = [];
  const changes: Record<string, unknown>[] = [];
  const looks = [...levels];
  const { database, sent } = unconnected(accountEntities, (sql) => {
    if (sql.includes('FROM roles')) return roleRows;
    if (sql.includes('person_accounts')) return [{ userIds: [7], memberIds: [] }];
    return sql.includes('AS level') ? [{ level: looks.shift() }] : [];
  });
  const shown = new Rendered('{}');
  const records = {
    create: async (_c: RequestContext, _r: Resource, record: Record<string, unknown>) => (changes.push(record), shown),
    update: async (_c: RequestContext, _r: Resource, _id: number, change: Record<string, unknown>) => {
      changes.push(change);
      return shown;
    },
    remove: async () => void done.push('removed'),
    restore: async () => (done.push('restored'), shown),
    mustBeVisible: async () => 'users',
    get: async () => shown,
  } as unknown as Records;
  const sessions = {
    endAll: async (_c: RequestContext, id: number, reason: string) => void done.push(`${id} ${reason}`),
  } as unknown as SessionsService;
  const tokens = { voidAll: async () => void done.push('links void') } as unknown as OneTimeTokensService;
  const factor = { dropRecoveryCodes: async () => void done.push('codes dropped') } as unknown as SecondFactorService;
  const lists = {} as RecordLists;
  const users = new UsersService(
    ...([database, records, lists, sessions, tokens, factor] as const),
    {
      find: async () => undefined,
      hashNewPassword: (context: RequestContext, password: string) => hashPassword(context, password),
    } as unknown as AccountsService,
    new PersonsService(database),
    {} as PasswordProofsService,
    new FixedClock(),
  );
  return { users, done, changes, sent };
}

const admin = () => aContext(anActor('admin'));

describe('a change of an account', () => {
  it.each<[object, string[]]>([
    [{ firstName: 'Ann' }, []],
    [{ isActive: true }, []],
    [{ isActive: false }, ['8 account-changed']],
    [{ password: 'correct horse battery' }, ['8 account-changed']],
    [{ emailVerified: true }, []],
    [{ emailVerified: false }, ['8 account-changed']],
    // A link to the old address proves nothing of the new one.
    [{ email: 'new@local.example' }, ['links void']],
    [{ mustChangePassword: true, memberId: 3 }, []],
  ])('%j ends what it takes away: %j', async (patch, ended) => {
    const { users, done } = usersWith();
    await users.update(admin(), 8, patch);
    expect(done).toEqual(ended);
  });

  it('keeps no password, and the time of a verification', async () => {
    const { users, changes } = usersWith([2, 2, 2, 2, 2, 2]);
    await users.update(admin(), 8, { password: 'correct horse battery', emailVerified: true });
    await users.update(admin(), 8, { emailVerified: false });
    await users.update(admin(), 8, { firstName: 'Ann' });
    expect(changes).toEqual([
      {
        passwordHash: expect.stringMatching(/^\$argon2id\$/) as unknown,
        failedLoginAttempts: 0,
        emailVerifiedAt: '2026-11-24T12:00:00.000Z',
      },
      { emailVerifiedAt: null },
      { firstName: 'Ann' },
    ]);
  });

  it('locks without end, and unlocks with a clean slate', async () => {
    const { users, changes, done } = usersWith([2, 2, 2, 2]);
    await users.lock(admin(), 8);
    await users.unlock(admin(), 8);
    expect(changes).toEqual([{ lockedUntil: '9999-12-31T00:00:00Z' }, { lockedUntil: null, failedLoginAttempts: 0 }]);
    expect(done).toEqual(['8 account-locked']);
  });

  it('takes the second factor of somebody else away, whole, and ends their sessions', async () => {
    const { users, changes, done } = usersWith();
    await users.resetSecondFactor(admin(), 8);
    expect(changes).toEqual([{ mfaSecret: null, mfaEnabledAt: null, mfaLastStep: null }]);
    expect(done).toEqual(['codes dropped', '8 second-factor-reset']);
  });

  it('takes nobody’s own second factor away', async () => {
    const { users, changes } = usersWith();
    expect(await codeOf(async () => users.resetSecondFactor(admin(), 7))).toBe('access.denied');
    expect(changes).toEqual([]);
  });

  it('that removes it ends its sessions', async () => {
    const { users, done } = usersWith();
    await users.remove(admin(), 8);
    expect(done).toEqual(['removed', '8 account-deleted']);
  });
});

describe('the last administrator', () => {
  it.each([
    [2, 2, 'fine'],
    [1, 2, 'fine'],
    [0, 0, 'fine'],
    [1, 1, 'fine'],
    [2, 1, 'users.last-admin'],
    [2, 0, 'users.last-admin'],
    [1, 0, 'users.last-admin'],
  ])('remains: from level %i to %i is %s', async (before, after, code) => {
    const changes: ((users: UsersService) => Promise<unknown>)[] = [
      (users) => users.setRoles(admin(), 8, { roles: [] }),
      (users) => users.lock(admin(), 8),
      (users) => users.remove(admin(), 8),
      (users) => users.update(admin(), 8, { isActive: false }),
    ];
    for (const change of changes) {
      expect(await codeOf(() => change(usersWith([before, after]).users))).toBe(code);
    }
  });

  it('is one whose role counts, and whose account works or is locked by guesses alone', async () => {
    const { users, sent } = usersWith();
    await users.unlock(admin(), 8);
    expect(sent[0]?.sql).toContain('pg_advisory_xact_lock');
    expect(sent[1]?.sql).toMatch(
      /WHERE r\.name = 'admin' AND \(ur\.expires_at IS NULL OR ur\.expires_at > now\(\)\) AND u\.deleted_at IS NULL AND u\.is_active AND u\.email_verified_at IS NOT NULL AND coalesce\(u\.locked_until < '9999-01-01', true\)$/,
    );
  });
});

describe('roles', () => {
  it('become exactly those that were granted, each with its end', async () => {
    const { users, sent } = usersWith();
    await users.setRoles(admin(), 8, { roles: ['staff', { name: 'officer', expiresAt: '2027-01-01T00:00:00Z' }] });
    const [taken, given] = sent.filter(({ sql }) => sql.includes('user_roles') && !sql.startsWith('SELECT'));
    expect(taken?.sql).toMatch(/^DELETE FROM user_roles WHERE \(*user_id = \$1 AND NOT\(role_id IN \(\$2, \$3\)\)/);
    expect(taken?.values).toEqual([8, 3, 2]);
    expect(given?.sql).toMatch(
      /ON CONFLICT \( ?user_id, role_id ?\) DO UPDATE SET .*expires_at = EXCLUDED\.expires_at/,
    );
    expect(given?.values.slice(0, 5)).toEqual([8, 3, null, 8, 2]);
    expect((given?.values[5] as { toPostgres: () => string }).toPostgres()).toBe('2027-01-01T00:00:00Z');
  });

  it.each([
    [[], true],
    [['staff', 'member'], true],
    [[{ name: 'staff', expiresAt: null }, 'member'], true],
    [['staff', 'staff'], false],
    [['staff', { name: 'staff', expiresAt: null }], false],
    [['root'], false],
    [[{ name: 'staff' }], false],
    [[{ name: 'staff', expiresAt: 'tomorrow' }], false],
    [[{ name: 'staff', expiresAt: null, since: 1 }], false],
  ])('%j are taken: %s', (roles, taken) => {
    expect(SetRoles.safeParse({ roles }).success).toBe(taken);
  });
});

describe('the body of a request', () => {
  const user = { email: ' Ann@Local.EXAMPLE ', firstName: 'A', lastName: 'B', password: 'correct horse', roles: [] };

  it('brings addresses into one form', () => {
    expect(CreateUser.parse(user).email).toBe('ann@local.example');
    expect(UpdateUser.parse({ email: user.email }).email).toBe('ann@local.example');
  });

  it.each(['lockedUntil', 'passwordHash', 'mfaSecret', 'failedLoginAttempts', 'emailVerifiedAt', 'id'])(
    'sets no %s',
    (field) => {
      expect(CreateUser.safeParse({ ...user, [field]: null }).success).toBe(false);
      expect(UpdateUser.safeParse({ [field]: null }).success).toBe(false);
    },
  );

  it('changes no roles beside their own operation', () => {
    expect(UpdateUser.safeParse({ roles: ['admin'] }).success).toBe(false);
  });
});
