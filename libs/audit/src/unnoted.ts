import type { RequestContext } from '#platform/context';
import { auditDecision } from './audited';

/** Answers the table of an audited entity. */
type TableOf = (entity: new () => object) => string;

/** Columns that every audited table has, as TypeORM names them alone, behind an alias, or in an entity. */
const versionColumn = /^(?:\w+_)?audit_ref$|^auditRef$/;
const changeColumn = /^(?:\w+_)?updated_at$|^updatedAt$/;

/**
 * The table of the first record in a reply that no disclosure of the request names; undefined where there is none. A record is an
 * instance of an audited entity or, of whatever table, an object with the version and the time of change of an audited row.
 */
export function unnotedIn(reply: unknown, { disclosures }: RequestContext, tableOf: TableOf): string | undefined {
  const seen = new Set<object>();
  const noted = (id: unknown, table?: string) =>
    disclosures.some(({ tableName, ids }) => (table ?? tableName) === tableName && ids.includes(Number(id)));
  const look = (value: unknown): string | undefined => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return undefined;
    seen.add(value);
    if (Array.isArray(value)) return first(value, look);
    const prototype = Object.getPrototypeOf(value) as { constructor?: new () => object } | null;
    const entity = prototype?.constructor;
    const { id } = value as { id?: unknown };
    if (entity && auditDecision(entity)) {
      const table = tableOf(entity);
      return noted(id, table) ? undefined : table;
    }
    if (prototype !== null && prototype !== Object.prototype) return undefined;
    if (isRow(value) && !noted(id)) return 'an audited table';
    return first(Object.values(value), look);
  };
  return look(reply);
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
