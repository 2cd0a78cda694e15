import { decodeCursor, foldText, foreignCursor } from '#kernel';
import type { Bind, ListQuery, Resource, SortKey } from './resource';
import { letterOf, prefixRange, type Match } from './search';
import { conditions } from './statement';

/** The row filters and the view that a list applies, already as SQL, and where its typed text is looked for. */
interface ListParts {
  table: string;
  /** What SELECT holds to make a ViewRow. */
  view: string;
  where: string[];
  match: Match | undefined;
  bind: Bind;
}

/** A page's statement: `id`, `version`, `json` and the sort keys `k0…` of up to limit + 1 rows, and how a cursor is read and made. */
export interface ListSql {
  sql: string;
  /** Identifies the order, so that a cursor of another list is refused. */
  sort: string;
  keyCount: number;
}

/** A page as one row; all of it is null for a page without records. */
export interface PageRow {
  ids: number[] | null;
  versions: string[] | null;
  /** The views as JSON, with commas between them. */
  items: string | null;
  /** The sort keys of the last record shown; null where no further record follows. */
  last: string[] | null;
}

/**
 * The same page as a PageRow: fifty rows of three columns cost the driver more than PostgreSQL pays for putting them
 * together. An aggregate takes its rows in the order of its subquery (PostgreSQL 18, "Aggregate Functions").
 */
export function inOneRow({ sql, keyCount }: ListSql, limit: number): string {
  const keys = Array.from({ length: keyCount }, (_, index) => `p.k${index}`).join(', ');
  const shown = `FILTER (WHERE p.place <= ${limit})`;
  return `SELECT json_agg(p.id) ${shown} AS ids, json_agg(p.version::text) ${shown} AS versions,
      string_agg(p.json, ',') ${shown} AS items,
      CASE WHEN count(*) > ${limit} THEN max(json_build_array(${keys})::text) FILTER (WHERE p.place = ${limit}) END::json AS last
    FROM (SELECT row_number() OVER () AS place, page.* FROM (${sql}) page) p`;
}

/** A page in the order of `sort`, by keyset: the rows after the cursor's keys, found through the index of the first key. */
export function sortedPage(resource: Resource, query: ListQuery, parts: ListParts): ListSql {
  const terms = (query.sort ?? '').split(',').filter(Boolean);
  const order = terms.map((term) => ({
    key: resource.sorts[term.replace('-', '')] as SortKey,
    descending: term.startsWith('-'),
  }));
  order.push({ key: { sql: 't.id', type: 'integer' }, descending: order.at(-1)?.descending ?? false });
  const sort = orderName(query, parts.match);
  const where = [...parts.where];
  if (query.cursor) {
    const { keys } = decodeCursor(
      query.cursor,
      sort,
      order.map(({ key }) => key.type),
    );
    where.push(after(order, keys, parts.bind));
  }
  const keys = order.map(({ key }, index) => `(${key.sql})::text AS k${index}`);
  const orderBy = order.map(({ key, descending }) => `${key.sql} ${descending ? 'DESC' : 'ASC'}`);
  return {
    sql: `SELECT ${keys.join(', ')}, ${parts.view} FROM ${parts.table} t${conditions(where)}
      ORDER BY ${orderBy.join(', ')} LIMIT ${query.limit + 1}`,
    sort,
    keyCount: order.length,
  };
}

/**
 * A page of what begins with the typed text, ordered by which key matched, then by that key. Each branch walks its own
 * index and stops at the limit, so a page costs a few look-ups however many records match.
 */
export function prefixPage(resource: Resource, query: ListQuery, parts: ListParts): ListSql {
  const prefix = foldText(query.q ?? '');
  const keys = resource.search ?? [];
  const sort = orderName(query, 'beginning');
  const { bind } = parts;
  const [rankText, keyText, idText] = query.cursor
    ? decodeCursor(query.cursor, sort, ['text', 'text', 'integer']).keys
    : [];
  const from = rankText === undefined ? 0 : keys.findIndex((_, rank) => String(rank) === rankText);
  if (from < 0) throw foreignCursor();
  const branches = keys.map((key, rank) => {
    if (rank < from) return undefined;
    const where = [...parts.where, prefixRange(key, prefix, bind)];
    for (const better of keys.slice(0, rank)) where.push(`NOT (${prefixRange(better, prefix, bind)})`);
    if (rankText !== undefined && rank === from) {
      where.push(`(${key} COLLATE "C", t.id) > (${bind(keyText)}, ${bind(idText)}::integer)`);
    }
    return `(SELECT ${rank} AS rank, ${key} COLLATE "C" AS key, t.id FROM ${parts.table} t${conditions(where)}
      ORDER BY ${key} COLLATE "C", t.id LIMIT ${query.limit + 1})`;
  });
  return {
    sql: `SELECT hit.rank::text AS k0, hit.key AS k1, t.id::text AS k2, ${parts.view}
      FROM (SELECT * FROM (${branches.filter(Boolean).join(' UNION ALL ')}) every_hit
        ORDER BY rank, key, id LIMIT ${query.limit + 1}) hit
      JOIN ${parts.table} t ON t.id = hit.id ORDER BY hit.rank, hit.key, hit.id`,
    sort,
    keyCount: 3,
  };
}

/** Names the order and what was typed, so that a cursor goes on with nothing else. */
function orderName({ q = '', sort = '' }: ListQuery, match: Match | undefined): string {
  return match ? `${letterOf(match)}:${sort}:${foldText(q)}` : sort;
}

/**
 * Rows after the keys (a, b, c): `a >= x AND (a > x OR (a = x AND (b > y OR …)))`. The first, redundant term is what lets
 * the index start at the right place, whatever the directions are.
 */
function after(order: { key: SortKey; descending: boolean }[], keys: string[], bind: Bind): string {
  const terms = order.map(({ key, descending }, index) => ({
    sql: key.sql,
    sign: descending ? '<' : '>',
    value: `${bind(keys[index])}::${key.type}`,
  }));
  const deeper = terms.reduceRight<string>((rest, { sql, sign, value }) => {
    return rest ? `(${sql} ${sign} ${value} OR (${sql} = ${value} AND ${rest}))` : `${sql} ${sign} ${value}`;
  }, '');
  const [first] = terms;
  return `${first?.sql} ${first?.sign}= ${first?.value} AND ${deeper}`;
}
