import { encodeCursor } from '#kernel';
import { codeOf, oneLine } from '../../../test/support/unconnected';
import { inOrder, meets, type Row } from '../../../test/support/sql-meaning';
import { prefixPage, sortedPage, type ListSql } from './list-sql';
import { aLocker } from './locker.factory';
import type { ListQuery, Resource } from './resource';
import type { Match } from './search';

/** Keys that tie in every way: equal floors, equal deposits, and both. */
const lockers: Row[] = [
  { id: 1, floor: 2, deposit: 5, door_number: 'b' },
  { id: 2, floor: 1, deposit: 10, door_number: 'a' },
  { id: 3, floor: 2, deposit: 5, door_number: 'B' },
  { id: 4, floor: 1, deposit: 5, door_number: 'c' },
  { id: 5, floor: 2, deposit: 10, door_number: 'a' },
  { id: 6, floor: 1, deposit: 10, door_number: 'b' },
  { id: 7, floor: 10, deposit: 5, door_number: 'a' },
];

const resource = aLocker();
const listOf = (query: Partial<ListQuery>): ListQuery => ({ limit: 2, deleted: 'exclude', ...query });

/** The statement of a page, taken apart; the rows in scope are those on any floor. */
function sorted(query: Partial<ListQuery>, match?: Match, where = ['t.floor > $1']) {
  const values: unknown[] = [0];
  const bind = (value: unknown) => `$${values.push(value)}`;
  const list = sortedPage(resource, listOf(query), {
    table: 'lockers',
    view: `t.id, '{}' AS json`,
    where,
    match,
    bind,
  });
  const [, keys = '', condition = '', orderBy = '', limit = ''] =
    /^SELECT (.*), t\.id, '\{\}' AS json FROM lockers t(?: WHERE (.*))? ORDER BY (.*) LIMIT (\d+)$/.exec(
      oneLine(list.sql),
    ) ?? [];
  return { list, values, keys, condition, orderBy, limit: Number(limit) };
}

/** The ids on all pages, one page after another. */
function walk(sort: string | undefined): number[][] {
  const pages: number[][] = [];
  let cursor: string | undefined;
  do {
    const { list, values, keys, condition, orderBy, limit } = sorted({ sort, cursor });
    const met = lockers.filter((row) => meets(condition, row, values));
    const found = inOrder(met, orderBy).slice(0, limit);
    const page = found.slice(0, limit - 1);
    pages.push(page.map(({ id }) => Number(id)));
    const columns = [...keys.matchAll(/\(t\.(\w+)[^)]*\)::text AS k\d/g)].map(([, column = '']) => column);
    const last = page.at(-1);
    const lastKeys = columns.map((column) => String(last?.[column]));
    cursor = found.length === limit ? encodeCursor({ sort: list.sort, keys: lastKeys }) : undefined;
  } while (cursor && pages.length < 10);
  return pages;
}

