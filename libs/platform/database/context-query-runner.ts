import type { PoolClient, QueryResult as Answer } from 'pg';
import { QueryResult, type DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import type { RequestContext } from '#platform/context';
import { checkIn, leavesConnectionSound, rollBack } from './check-out';

/** The part of Database that sends statements. */
interface Sender {
  dataSource: DataSource;
  inTransaction(context: RequestContext): boolean;
  run(context: RequestContext, sql: string, values: unknown[]): Promise<Answer>;
  /** Sends BEGIN on a connection of its own. */
  begin(context: RequestContext): Promise<PoolClient>;
  /** Sends COMMIT on that connection. */
  commit(context: RequestContext, client: PoolClient): Promise<void>;
}

/**
 * TypeORM's statements and transactions for a context. Database sends each of them, so deadlines,
 * prepared statements, traces and translated errors are the same for all. A statement joins the
 * transaction of the context. Outside of a transaction a write is one statement that tells the
 * capture triggers itself who acts.
 */
export class ContextQueryRunner extends PostgresQueryRunner {
  /** The connection of the open transaction. */
  client?: PoolClient;
  /** The error that left this connection in doubt. */
  private failure?: unknown;
  private isRetired = false;

  constructor(
    private readonly database: Sender,
    private readonly context: RequestContext,
  ) {
    super(database.dataSource.driver as PostgresDriver, 'master');
    this.data = { context };
    Object.assign(this, { manager: database.dataSource.createEntityManager(this) });
    this.isTransactionActive = database.inTransaction(context);
  }

  override connect(): Promise<never> {
    return Promise.reject(new Error('The connection belongs to Database.'));
  }

  override async startTransaction(): Promise<void> {
    if (this.database.inTransaction(this.context)) throw new Error('A transaction of this context is open: join it.');
    await this.broadcaster.broadcast('BeforeTransactionStart');
    this.client = await this.database.begin(this.context);
    this.context.transaction = this;
    this.isTransactionActive = true;
    await this.broadcaster.broadcast('AfterTransactionStart');
  }

  override async commitTransaction(): Promise<void> {
    await this.broadcaster.broadcast('BeforeTransactionCommit');
    const { client } = this;
    if (!client) throw new Error('No transaction is open.');
    try {
      await this.database.commit(this.context, client);
    } catch (error) {
      this.note(error);
      throw error;
    }
    this.context.hasCommitted = true;
    this.end();
    checkIn(client);
    await this.broadcaster.broadcast('AfterTransactionCommit');
  }

  override async rollbackTransaction(): Promise<void> {
    await this.broadcaster.broadcast('BeforeTransactionRollback');
    const { client, failure } = this;
    this.end();
    if (client) await rollBack(client, failure);
    await this.broadcaster.broadcast('AfterTransactionRollback');
  }

  override async query<T>(sql: string, parameters: unknown[] = [], useStructuredResult = false): Promise<T> {
    if (this.isRetired) throw new Error('The transaction of this manager has ended.');
    const isAlone = !this.database.inTransaction(this.context) && !sql.startsWith('SELECT ');
    const { command, rows, rowCount } = isAlone
      ? await this.writeAlone(sql, parameters)
      : await this.database.run(this.context, sql, parameters);
    const result = new QueryResult();
    result.records = rows as unknown[];
    result.affected = rowCount ?? undefined;
    result.raw = command === 'UPDATE' || command === 'DELETE' ? [rows, rowCount] : rows;
    return (useStructuredResult ? result : result.raw) as T;
  }

  /** A connection is held only while a transaction is open. */
  override release(): Promise<void> {
    return Promise.resolve();
  }

  /** Refuses statements from now on. One that nobody waited for comes after its transaction. */
  retire(): void {
    this.isRetired = true;
  }

  /** Told of each statement of the transaction that failed. */
  note(error: unknown): void {
    if (!leavesConnectionSound(error)) this.failure = error;
  }

  /**
   * A column of RETURNING tells the capture triggers who acts. It runs before the AFTER triggers of
   * the same statement, so it costs no round trip of its own.
   */
  private async writeAlone(sql: string, parameters: unknown[]): Promise<Answer> {
    if (!/^(?:INSERT|UPDATE|DELETE) /.test(sql)) throw new Error(`A transaction is needed for: ${sql.slice(0, 40)}`);
    const { context } = this;
    const values = [...parameters, { toPostgres: () => context.attribution() }];
    const column = `set_config('ip2a.context', $${values.length}, true) IS NULL AS attributed`;
    const text = `${sql}${sql.includes(' RETURNING ') ? ',' : ' RETURNING'} ${column}`;
    const answer = await this.database.run(context, text, values);
    if (answer.rows.length > 0) {
      context.hasCommitted = true;
      // The trigger has compared the account that asks.
      if (context.account) context.account.isConfirmed = true;
    }
    return answer;
  }

  private end(): void {
    this.client = undefined;
    this.failure = undefined;
    this.context.transaction = undefined;
    this.isTransactionActive = false;
  }
}
