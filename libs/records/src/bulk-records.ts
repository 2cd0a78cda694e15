import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { Database, longStatementMs, snake } from '#platform/database';
import { visibleFields } from './projection';
import type { ListQuery, Resource } from './resource';
import { anyBegins, matching, matchOf } from './search';
import { actorOf, conditions, Statement, type ViewRow } from './statement';

/** Many records of a declared resource at once: what exports and imports are made of. */
@Injectable()
export class BulkRecords {
  constructor(private readonly database: Database) {}

  /** The ids of every record that matches, for an export's entry, which names them all before the export begins. */
  async ids(context: RequestContext, resource: Resource, query: ListQuery): Promise<number[]> {
    const statement = new Statement(context, resource, this.database);
    const match = await matchOf(resource, query, () =>
      anyBegins(new Statement(context, resource, this.database), query, this.database),
    );
    const where = matching(statement, query, match);
    const rows = await this.database.read<{ id: number }>(
      context,
      `SELECT t.id FROM ${statement.table} t${conditions(where)} ORDER BY t.id`,
      statement.values,
      { timeoutMs: longStatementMs },
    );
    return rows.map((row) => row.id);
  }

  /** The visible fields of the given records, as objects, in the order of `ids`. The caller has noted the disclosure. */
  async values(context: RequestContext, resource: Resource, ids: number[]): Promise<Record<string, unknown>[]> {
    const statement = new Statement(context, resource, this.database);
    const rows = await this.database.read<ViewRow>(
      context,
      `SELECT ${statement.view} FROM unnest(${statement.bind(ids)}::integer[]) WITH ORDINALITY AS wanted (id, place)
       JOIN ${statement.table} t ON t.id = wanted.id ORDER BY wanted.place`,
      statement.values,
      { timeoutMs: longStatementMs },
    );
    return rows.map((row) => JSON.parse(row.json) as Record<string, unknown>);
  }

  visibleFields(context: RequestContext, resource: Resource): string[] {
    return visibleFields(resource, actorOf(context));
  }

  /**
   * Creates many records in one statement inside the open transaction, skipping those whose `key` is taken, and returns
   * the keys that were created.
   */
  async create(context: RequestContext, resource: Resource, key: string, records: object[]): Promise<Set<string>> {
    const { metadata, table } = new Statement(context, resource, this.database);
    const columns = metadata.columns.filter((column) => records.some((record) => column.propertyName in record));
    const names = columns.map((column) => snake(column.databaseName));
    const types = columns.map((column) => `"${column.propertyName}" ${sqlType(column.type)}`);
    const sources = columns.map((column) => `r."${column.propertyName}"`);
    const rows = await this.database.query<{ key: string }>(
      context,
      `INSERT INTO ${table} (${names.join(', ')})
       SELECT ${sources.join(', ')} FROM json_to_recordset($1::json) AS r (${types.join(', ')})
       ON CONFLICT (${snake(key)}) DO NOTHING RETURNING ${snake(key)} AS key`,
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