describe('pages in the order of a sort', () => {
  it.each([
    [undefined, [1, 2, 3, 4, 5, 6, 7]],
    ['id', [1, 2, 3, 4, 5, 6, 7]],
    ['-id', [7, 6, 5, 4, 3, 2, 1]],
    ['floor', [2, 4, 6, 1, 3, 5, 7]],
    // Ties are broken in the direction of the last key, which an index can follow.
    ['-floor', [7, 5, 3, 1, 6, 4, 2]],
    ['floor,deposit', [4, 2, 6, 1, 3, 5, 7]],
    ['floor,-deposit', [6, 2, 4, 5, 3, 1, 7]],
    ['-floor,deposit', [7, 1, 3, 5, 4, 2, 6]],
    ['-floor,-deposit', [7, 5, 3, 1, 6, 2, 4]],
    ['deposit,-floor,doorNumber', [7, 3, 1, 4, 5, 2, 6]],
    ['doorNumber', [3, 2, 5, 7, 1, 6, 4]],
  ])('by %s hold every row once, over all pages', (sort, ids) => {
    expect(walk(sort)).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4, 6), ids.slice(6)]);
  });

  it('ask for one row more than a page holds, which tells whether there is another', () => {
    expect(sorted({ limit: 50 }).limit).toBe(51);
    expect(sorted({ limit: 1 }).limit).toBe(2);
  });

  it('carry every key of their order, the id last, so that a cursor can name the row', () => {
    const { list, keys, orderBy } = sorted({ sort: '-floor,doorNumber' });
    expect(list.keyCount).toBe(3);
    expect(keys).toBe('(t.floor)::text AS k0, (t.door_number COLLATE "C")::text AS k1, (t.id)::text AS k2');
    expect(orderBy).toBe('t.floor DESC, t.door_number COLLATE "C" ASC, t.id ASC');
  });

  it('begin after the cursor within the rows in scope, at a place that the index of the first key can find', () => {
    const cursor = encodeCursor({ sort: 'floor', keys: ['2', '3'] });
    const { condition, values } = sorted({ sort: 'floor', cursor }, undefined, ['t.floor > $1', 'false']);
    expect(condition).toMatch(/^t\.floor > \$1 AND false AND t\.floor >= \$2::integer AND \(/);
    expect(values).toEqual([0, '2', '3']);
    expect(sorted({ sort: '-floor', cursor: encodeCursor({ sort: '-floor', keys: ['2', '3'] }) }).condition).toContain(
      't.floor <= $2::integer',
    );
  });

  it('have no condition where neither scope nor cursor sets one', () => {
    expect(sorted({}, undefined, []).condition).toBe('');
  });

  it.each<[string, Partial<ListQuery>, Match | undefined]>([
    ['of another sort', { sort: '-floor' }, undefined],
    ['of the same sort with more keys', { sort: 'floor,deposit' }, undefined],
    ['of a search', { sort: 'floor', q: 'okafor' }, 'beginning'],
    ['of a search inside of names', { sort: 'floor', q: 'okafor' }, 'inside'],
  ])('refuse a cursor of a list by floor in a list %s', async (_which, query, match) => {
    const { list } = sorted({ sort: 'floor' });
    const cursor = encodeCursor({ sort: list.sort, keys: ['2', '3'] });
    expect(await codeOf(() => sorted({ ...query, cursor }, match))).toBe('request.invalid');
    expect(await codeOf(() => sorted({ sort: 'floor', cursor }))).toBe('fine');
  });

  it.each<[string, Partial<ListQuery>, Match]>([
    ['another text', { q: 'okafo' }, 'beginning'],
    ['the same text inside of names', { q: 'okafor' }, 'inside'],
    ['another sort', { q: 'okafor', sort: 'id' }, 'beginning'],
  ])('refuse a cursor of a search in a search with %s', async (_which, query, match) => {
    const { sort } = sorted({ q: 'okafor', sort: 'floor' }, 'beginning').list;
    const cursor = encodeCursor({ sort, keys: ['2', '3'] });
    const whole = { sort: 'floor', ...query };
    expect(await codeOf(() => sorted({ ...whole, cursor }, match))).toBe('request.invalid');
    expect(await codeOf(() => sorted({ q: ' OKÁFOR', sort: 'floor', cursor }, 'beginning'))).toBe('fine');
  });

  it.each([['2'], ['2', '3', '4'], []])('refuse a cursor with the keys %j', async (...keys) => {
    const cursor = encodeCursor({ sort: 'floor', keys });
    expect(await codeOf(() => sorted({ sort: 'floor', cursor }))).toBe('request.invalid');
  });
});

