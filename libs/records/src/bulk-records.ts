import { Injectable } from '@nestjs/common';
import type { RequestContext } from '#platform/context';
import { Database, longStatementMs, snake } from '#platform/database';
import { visibleFields } from './projection';
import type { ListQuery, Resource } from './resource';
import { anyBegins, matching, matchOf } from './search';
import { actorOf, conditions, Statement, type ViewRow } from './statement';

/** A record as it was when it was counted in. */
export type RecordVersion = Pick<ViewRow, 'id' | 'version'>;

/** Many records of a declared resource at once: what exports and imports are made of. */
@Injectable()
export class BulkRecords {
  constructor(private readonly database: Database) {}

  /** Ids and versions of every record that matches, for an export's entry, which names them all before the export begins. */
  async matching(context: RequestContext, resource: Resource, query: ListQuery): Promise<RecordVersion[]> {
    const statement = new Statement(context, resource, this.database);
    const match = await matchOf(resource, query, () =>
      anyBegins(new Statement(context, resource, this.database), query, this.database),
    );
    const where = matching(statement, query, match);
    return this.database.read<RecordVersion>(
      context,
      `SELECT t.id, t.audit_ref AS version FROM ${statement.table} t${conditions(where)} ORDER BY t.id`,
      statement.values,
      { timeoutMs: longStatementMs },
    );
  }

  /** Views of the given records, in the order of `ids`. The caller notes the disclosure. */
  async rows(context: RequestContext, resource: Resource, ids: number[]): Promise<ViewRow[]> {
    const statement = new Statement(context, resource, this.database);
    return this.database.read<ViewRow>(
      context,
      `SELECT ${statement.listed} FROM unnest(${statement.bind(ids)}::integer[]) WITH ORDINALITY AS wanted (id, place)
       JOIN ${statement.table} t ON t.id = wanted.id ORDER BY wanted.place`,
      statement.values,
      { timeoutMs: longStatementMs },
    );
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
