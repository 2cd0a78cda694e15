import type { EntityMetadata } from 'typeorm';
import { z } from 'zod';
import type { Role } from '#access';
import { anActor, oneLine, unconnected } from '../../../test/support/unconnected';
import { aLocker, Locker, lockerEntities } from './locker.factory';
import { isVisible, projection, visibleFields } from './projection';
import type { Resource } from './resource';

const metadata: EntityMetadata = unconnected(lockerEntities).database.dataSource.getMetadata(Locker);

const sqlOf = (role: Role, facts: Partial<Resource> = {}) =>
  oneLine(projection(aLocker(facts), metadata, anActor(role)));

describe('the view of a record', () => {
  it('is one JSON text, with the fields in the order of the view', () => {
    expect(sqlOf('staff')).toBe(
      `(SELECT row_to_json(v)::text FROM (SELECT t.id AS "id", t.door_number AS "doorNumber", ` +
        `t.deposit::text AS "deposit", t.notes AS "notes", ` +
        `to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "createdAt") v)`,
    );
  });

  it('lacks the fields that the actor may not see', () => {
    expect(sqlOf('member')).not.toContain('notes');
    expect(sqlOf('instructor')).toBe(
      '(SELECT row_to_json(v)::text FROM (SELECT t.id AS "id", t.door_number AS "doorNumber") v)',
    );
  });

  it('renders a derived field by its SQL, also where a column has its name', () => {
    const derived = { doorNumber: 'upper(t.door_number)', loans: '(SELECT count(*) FROM tool_loans)' };
    const view = z.object({ doorNumber: z.string(), loans: z.int() });
    expect(sqlOf('staff', { view, derived })).toContain(
      '(SELECT upper(t.door_number) AS "doorNumber", (SELECT count(*) FROM tool_loans) AS "loans")',
    );
  });

  it('is refused for a field that is neither derived nor a column', () => {
    expect(() => sqlOf('staff', { view: z.object({ colour: z.string() }) })).toThrow(
      "Locker has no column for the view's field colour.",
    );
  });
});

describe('a field', () => {
  it.each<[string, Role[], boolean]>([
    // Restricted: it takes a permission of its own.
    ['notes', ['staff'], true],
    ['notes', ['organizer'], false],
    ['notes', ['organizer', 'officer'], true],
    // Outside of what a scope may see.
    ['deposit', ['instructor'], false],
    ['deposit', ['instructor', 'organizer'], true],
    ['doorNumber', ['instructor'], true],
    ['notes', ['instructor'], false],
    // In a scope that sees all of the view, save what is restricted.
    ['deposit', ['member'], true],
    ['notes', ['member'], false],
    // A name that is no field hides nothing.
    ['limit', ['staff'], true],
  ])('%s is visible to %j: %s', (field, roles, visible) => {
    expect(isVisible(aLocker(), anActor(roles), field)).toBe(visible);
  });

  it('is visible to who breaks the glass where that opens its permission', () => {
    const instructor = anActor('instructor', { breaksGlass: true });
    expect(visibleFields(aLocker(), instructor)).toEqual(['id', 'doorNumber', 'deposit', 'notes', 'createdAt']);
    expect(visibleFields(aLocker(), anActor('instructor'))).toEqual(['id', 'doorNumber']);
  });

  it('is judged by the scope of the permission under which the rows are seen', () => {
    const own = aLocker({ readPermission: 'own-record:read', visible: { self: ['id'] } });
    expect(visibleFields(own, anActor('staff'))).toEqual(['id']);
    expect(visibleFields(aLocker({ visible: { self: ['id'] } }), anActor('staff'))).toContain('deposit');
  });
});
