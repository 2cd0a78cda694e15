import { encodeCursor } from '#kernel';
import type { Role } from '#access';
import { aContext, anActor, codeOf, errorOf, unconnected } from '../../../test/support/unconnected';
import { meets } from '../../../test/support/sql-meaning';
import { sortedPage } from './list-sql';
import { aLocker, lockerEntities } from './locker.factory';
import type { ListQuery, Resource } from './resource';
import { anyBegins, filtered, letterOf, matching, matchOf, prefixRange, type Match } from './search';
import { Statement } from './statement';

const { database } = unconnected(lockerEntities);

const queryOf = (query: Partial<ListQuery>): ListQuery => ({ limit: 50, deleted: 'exclude', ...query });
const statementOf = (role: Role, resource: Resource = aLocker()) =>
  new Statement(aContext(anActor(role)), resource, database);

describe('the rows that a list finds', () => {
  it('lie in scope, are not deleted, and meet every filter that was sent', () => {
    const statement = statementOf('member');
    expect(filtered(statement, queryOf({ hallId: 3, isTaken: false }))).toEqual([
      't.deleted_at IS NULL',
      't.member_id = $1',
      't.hall_id = $2',
      'NOT t.is_taken',
    ]);
    expect(statement.values).toEqual([17, 3]);
  });

  it('are found by a filter whose value is false, zero or empty as well', () => {
    expect(filtered(statementOf('staff'), queryOf({ hallId: 0 }))).toContain('t.hall_id = $1');
    expect(filtered(statementOf('staff'), queryOf({ hallId: undefined }))).toEqual(['t.deleted_at IS NULL']);
  });

  it.each(["'", '’.', ' - ', ','])('are none where %j is typed, which leaves nothing to look for', (q) => {
    expect(filtered(statementOf('staff'), queryOf({ q }))).toContain('false');
    expect(filtered(statementOf('staff'), queryOf({ q: `${q}a` }))).not.toContain('false');
    expect(filtered(statementOf('staff', aLocker({ search: undefined })), queryOf({ q }))).not.toContain('false');
  });

  it('are those of the permission to read that the resource names', () => {
    const own = aLocker({ readPermission: 'own-record:read' });
    expect(filtered(statementOf('staff', own), queryOf({}))).toContain('t.member_id = $1');
  });

  it('are deleted ones for those who may ask for them', async () => {
    expect(filtered(statementOf('officer'), queryOf({ deleted: 'only' }))).toEqual(['t.deleted_at IS NOT NULL']);
    expect(await codeOf(() => filtered(statementOf('staff'), queryOf({ deleted: 'include' })))).toBe('access.denied');
  });

  it('match the typed text within their filters, and all of them where nothing was typed', () => {
    const statement = statementOf('staff');
    const where = matching(statement, queryOf({ q: 'Ann', hallId: 3 }), 'beginning');
    expect(where.slice(0, 2)).toEqual(['t.deleted_at IS NULL', 't.hall_id = $1']);
    expect(where).toHaveLength(3);
    expect(matching(statementOf('staff'), queryOf({ hallId: 3 }), undefined)).toHaveLength(2);
  });
});

describe('a field that the actor may not see', () => {
  const withNotes = aLocker({
    filters: { notes: (notes: string, bind) => `t.notes = ${bind(notes)}` },
    sorts: { id: { sql: 't.id', type: 'integer' }, notes: { sql: 't.notes', type: 'text' } },
  });

  it.each<[string, Role, Partial<ListQuery>, string]>([
    ['a member', 'member', { notes: 'x' }, 'access.field-denied'],
    ['a member', 'member', { sort: 'notes' }, 'access.field-denied'],
    ['a member', 'member', { sort: '-notes' }, 'access.field-denied'],
    ['a member', 'member', { sort: 'id,-notes' }, 'access.field-denied'],
    ['a member', 'member', { sort: 'id' }, 'fine'],
    ['staff', 'staff', { notes: 'x', sort: 'id,-notes' }, 'fine'],
    // Of a scope, too: instructors see numbers and doors alone.
    ['an instructor', 'instructor', { sort: 'deposit' }, 'access.field-denied'],
    ['an instructor', 'instructor', { sort: 'doorNumber', q: 'ann' }, 'fine'],
  ])('is not to be guessed by asking for it: %s with %j %j gets %s', async (_who, role, query, code) => {
    expect(await codeOf(() => filtered(statementOf(role, withNotes), queryOf(query)))).toBe(code);
  });

  it('is named in the refusal, which goes on record', async () => {
    const error = await errorOf(() => filtered(statementOf('member', withNotes), queryOf({ sort: 'id,-notes' })));
    expect(error?.message).toContain('notes');
    expect(error?.refused).toEqual({ tableName: 'lockers' });
  });
});

