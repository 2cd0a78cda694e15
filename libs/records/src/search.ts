import { DomainError, foldText, sortOfCursor } from '#kernel';
import type { Database } from '#platform/database';
import { isVisible } from './projection';
import type { Bind, ListQuery, Resource } from './resource';
import { conditions, type Statement } from './statement';

/** Where a typed text is looked for: at the beginnings of the search keys, or inside of names. */
export type Match = 'beginning' | 'inside';

/** Greater than every folded text, which holds no code point above U+10FFFF. */
const beyond = '\u{10FFFF}';

/**
 * Decides, for pages in any order, counts and exports alike, where the typed text is looked for: inside of names only where
 * `anyBegins` finds no record that begins so. A cursor goes on as its first page began. Undefined where nothing was typed.
 */
export async function matchOf(
  resource: Resource,
  { q, cursor }: ListQuery,
  anyBegins: () => Promise<boolean>,
): Promise<Match | undefined> {
  if (!q || !resource.search) return undefined;
  if (!resource.contains) return 'beginning';
  if (cursor) return sortOfCursor(cursor)?.startsWith(`${letterOf('inside')}:`) ? 'inside' : 'beginning';
  return (await anyBegins()) ? 'beginning' : 'inside';
}

/** The letter by which a cursor remembers the decision. */
export function letterOf(match: Match): string {
  return match === 'beginning' ? 'q' : 'c';
}

/** Whether any record that the query lists begins with the typed text; a look into the index of each key. */
export async function anyBegins(statement: Statement, query: ListQuery, database: Database): Promise<boolean> {
  const where = filtered(statement, query);
  const prefix = foldText(query.q ?? '');
  const looks = (statement.resource.search ?? []).map((key) => {
    const begins = conditions([...where, prefixRange(key, prefix, statement.bind)]);
    return `EXISTS (SELECT FROM ${statement.table} t${begins})`;
  });
  const [row] = await database.read<{ found: boolean }>(
    statement.context,
    `SELECT ${looks.join(' OR ')} AS found`,
    statement.values,
  );
  return row?.found ?? false;
}

/** The rows in scope that meet the resource's own filters. What a field holds is not to be guessed by asking for it: 403. */
export function filtered(statement: Statement, query: ListQuery): string[] {
  const { resource, actor } = statement;
  const asked = [...Object.keys(query), ...(query.sort ?? '').split(',').map((term) => term.replace('-', ''))];
  const hidden = asked.find((name) => name in resource.view.shape && !isVisible(resource, actor, name));
  if (hidden) {
    throw new DomainError('access.field-denied', `You may not see ${hidden}, so you can not ask by it.`, {
      refused: { tableName: statement.table },
    });
  }
  const where = statement.rows(statement.readPermission, query.deleted);
  for (const [name, filter] of Object.entries(statement.resource.filters ?? {})) {
    if (query[name] !== undefined) where.push(filter(query[name] as never, statement.bind));
  }
  // Nobody's name begins with an apostrophe alone; without this, everybody's would.
  if (query.q && resource.search && !foldText(query.q)) where.push('false');
  return where;
}

/** The rows in scope that meet the filters and match the typed text. */
export function matching(statement: Statement, query: ListQuery, match: Match | undefined): string[] {
  const where = filtered(statement, query);
  if (match) where.push(searchCondition(statement, query.q ?? '', match));
  return where;
}

export function prefixRange(expression: string, prefix: string, bind: Bind): string {
  return `${expression} COLLATE "C" >= ${bind(prefix)} AND ${expression} COLLATE "C" < ${bind(prefix + beyond)}`;
}

function searchCondition({ resource, bind }: Statement, text: string, match: Match): string {
  const folded = foldText(text);
  if (match === 'inside') return `${resource.contains} LIKE ${bind(`%${folded.replace(/[\\%_]/g, '\\$&')}%`)}`;
  return `(${(resource.search ?? []).map((key) => `(${prefixRange(key, folded, bind)})`).join(' OR ')})`;
}
