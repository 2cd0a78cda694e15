import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { auditDecision } from './audited';

/** Answers the table of an audited entity. */
type TableOf = (entity: new () => object) => string;

/**
 * Columns of every audited table, as TypeORM names them: alone, behind an alias, or in an entity.
 */
const versionColumn = /^(?:\w+_)?audit_ref$|^auditRef$/;
const changeColumn = /^(?:\w+_)?updated_at$|^updatedAt$/;

/**
 * The table of the first record in a reply that no disclosure of the request names. Undefined if
 * there is none. A record is an instance of an audited entity. So is any object that has the
 * version and the time of change of an audited row. Streams and text are not looked into.
 */
export function unnotedIn(reply: unknown, { disclosures }: RequestContext, tableOf: TableOf): string | undefined {
  const seen = new Set<object>();
  const noted = (id: unknown, table?: string) =>
    disclosures.some(({ tableName, ids }) => (table ?? tableName) === tableName && ids.includes(Number(id)));
  const look = (value: unknown): string | undefined => {
    if (typeof value !== 'object' || value === null || isOpaque(value) || seen.has(value)) return undefined;
    seen.add(value);
    if (Array.isArray(value)) return first(value, look);
    const prototype = Object.getPrototypeOf(value) as { constructor?: new () => object } | null;
    const entity = prototype?.constructor;
    const { id } = value as { id?: unknown };
    if (entity && auditDecision(entity)) {
      const table = tableOf(entity);
      return noted(id, table) ? undefined : table;
    }
    if (isRow(value) && !noted(id)) return 'an audited table';
    return first(Object.values(value), look);
  };
  return look(reply);
}

/** Bytes, and what brings them. */
function isOpaque(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof Readable || value instanceof StreamableFile;
}

function isRow(value: object): boolean {
  const keys = Object.keys(value);
  return keys.some((key) => versionColumn.test(key)) && keys.some((key) => changeColumn.test(key));
}

function first(values: unknown[], look: (value: unknown) => string | undefined): string | undefined {
  for (const value of values) {
    const found = look(value);
    if (found !== undefined) return found;
  }
  return undefined;
}