describe('the beginning of a key', () => {
  const rangeOf = (prefix: string) => {
    const values: unknown[] = [];
    return { sql: prefixRange('t.name', prefix, (value) => `$${values.push(value)}`), values };
  };

  it.each([
    ['ann', true],
    ['anna', true],
    ['ann zoe', true],
    ['annÿ', true],
    ['ann\u{10FFFE}', true],
    ['an', false],
    ['ano', false],
    ['bann', false],
    ['Ann', false],
    ['', false],
  ])('is "ann" in %j: %s', (name, begins) => {
    const { sql, values } = rangeOf('ann');
    expect(meets(sql, { name }, values)).toBe(begins);
  });

  it('is compared by bytes, as its index is', () => {
    expect(rangeOf('ann').sql).toBe('t.name COLLATE "C" >= $1 AND t.name COLLATE "C" < $2');
    expect(rangeOf('ann').values).toEqual(['ann', 'ann\u{10FFFF}']);
  });
});

describe('a typed text', () => {
  const conditionOf = (q: string, match: Match) => {
    const statement = statementOf('staff');
    return { sql: matching(statement, queryOf({ q }), match).at(-1) ?? '', values: statement.values };
  };

  it('may begin any of the search keys', () => {
    const { sql, values } = conditionOf('ANN', 'beginning');
    const finds = (name: string, number: string) => meets(sql, { name, number }, values);
    expect([finds('anna', '1'), finds('bob', 'ann1'), finds('ann', 'ann'), finds('bob', '1')]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    // The whole stands in brackets, or a key would escape the scope by its OR.
    expect(sql).toMatch(/^\(.*\)$/);
  });

  it.each([
    ['ann', '%ann%'],
    ['Ánn  Zoe', '%ann zoe%'],
    // None of them means anything but itself.
    ['100%', '%100\\%%'],
    ['a_b', '%a\\_b%'],
    ['a\\b', '%a\\\\b%'],
    ['%_\\', '%\\%\\_\\\\%'],
  ])('%j is looked for inside of names as %j', (q, pattern) => {
    expect(conditionOf(q, 'inside')).toEqual({ sql: 't.everything LIKE $1', values: [pattern] });
  });
});

describe('the look for records that begin so', () => {
  it('asks each key, within the scope and the filters of the list', async () => {
    const { database: asked, sent } = unconnected(lockerEntities, () => [{ found: true }]);
    const statement = new Statement(aContext(anActor('member')), aLocker(), asked);
    expect(await anyBegins(statement, queryOf({ q: 'Ann', hallId: 3 }), asked)).toBe(true);
    const scope = 't.deleted_at IS NULL AND t.member_id = $1 AND t.hall_id = $2';
    expect(sent).toEqual([
      {
        sql: oneOf(['name', '$3', '$4'], ['number', '$5', '$6'], scope),
        values: [17, 3, 'ann', 'ann\u{10FFFF}', 'ann', 'ann\u{10FFFF}'],
      },
    ]);
  });

  it('finds none where the database says so, or nothing', async () => {
    const none = unconnected(lockerEntities, () => [{ found: false }]).database;
    expect(await anyBegins(statementOf('staff'), queryOf({ q: 'ann' }), none)).toBe(false);
    expect(await anyBegins(statementOf('staff'), queryOf({ q: 'ann' }), database)).toBe(false);
  });

  function oneOf(...parts: [string[], string[], string]): string {
    const [first, second, scope] = parts;
    const looks = [first, second].map(
      ([key, from, to]) =>
        `EXISTS (SELECT FROM lockers t WHERE ${scope} AND t.${key} COLLATE "C" >= ${from} AND t.${key} COLLATE "C" < ${to})`,
    );
    return `SELECT ${looks.join(' OR ')} AS found`;
  }
});

describe('the place of a typed text', () => {
  const cursorOf = (match: Match | undefined, sort?: string) => {
    const query = queryOf({ q: 'ann', sort });
    const parts = { table: 'lockers', view: '', where: [], match, bind: () => '' };
    return encodeCursor({ sort: sortedPage(aLocker(), query, parts).sort, keys: ['1'] });
  };

  it.each<[string, Partial<Resource>, Partial<ListQuery>, boolean, Match | undefined]>([
    ['nowhere without a text', {}, {}, true, undefined],
    ['nowhere for an empty text', {}, { q: '' }, true, undefined],
    ['nowhere in a resource without search', { search: undefined }, { q: 'ann' }, true, undefined],
    ['the beginning, if any record begins so', {}, { q: 'ann' }, true, 'beginning'],
    ['inside, if none begins so', {}, { q: 'ann' }, false, 'inside'],
    ['the beginning, if the resource has no other', { contains: undefined }, { q: 'ann' }, false, 'beginning'],
    ['inside, as on the first page', {}, { q: 'ann', cursor: cursorOf('inside') }, true, 'inside'],
    ['the beginning, as on the first page', {}, { q: 'ann', cursor: cursorOf('beginning') }, false, 'beginning'],
    ['inside, as on the first page of a sort', {}, { q: 'ann', cursor: cursorOf('inside', 'floor') }, true, 'inside'],
    ['the beginning, for a cursor that is none', {}, { q: 'ann', cursor: 'bm9uZQ' }, false, 'beginning'],
  ])('is %s', async (_where, facts, query, begins, match) => {
    expect(await matchOf(aLocker(facts), queryOf(query), async () => begins)).toBe(match);
  });

  it('is named in a cursor by its own letter', () => {
    expect([letterOf('beginning'), letterOf('inside')]).toEqual(['q', 'c']);
  });
});
