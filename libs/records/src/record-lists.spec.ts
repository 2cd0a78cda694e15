import type { Role } from '#access';
import { decodeCursor } from '#kernel';
import { aContext, anActor, codeOf, unconnected } from '../../../test/support/unconnected';
import { aLocker, lockerEntities } from './locker.factory';
import type { PageRow } from './list-sql';
import { RecordLists } from './record-lists';
import type { Records } from './records';
import type { ListQuery } from './resource';

interface Shown {
  items: { id: number }[];
  nextCursor: string | null;
  total?: number;
}

interface Found {
  id: number;
  version: string;
  json: string;
  keys: string[];
}

const rowsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    version: String(101 + index),
    json: `{"id":${index + 1}}`,
    keys: [`floor ${index + 1}`, `${index + 1}`, 'third'],
  }));

/** As PostgreSQL makes one row of the rows it has found. */
function pageOf(rows: Found[], sql: string): PageRow {
  const [, limit] = /p\.place <= (\d+)/.exec(sql) ?? [];
  const [, keys = ''] = /json_build_array\(([^)]*)\)/.exec(sql) ?? [];
  const shown = rows.slice(0, Number(limit));
  if (shown.length === 0) return { ids: null, versions: null, items: null, last: null };
  return {
    ids: shown.map(({ id }) => id),
    versions: shown.map(({ version }) => version),
    items: shown.map(({ json }) => json).join(','),
    last: rows.length > shown.length ? (shown.at(-1)?.keys.slice(0, keys.split(',').length) ?? null) : null,
  };
}

/** A list of these rows; `begins` are those that begin with the typed text. */
async function listed(query: Partial<ListQuery>, rows: Found[], given: { begins?: Found[]; role?: Role } = {}) {
  const { begins = rows, role = 'staff' } = given;
  const { database, sent } = unconnected(lockerEntities, (sql) => {
    if (sql.includes('AS total')) return [{ total: 11 }];
    if (sql.includes('AS found')) return [{ found: begins.length > 0 }];
    return [pageOf(sql.includes('every_hit') ? begins : rows, sql)];
  });
  const context = aContext(anActor(role));
  const lists = new RecordLists(database, {} as Records);
  const shown = await lists.list(context, aLocker(), { limit: 2, deleted: 'exclude', ...query });
  return { ...(JSON.parse(shown.json) as Shown), context, sent };
}

describe('a page', () => {
  it.each([
    [0, [], false],
    [1, [1], false],
    [2, [1, 2], false],
    [3, [1, 2], true],
  ])('of %i rows found shows %j and goes on: %s', async (count, ids, goesOn) => {
    const { items, nextCursor, context } = await listed({}, rowsOf(count));
    expect([items.map(({ id }) => id), nextCursor !== null]).toEqual([ids, goesOn]);
    // The row that only tells of another page is not shown, and so not disclosed.
    expect(context.disclosures.map((disclosure) => disclosure.ids)).toEqual([ids]);
  });

  it('goes on after the keys of the last row it shows', async () => {
    const { nextCursor } = await listed({ sort: 'floor' }, rowsOf(3));
    expect(decodeCursor(nextCursor ?? '', 'floor', ['text', 'integer']).keys).toEqual(['floor 2', '2']);
  });

  it('is one disclosure, which says what was asked', async () => {
    const { context } = await listed({ hallId: 3, sort: 'floor' }, rowsOf(1));
    expect(context.disclosures).toEqual([
      {
        tableName: 'lockers',
        ids: [1],
        versions: ['101'],
        list: true,
        filters: { limit: 2, deleted: 'exclude', hallId: 3, sort: 'floor' },
      },
    ]);
  });

  it('has a total where it was asked for, of the rows in scope that match', async () => {
    expect((await listed({}, rowsOf(1))).total).toBeUndefined();
    expect((await listed({ count: 'false' }, rowsOf(1))).total).toBeUndefined();
    const { total, sent } = await listed({ count: 'true', hallId: 3, q: 'ann' }, rowsOf(1), { role: 'member' });
    expect(total).toBe(11);
    expect(sent.at(-1)?.sql).toMatch(
      /^SELECT count\(\*\)::integer AS total FROM lockers t WHERE t\.deleted_at IS NULL AND t\.member_id = \$1 AND t\.hall_id = \$2 AND \(\(t\.name COLLATE "C" >= /,
    );
  });
});

describe('a search', () => {
  it('shows what begins with the text, in one statement', async () => {
    const { items, sent, nextCursor } = await listed({ q: 'ann' }, [], { begins: rowsOf(3) });
    expect([items.length, sent.length]).toEqual([2, 1]);
    expect(decodeCursor(nextCursor ?? '', 'q::ann', ['text', 'integer', 'text']).keys).toEqual([
      'floor 2',
      '2',
      'third',
    ]);
  });

  it('looks inside of names where nothing begins so', async () => {
    const { items, sent } = await listed({ q: 'ann' }, rowsOf(1), { begins: [] });
    expect(items).toEqual([{ id: 1 }]);
    expect(sent.map(({ sql }) => sql.includes('LIKE'))).toEqual([false, true]);
  });

  it('in the order of a sort asks first whether anything begins so', async () => {
    const { items, sent } = await listed({ q: 'ann', sort: 'floor' }, rowsOf(2));
    expect(items).toHaveLength(2);
    expect(sent.map(({ sql }) => [sql.includes('AS found'), sql.includes('ORDER BY t.floor ASC, t.id ASC')])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(sent[1]?.sql).toContain('(t.name COLLATE "C" >= ');
  });

  it('keeps to the scope in either way', async () => {
    for (const begins of [rowsOf(1), []]) {
      const { sent } = await listed({ q: 'ann' }, rowsOf(1), { begins, role: 'member' });
      const branches = sent.flatMap(({ sql }) => sql.split('UNION ALL'));
      expect(branches.every((sql) => sql.includes('t.deleted_at IS NULL AND t.member_id = $1'))).toBe(true);
    }
  });
});

it('shows what hangs on a record only to those who may see the record', async () => {
  const { database, sent } = unconnected(lockerEntities);
  const records = {
    mustBeVisible: async () => {
      throw new Error('hidden');
    },
  } as unknown as Records;
  const query: ListQuery = { limit: 2, deleted: 'exclude' };
  const lists = new RecordLists(database, records);
  await expect(lists.listOf(aContext(anActor('staff')), aLocker(), 5, aLocker(), query)).rejects.toThrow('hidden');
  expect(sent).toEqual([]);
  expect(await codeOf(() => lists.list(aContext(), aLocker(), query))).toBe('auth.required');
});
