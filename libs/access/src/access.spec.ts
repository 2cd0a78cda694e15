import { anActor } from '../../../test/support/unconnected';
import { holds, scopeOf, systemActor } from './access';
import { PERMISSIONS, type Permission, type Role, type Scope } from './permissions';

describe('the scope in which an actor holds a permission', () => {
  it.each<[Permission, Role[], Scope | undefined]>([
    ['members:read', ['staff'], 'all'],
    ['members:read', ['instructor'], 'students'],
    ['members:read', ['member'], 'self'],
    // The widest of all roles counts, in whatever order they stand.
    ['members:read', ['member', 'instructor'], 'students'],
    ['members:read', ['instructor', 'member'], 'students'],
    ['members:read', ['member', 'instructor', 'organizer'], 'all'],
    ['audit:read', ['member', 'staff'], 'own'],
    ['audit:read', ['staff', 'officer'], 'members'],
    ['audit:read', ['officer', 'admin'], 'all'],
    ['members:write', ['instructor', 'organizer'], undefined],
    ['members:write', ['instructor', 'member'], 'self'],
    ['members:read', [], undefined],
    ['own-record:read', ['admin'], 'self'],
    ['attachments:read', ['member'], 'owner'],
  ])('of %s for %j is %s', (permission, roles, scope) => {
    expect(scopeOf(anActor(roles), permission)).toBe(scope);
    expect(holds(anActor(roles), permission)).toBe(scope !== undefined);
  });

  it('is none for roles that nobody knows, whatever they are called', () => {
    for (const role of ['Admin', 'root', '', 'all', '__proto__', 'constructor', 'toString']) {
      const permissions = Object.keys(PERMISSIONS) as Permission[];
      expect(permissions.filter((permission) => holds(anActor(role as Role), permission))).toEqual([]);
    }
  });

  it.each<[Permission, Role, Scope | undefined]>([
    ['members:read', 'instructor', 'all'],
    ['grievances:read', 'organizer', 'all'],
    // Break-glass leaves everything else as it is.
    ['members:write', 'instructor', undefined],
    ['audit:read', 'instructor', 'own'],
    ['deleted:read', 'staff', undefined],
    ['own-record:read', 'staff', 'self'],
  ])('of %s for %s is %s when they break the glass', (permission, role, scope) => {
    expect(scopeOf(anActor(role, { breaksGlass: true }), permission)).toBe(scope);
    expect(scopeOf(anActor(role, { breaksGlass: false }), permission)).toBe(scopeOf(anActor(role), permission));
  });
});

describe('the actor of a job or a command', () => {
  it('signs with its name, is no user and no member, and may do everything', () => {
    const actor = systemActor('purge');
    expect(actor).toMatchObject({ userId: null, email: 'system:purge', memberId: null, mustChangePassword: false });
    // Save breaking the glass: nothing is closed to it.
    const refused = (Object.keys(PERMISSIONS) as Permission[]).filter((permission) => !holds(actor, permission));
    expect(refused).toEqual(['break-glass:use']);
  });
});
