import { DataSource, getMetadataArgsStorage } from 'typeorm';
import type { MetadataArgsStorage } from 'typeorm/metadata-args/MetadataArgsStorage.js';
import { EntityMetadataBuilder } from 'typeorm/metadata-builder/EntityMetadataBuilder.js';
import type { Role } from '#access';
import { DomainError } from '#kernel';
import { RequestContext, type Actor } from '#platform/context';
import { ContextQueryRunner, SnakeNaming, type Database } from '#platform/database';

/** A statement, with its blanks made one. */
interface Sent {
  sql: string;
  values: unknown[];
}

/** The rows of each statement. */
type Answer = (sql: string, values: unknown[]) => object[];

/**
 * A plain object in place of the database, for specs in memory. It knows the entities, keeps the
 * statements, and answers the rows that the spec names. It runs no SQL: a spec judges the statement,
 * or the decision beside it.
 */
export function unconnected(entities: (new () => object)[], answer: Answer = () => []) {
  const sent: Sent[] = [];
  const run = async (_context: RequestContext | undefined, text: string, values: unknown[] = []) => {
    const sql = oneLine(text);
    // As pg does when it sends them.
    sent.push({ sql, values: [...values] });
    return answer(sql, values);
  };
  const dataSource = dataSourceOf(entities);
  /**
   * TypeORM's statements, without its quotes and without the column that says who acts; as many rows
   * are met as are answered.
   */
  const runQuoted = async (context: RequestContext | undefined, text: string, values: unknown[] = []) => {
    const [sql, attributed] = text.replaceAll('"', '').split(attribution);
    const rows = await run(context, sql ?? '', attributed === undefined ? values : values.slice(0, -1));
    return { command: text.split(' ', 1)[0], rows, rowCount: rows.length };
  };
  const inTransaction = ({ transaction }: RequestContext) => transaction !== undefined;
  const sender = { dataSource, run: runQuoted, inTransaction } as unknown as Database;
  const runner = (context: RequestContext) => new ContextQueryRunner(sender, context);
  const database = {
    dataSource,
    runner,
    manager: (context: RequestContext) => runner(context).manager,
    query: run,
    read: run,
    attribute: async () => undefined,
    inTransaction,
    transaction: async <T>(context: RequestContext, work: () => Promise<T>): Promise<T> => {
      if (context.transaction) return work();
      context.transaction = {};
      try {
        return await work();
      } finally {
        context.transaction = undefined;
      }
    },
  };
  return { database: database as unknown as Database, sent };
}

const attribution = /(?:,| RETURNING) set_config\('ip2a\.context', \$\d+, true\) IS NULL AS attributed$/;

export function oneLine(sql: string): string {
  return sql.replace(/\s+/g, ' ').trim();
}

/** Somebody with these roles: the user 7, whose member is 17. */
export function anActor(roles: Role | Role[], facts: Partial<Actor> = {}): Actor {
  return {
    userId: 7,
    email: 'somebody@local.example',
    roles: [roles].flat(),
    memberId: 17,
    mustChangePassword: false,
    ...facts,
  };
}

export function aContext(
  actor?: Actor,
  facts: Partial<ConstructorParameters<typeof RequestContext>[0]> = {},
): RequestContext {
  return new RequestContext({ source: 'api', requestId: 'spec', route: 'members:read', ...facts, actor });
}

/** The error that the work ends with; undefined where it succeeds. */
export async function errorOf(work: () => unknown): Promise<DomainError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** The code of that error, or `fine`. */
export async function codeOf(work: () => unknown): Promise<string> {
  return (await errorOf(work))?.code ?? 'fine';
}

function dataSourceOf(entities: (new () => object)[]): DataSource {
  const dataSource = new DataSource({ type: 'postgres', entities, namingStrategy: new SnakeNaming() });
  const entityMetadatas = new EntityMetadataBuilder(dataSource, storageOf(entities)).build(entities);
  const entityMetadatasMap = new Map(entityMetadatas.map((metadata) => [metadata.target, metadata]));
  return Object.assign(dataSource, { entityMetadatas, entityMetadatasMap });
}

/** The metadata of the decorators, without foreign keys to tables of other entities. */
function storageOf(entities: (new () => object)[]): MetadataArgsStorage {
  const storage = getMetadataArgsStorage();
  const tables = new Set(storage.filterTables(entities).map(({ name }) => name));
  const filterForeignKeys: MetadataArgsStorage['filterForeignKeys'] = (target: never) =>
    storage.filterForeignKeys(target).filter(({ type }) => typeof type !== 'string' || tables.has(type));
  return Object.assign(Object.create(storage) as MetadataArgsStorage, { filterForeignKeys });
}
