import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { Database, keyInAnyCase, longStatementMs, normalForm, snake } from '#platform/database';
import { visibleFields } from './projection';
import type { ListQuery, Resource } from './resource';
import { anyBegins, matching, matchOf, type Match } from './search';
import { actorOf, conditions, Statement, type ViewRow } from './statement';

/** Some of the records that match. */
export interface Part {
  rows: ViewRow[];
  isLast: boolean;
}

/** A record that has a key already. */
export type Holder = Pick<ViewRow, 'id' | 'version'> & { key: string; isRemoved: boolean };

/** Many records of a declared resource at once: what exports and imports are made of. */
@Injectable()
export class BulkRecords {
  constructor(private readonly database: Database) {}

  /** Where the text of a query is looked for, in all of its parts. */
  match(context: RequestContext, resource: Resource, query: ListQuery): Promise<Match | undefined> {
    return matchOf(resource, query, () =>
      anyBegins(new Statement(context, resource, this.database), query, this.database),
    );
  }

  /**
   * Records that match, in the order of their ids: as many as `query.limit` of those after an id.
   * The caller notes the disclosure.
   */
  async part(
    context: RequestContext,
    resource: Resource,
    query: ListQuery,
    { match, after }: { match: Match | undefined; after: number },
  ): Promise<Part> {
    const statement = new Statement(context, resource, this.database);
    const where = [...matching(statement, query, match), `t.id > ${statement.bind(after)}`];
    const rows = await this.database.read<ViewRow>(
      context,
      `SELECT ${statement.listed} FROM ${statement.table} t${conditions(where)} ORDER BY t.id LIMIT ${query.limit + 1}`,
      statement.values,
      { timeoutMs: longStatementMs },
    );
    return { rows: rows.slice(0, query.limit), isLast: rows.length <= query.limit };
  }

  tableOf(resource: Resource): string {
    return this.database.dataSource.getMetadata(resource.entity).tableName;
  }

  visibleFields(context: RequestContext, resource: Resource): string[] {
    return visibleFields(resource, actorOf(context));
  }

  /** The records that have one of these keys, removed ones included. Keys that are unique in any case are in their normal form. */
  holding(context: RequestContext, resource: Resource, key: string, values: string[]): Promise<Holder[]> {
    const metadata = this.database.dataSource.getMetadata(resource.entity);
    const normal = (sql: string) => normalForm(metadata, key, sql);
    const column = normal(`t.${snake(key)}`);
    const isRemoved = metadata.deleteDateColumn ? 't.deleted_at IS NOT NULL' : 'false';
    return this.database.query<Holder>(
      context,
      // A join: \`= ANY\` compares each row with each value where the planner knows the table as small.
      `SELECT DISTINCT t.id, t.audit_ref AS version, ${column} AS key, ${isRemoved} AS "isRemoved" FROM unnest($1::text[]) AS given(key)
       JOIN ${metadata.tableName} t ON ${column} = ${normal('given.key')} ORDER BY id`,
      [values],
      longStatementMs,
    );
  }

  /**
   * Creates many records in one statement inside the open transaction, skipping those whose `key`
   * is taken, and returns the keys that were created.
   */
  async create(context: RequestContext, resource: Resource, key: string, records: object[]): Promise<Set<string>> {
    const { metadata, table } = new Statement(context, resource, this.database);
    const columns = metadata.columns.filter((column) => records.some((record) => column.propertyName in record));
    const names = columns.map((column) => snake(column.databaseName));
    const types = columns.map((column) => `"${column.propertyName}" ${sqlType(column.type)}`);
    const sources = columns.map((column) => `r."${column.propertyName}"`);
    // Of a key that is unique in any case, either of its indexes may find the row that is there.
    const target = keyInAnyCase(metadata)?.property === key ? '' : `(${snake(key)}) `;
    const rows = await this.database.query<{ key: string }>(
      context,
      `INSERT INTO ${table} (${names.join(', ')})
       SELECT ${sources.join(', ')} FROM json_to_recordset($1::json) AS r (${types.join(', ')})
       ON CONFLICT ${target}DO NOTHING RETURNING ${snake(key)} AS key`,
      [JSON.stringify(records)],
      longStatementMs,
    );
    return new Set(rows.map((row) => row.key));
  }
}

function sqlType(type: unknown): string {
  if (type === Number) return 'integer';
  if (type === Boolean) return 'boolean';
  return typeof type === 'string' ? type : 'text';
}
