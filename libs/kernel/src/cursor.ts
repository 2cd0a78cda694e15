import { invalid, type DomainError } from './errors';

/** Where a keyset page ended: the sort it belongs to and the sort key values (as text) of its last row. */
export interface Cursor {
  sort: string;
  keys: string[];
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(JSON.stringify([cursor.sort, ...cursor.keys])).toString('base64url');
}

/** The sort a cursor was made for, or undefined where it is none; for lists that answer in more than one order. */
export function sortOfCursor(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(parsed) && typeof parsed[0] === 'string' ? parsed[0] : undefined;
  } catch {
    return undefined;
  }
}

/** A 422 for a cursor that this list has not made. */
export function foreignCursor(): DomainError {
  return invalid('/cursor', 'The cursor does not belong to this list; start again without it.');
}

/** For each type of PostgreSQL, whether a text is a key of that type. */
const forms: Record<string, (key: string) => boolean> = {
  smallint: (key) => isWhole(key, 32_767),
  integer: (key) => isWhole(key, 2_147_483_647),
  bigint: (key) => isWhole(key, Number.MAX_SAFE_INTEGER),
  numeric: (key) => /^-?\d{1,20}(\.\d{1,20})?$/.test(key),
  date: (key) => endless.test(key) || isDay(key),
  timestamptz: (key) => endless.test(key) || (timeOfDay.test(key.slice(10)) && isDay(key.slice(0, 10))),
  text: (key) => key.isWellFormed() && !key.includes('\0'),
};
/** A row without a day is sorted by this. */
const endless = /^-?infinity$/;
const timeOfDay = /^[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]\d\d(:?\d\d)?)$/;

/**
 * Reads a cursor that belongs to `sort` and holds keys of these types; anything else is a 422. The
 * types are PostgreSQL's, and may have a collation.
 */
export function decodeCursor(text: string, sort: string, types: readonly string[]): Cursor {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw foreignCursor();
  }
  if (!Array.isArray(parsed) || !parsed.every((part) => typeof part === 'string')) throw foreignCursor();
  const [parsedSort, ...keys] = parsed;
  if (parsedSort !== sort || keys.length !== types.length) throw foreignCursor();
  if (!types.every((type, index) => hasForm(keys[index] as string, type))) throw foreignCursor();
  return { sort, keys };
}

function hasForm(key: string, type: string): boolean {
  const form = forms[type.split(' ', 1)[0] as string];
  if (!form) throw new Error(`The type ${type} of a sort key has no form.`);
  return form(key);
}

function isWhole(key: string, most: number): boolean {
  return /^-?\d{1,16}$/.test(key) && Math.abs(Number(key)) <= most;
}

/** Whether it is a date such as 2026-01-31 that the calendar has. */
function isDay(day: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}
