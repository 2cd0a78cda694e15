import type { QueryResult as Answer } from 'pg';
import { QueryResult, type DataSource, type EntityManager } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import type { RequestContext } from '#platform/context';

/** The part of Database that sends statements. */
interface Sender {
  dataSource: DataSource;
  inTransaction(context: RequestContext): boolean;
  run(context: RequestContext, sql: string, values: unknown[]): Promise<Answer>;
}

/**
 * TypeORM's statements in the open transaction of a context. Database sends each of them, so
 * deadlines, prepared statements, traces and translated errors are the same for all. The
 * transaction itself belongs to Database.
 */
export class ContextQueryRunner extends PostgresQueryRunner {
  constructor(
    private readonly database: Sender,
    private readonly context: RequestContext,
  ) {
    super(database.dataSource.driver as PostgresDriver, 'master');
    this.data = { context };
    this.isTransactionActive = true;
  }

  override connect(): Promise<never> {
    return Promise.reject(new Error('The connection belongs to Database.'));
  }

  override startTransaction(): Promise<never> {
    return Promise.reject(new Error('Transactions are opened by Database.transaction.'));
  }

  override async query<T>(sql: string, parameters: unknown[] = [], useStructuredResult = false): Promise<T> {
    if (!this.database.inTransaction(this.context)) throw new Error('The transaction of this manager has ended.');
    const { command, rows, rowCount } = await this.database.run(this.context, sql, parameters);
    const result = new QueryResult();
    result.records = rows as unknown[];
    result.affected = rowCount ?? undefined;
    result.raw = command === 'UPDATE' || command === 'DELETE' ? [rows, rowCount] : rows;
    return (useStructuredResult ? result : result.raw) as T;
  }

  /** It holds nothing. */
  override release(): Promise<void> {
    return Promise.resolve();
  }
}

/** TypeORM's EntityManager over such a query runner. */
export function managerOver(database: Sender, context: RequestContext): EntityManager {
  const queryRunner = new ContextQueryRunner(database, context);
  const manager = database.dataSource.createEntityManager(queryRunner);
  Object.assign(queryRunner, { manager });
  return manager;
}
