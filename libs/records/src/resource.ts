import { z } from 'zod';
import type { Permission, Scope } from '#access';
import type { Actor } from '#platform/context';
import { fields } from '#platform/http';

/** Adds a value to the statement and returns its placeholder. */
export type Bind = (value: unknown) => string;

/** What a list is sorted by. `sql` is never null; `type` is its PostgreSQL type, to read a cursor's text back. */
export interface SortKey {
  sql: string;
  type: string;
}

/**
 * How one table is seen and found over the API: the allow-list of its view, who sees which rows and fields, and how lists
 * are filtered, sorted and searched. In SQL fragments, `t` is the row.
 */
export interface Resource {
  entity: new () => object;
  /** One of them, in the words of an error message: "member". */
  noun: string;
  view: z.ZodObject;
  /** SQL of view fields that are no columns of the entity. */
  derived?: Record<string, string>;
  /** SQL of the row's version (a bigint of at most 18 digits), where more than its own columns make it; else `t.audit_ref`. */
  version?: string;
  /** The permission under which rows are seen, where it is not the entity's, in its @Audited. */
  readPermission?: Permission;
  /** The permission under which rows are changed. */
  writePermission: Permission;
  /** The row filter of each scope narrower than `all`; a scope without one sees nothing. */
  scopes?: Partial<Record<Scope, (actor: Actor, bind: Bind) => string>>;
  /** Fields that a scope narrower than `all` may see, where those are not all of the view. */
  visible?: Partial<Record<Scope, readonly string[]>>;
  /** Fields that a scope narrower than `all` may change. */
  writable?: Partial<Record<Scope, readonly string[]>>;
  sorts: Record<string, SortKey>;
  filters?: Record<string, (value: never, bind: Bind) => string>;
  /** Folded text expressions that a typed prefix is looked for in, best first; each has an index on (expression, id). */
  search?: string[];
  /**
   * How long a row is cached, in seconds, where its views depend on nothing but the row. A migration must name the table to
   * `audit_make_append`, or no entry of a cached row is ever written; a spec compares. `within` decides for scopes narrower than `all` whether they hold the row; where it is silent, the
   * database does.
   */
  cache?: { seconds: number; within?: Partial<Record<Scope, (actor: Actor, id: number) => boolean>> };
  /** A folded text expression under a trigram index, searched for the middle of words when no prefix matches. */
  contains?: string;
}

/** The same records as seen by the member they are about, whatever else the roles of the account permit. */
export function own(resource: Resource): Resource {
  return { ...resource, readPermission: 'own-record:read', writePermission: 'own-record:write' };
}

/** The type of a text sort key in a cursor, compared by bytes as its index does. */
export const text = 'text COLLATE "C"';

const pageFields = {
  limit: fields.limit.describe('How many records a page holds.'),
  cursor: fields.cursor,
  count: z.enum(['true', 'false']).optional().describe('`true` adds `total`.'),
};

const deletedField = z
  .enum(['exclude', 'include', 'only'])
  .default('exclude')
  .describe('Soft-deleted records: left out, included, or alone. For those who may see them.');

/** The query parameters of a list: paging, sorting by `sorts`, and the resource's own filters. Unknown ones are refused. */
export function listQuery<Filters extends z.ZodRawShape>(sorts: readonly string[], filters: Filters) {
  const names = sorts.join('|');
  return z.strictObject({
    ...pageFields,
    deleted: deletedField,
    sort: z
      .string()
      .regex(
        new RegExp(`^-?(${names})(,-?(${names})){0,2}$`),
        `must be up to three of ${sorts.join(', ')}, each with - for descending`,
      )
      .optional()
      .describe(`Up to three of ${sorts.join(', ')}, comma-separated; \`-\` before a name sorts descending.`),
    ...filters,
  });
}

/** The reply to a list: `items`, where the next page begins, and `total` where it was asked for. */
export function listOf(view: z.ZodObject, id: string) {
  return z
    .object({
      items: z.array(view),
      nextCursor: z.string().nullable().describe('Send it as `cursor` for the next page; null on the last.'),
      total: z.number().int().optional().describe('How many records match, where `count=true` was sent.'),
    })
    .meta({ id });
}

/** What every list query holds, whatever its filters. */
export interface ListQuery {
  limit: number;
  cursor?: string;
  count?: 'true' | 'false';
  deleted: 'exclude' | 'include' | 'only';
  sort?: string;
  q?: string;
  [filter: string]: unknown;
}
