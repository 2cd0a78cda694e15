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

/** Reads a cursor that belongs to `sort` and holds `keyCount` keys; anything else is a 422. */
export function decodeCursor(text: string, sort: string, keyCount: number): Cursor {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw foreignCursor();
  }
  if (!Array.isArray(parsed) || !parsed.every((part) => typeof part === 'string' && !part.includes('\0'))) {
    throw foreignCursor();
  }
  const [parsedSort, ...keys] = parsed as string[];
  if (parsedSort !== sort || keys.length !== keyCount) throw foreignCursor();
  return { sort, keys };
}