describe('pages of a search, in the order of what matched', () => {
  /** Some begin with "ann" by name, some by number, one by both. */
  const found: Row[] = [
    { id: 1, name: 'anna', number: 'x1' },
    { id: 2, name: 'bob', number: 'ann3' },
    { id: 3, name: 'ann', number: 'ann1' },
    { id: 4, name: 'carl', number: 'c' },
    { id: 5, name: 'anna', number: 'x0' },
    { id: 6, name: 'zoe', number: 'ann2' },
    { id: 7, name: 'ann\u{10FFFE}', number: 'x' },
    { id: 8, name: 'zoe', number: 'ann3' },
    { id: 9, name: 'ano', number: 'an' },
  ];

  interface Branch {
    rank: number;
    key: string;
    condition: string;
    limit: number;
  }

  function searched(query: Partial<ListQuery>, of: Resource = resource) {
    const values: unknown[] = [0];
    const bind = (value: unknown) => `$${values.push(value)}`;
    const parts = { table: 'lockers', view: `t.id, '{}' AS json`, where: ['t.id > $1'], match: undefined, bind };
    const list: ListSql = prefixPage(of, listOf(query), parts);
    const sql = oneLine(list.sql);
    const branches = [
      ...sql.matchAll(
        /\(SELECT (\d) AS rank, (t\.\w+) COLLATE "C" AS key, t\.id FROM lockers t WHERE (.*?) ORDER BY (t\.\w+) COLLATE "C", t\.id LIMIT (\d+)\)/g,
      ),
    ].map(([, rank, key = '', condition = '', orderKey, limit]): Branch => {
      expect(orderKey).toBe(key);
      return { rank: Number(rank), key, condition, limit: Number(limit) };
    });
    const outer =
      /every_hit ORDER BY rank, key, id LIMIT (\d+)\) hit JOIN lockers t ON t\.id = hit\.id ORDER BY hit\.rank, hit\.key, hit\.id$/;
    return { list, sql, values, branches, limit: Number(outer.exec(sql)?.[1]) };
  }

  it('hold each record once, under the best key that matches, over all pages', () => {
    const pages: number[][] = [];
    let cursor: string | undefined;
    do {
      const { list, values, branches, limit } = searched({ q: 'Ann', cursor });
      const hits = branches.flatMap(({ rank, key, condition, limit: most }) => {
        const met = found.filter((row) => meets(condition, row, values));
        const ordered = inOrder(met, `${key}, t.id`).slice(0, most);
        return ordered.map((row) => [String(rank), String(row[key.replace('t.', '')]), String(row['id'])]);
      });
      const all = hits.slice(0, limit);
      const page = all.slice(0, limit - 1);
      pages.push(page.map(([, , id]) => Number(id)));
      cursor = all.length === limit ? encodeCursor({ sort: list.sort, keys: page.at(-1) ?? [] }) : undefined;
    } while (cursor && pages.length < 10);
    // By name first: ann, anna twice, and what sorts after every letter; then by number.
    expect(pages).toEqual([[3, 1], [5, 7], [6, 2], [8]]);
  });

  it('look in each key’s own index no further than a page needs', () => {
    const { branches, limit, list } = searched({ q: 'ann', limit: 50 });
    expect(branches.map(({ rank, key, limit: most }) => [rank, key, most])).toEqual([
      [0, 't.name', 51],
      [1, 't.number', 51],
    ]);
    expect([limit, list.keyCount]).toEqual([51, 3]);
  });

  it('go on with the key of the cursor and the worse ones', () => {
    const { sort } = searched({ q: 'ann' }).list;
    const { branches, values } = searched({ q: 'ann', cursor: encodeCursor({ sort, keys: ['1', 'ann2', '6'] }) });
    expect(branches.map(({ rank }) => rank)).toEqual([1]);
    expect(branches[0]?.condition).toContain('(t.number COLLATE "C", t.id) > (');
    expect(values).toEqual(expect.arrayContaining(['ann2', '6']));
  });

  it('show the rank, the key and the id, which a cursor is made of', () => {
    expect(searched({ q: 'ann' }).sql).toMatch(
      /^SELECT hit\.rank::text AS k0, hit\.key AS k1, t\.id::text AS k2, t\.id, '\{\}' AS json FROM \(SELECT \* FROM \(/,
    );
  });

  it.each([
    ['of another text', 'bob', ['0', 'ann', '3']],
    ['with a rank that no key has', 'ann', ['2', 'ann', '3']],
    ['with a rank that is none', 'ann', ['-1', 'ann', '3']],
    ['with a rank spelt otherwise', 'ann', ['01', 'ann', '3']],
    ['with too few keys', 'ann', ['0', 'ann']],
  ])('refuse a cursor %s', async (_which, q, keys) => {
    const { sort } = searched({ q: 'ann' }).list;
    expect(await codeOf(() => searched({ q, cursor: encodeCursor({ sort, keys }) }))).toBe('request.invalid');
  });

  it('refuse a cursor of the same search in the order of a sort', async () => {
    const { sort } = sorted({ q: 'ann', sort: 'floor,deposit' }, 'beginning').list;
    const cursor = encodeCursor({ sort, keys: ['0', 'ann', '3'] });
    expect(await codeOf(() => searched({ q: 'ann', cursor }))).toBe('request.invalid');
  });
});
