import { scopeOf } from '#access';
import { auditDecision } from '#audit';
import { DomainError } from '#kernel';
import type { RequestContext } from '#platform/context';
import { brokenRule, snake, type Database } from '#platform/database';
import type { Dependent, Reference } from './references';
import type { Statement } from './statement';

/**
 * Runs a write, and considers the rows of which a refusal by the database tells. A rule over several fields tells of those of the
 * row `id` that were not sent. An error after the references tells that they exist. To an actor who may not see all records of
 * a table, a missing reference is refused, as a missing record is.
 */
export async function considerRefused<T>(
  statement: Statement,
  values: Record<string, unknown>,
  write: () => Promise<T>,
  id?: number,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof DomainError) || error.status >= 500) throw error;
    const { context, table } = statement;
    const hidden = statement.references(values).filter((reference) => !seesAll(statement, reference));
    if (error.code === 'reference.missing') throw hiding(error, hidden, values);
    if (id !== undefined && dependsOnRow(statement, error, values)) context.consider({ tableName: table, ids: [id] });
    for (const { property, table: tableName } of hidden) {
      context.consider({ tableName, ids: [Number(values[property])] });
    }
    throw error;
  }
}

/** Considers the rows that hang on a record. */
export async function considerDependents(
  database: Database,
  context: RequestContext,
  id: number,
  dependents: readonly Dependent[],
): Promise<void> {
  for (const { table: tableName, column, isSoft } of dependents) {
    const found = await database.query<{ id: number; version: string }>(
      context,
      `SELECT id, audit_ref AS version FROM ${tableName} WHERE ${column} = $1${isSoft ? ' AND deleted_at IS NULL' : ''}`,
      [id],
    );
    context.consider({ tableName, ids: found.map((row) => row.id), versions: found.map((row) => row.version) });
  }
}

/** Whether a rule was broken that has to do with a field beside those that were sent. */
function dependsOnRow({ metadata }: Statement, error: DomainError, values: Record<string, unknown>): boolean {
  const rule = brokenRule(error);
  if (rule === undefined) return false;
  const { expression } = metadata.checks.find(({ name }) => name === rule) ?? {};
  const sent = Object.keys(values).map(snake);
  const columns = metadata.columns.map(({ databaseName }) => snake(databaseName));
  return (
    !expression || columns.some((column) => !sent.includes(column) && new RegExp(`\\b${column}\\b`).test(expression))
  );
}

function seesAll({ actor, metadata }: Statement, { table }: Reference): boolean {
  const entity = metadata.dataSource.entityMetadatas.find(({ tableName }) => tableName === table)?.target;
  const decision = entity && auditDecision(entity as object);
  return !decision || scopeOf(actor, decision.read) === 'all';
}

function hiding(error: DomainError, hidden: readonly Reference[], values: Record<string, unknown>): DomainError {
  const missing = hidden.find(({ property }) => error.errors?.some(({ pointer }) => pointer === `/${property}`));
  if (!missing) return error;
  const refused = { tableName: missing.table, recordId: Number(values[missing.property]) };
  return new DomainError(error.code, error.message, { errors: error.errors, refused, cause: error });
}
