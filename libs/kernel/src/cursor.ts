import { invalid } from './errors';

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

/** Reads a cursor that belongs to `sort` and holds `keyCount` keys; anything else is a 422. */
export function decodeCursor(text: string, sort: string, keyCount: number): Cursor {
  const mismatch = () => invalid('/cursor', 'The cursor does not belong to this list; start again without it.');
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    throw mismatch();
  }
  if (!Array.isArray(parsed) || !parsed.every((part) => typeof part === 'string' && !part.includes('\0'))) {
    throw mismatch();
  }
  const [parsedSort, ...keys] = parsed as string[];
  if (parsedSort !== sort || keys.length !== keyCount) throw mismatch();
  return { sort, keys };
}
