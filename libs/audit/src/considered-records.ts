import { Injectable } from '@nestjs/common';
import type { EntityMetadata } from 'typeorm';
import type { DomainError } from '#kernel';
import type { Considered, RequestContext } from '#platform/context';
import { Database, inAnyCase, keyInAnyCase, namedRows, snake, violationOf, type Violation } from '#platform/database';
import { auditDecision } from './audited';

interface Found {
  id: number;
  version: string;
}

/** The records that an error tells of, each once, with the version that was looked at. */
@Injectable()
export class ConsideredRecords {
  constructor(private readonly database: Database) {}

  /** What was considered, and the rows that a constraint of the database has found in the way. One item for each table. */
  async toldBy(context: RequestContext, error: DomainError): Promise<Considered[]> {
    const tables = new Map<string, Map<number, string | undefined>>();
    const inTheWay = await this.inTheWay(context, error);
    const named = namedRows(error).map(([tableName, ids]) => ({ tableName, ids }));
    for (const { tableName, ids, versions } of [
      ...context.considered,
      ...error.tells,
      ...inTheWay,
      ...named,
    ] as Considered[]) {
      const told = tables.get(tableName) ?? new Map<number, string | undefined>();
      tables.set(tableName, told);
      for (const [index, id] of ids.entries()) told.set(id, versions?.[index] ?? told.get(id));
    }
    const told = [...tables].map(([tableName, versions]) => this.versioned(context, tableName, versions));
    return Promise.all(told);
  }

  private async versioned(
    context: RequestContext,
    tableName: string,
    told: Map<number, string | undefined>,
  ): Promise<Considered> {
    const ids = [...told.keys()];
    const isKnown = [...told.values()].every((version) => version !== undefined);
    if (!isKnown && tableName !== 'audit_logs') {
      for (const { id, version } of await this.rows(context, tableName, 't.id = ANY ($1::integer[])', [ids])) {
        told.set(id, told.get(id) ?? version);
      }
    }
    const versions = [...told.values()];
    return versions.every((version) => version !== undefined) ? { tableName, ids, versions } : { tableName, ids };
  }

  /** Whose key is taken, and what hangs on a row that was to be deleted. */
  private async inTheWay(context: RequestContext, error: DomainError): Promise<Considered[]> {
    const violation = violationOf(error);
    const metadata = violation && this.auditedTable(violation.table);
    if (!violation || !metadata) return [];
    const { tableName } = metadata;
    const { where, values } = conditionOf(metadata, violation);
    const found = await this.rows(context, tableName, where, values);
    if (found.length === 0) return [];
    return [{ tableName, ids: found.map(({ id }) => id), versions: found.map(({ version }) => version) }];
  }

  private rows(context: RequestContext, table: string, where: string, values: unknown[]): Promise<Found[]> {
    const sql = `SELECT t.id, t.audit_ref AS version FROM ${table} t WHERE ${where} ORDER BY t.id`;
    return this.database.query<Found>(context, sql, values);
  }

  private auditedTable(table: string): EntityMetadata | undefined {
    const { entityMetadatas } = this.database.dataSource;
    return entityMetadatas.find(({ tableName, target }) => tableName === table && auditDecision(target as object));
  }
}

/** Of an index over some rows only, the others are not in the way. The columns of a foreign key are those it refers to. */
function conditionOf(metadata: EntityMetadata, { constraint, columns, value }: Violation) {
  const { indices, foreignKeys } = metadata;
  const predicate = indices.find(({ name }) => name === constraint)?.where;
  const isNormal = keyInAnyCase(metadata)?.index === constraint;
  const referring = foreignKeys
    .find(({ name }) => name === constraint)
    ?.columns.map(({ databaseName }) => databaseName);
  const [first, ...others] = (referring ?? columns).map((column) => {
    const name = `t.${snake(column)}`;
    return isNormal ? inAnyCase(name) : name;
  });
  // PostgreSQL writes the values of several columns with commas between them.
  const isSame = others.length === 0 ? `${first} = $1` : `concat_ws(', ', ${[first, ...others].join(', ')}) = $1`;
  return { where: predicate ? `${isSame} AND (${predicate})` : isSame, values: [value] };
}
