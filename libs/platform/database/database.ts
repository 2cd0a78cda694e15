import type { OnApplicationShutdown } from '@nestjs/common';
import type { Pool, PoolClient } from 'pg';
import { DataSource, type EntityManager, type EntityTarget, type ObjectLiteral, type QueryRunner } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type { Config } from '#platform/config';
import { RequestContext } from '#platform/context';
import { SnakeNaming } from './naming';
import { translateError } from './pg-errors';

/** How long a request waits for a pooled connection, in ms: with the lock timeouts below it stays under P2's 2 s. */
export const connectionWaitMs = 700;
/** No statement of a request may take longer, in ms. */
export const statementTimeoutMs = 15_000;
/** Distinct SQL texts that get a named prepared statement; beyond, a text is planned each time. Bounds memory. */
const maxNamedStatements = 300;

type IsolationLevel = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

/**
 * The one door to PostgreSQL. A statement joins the transaction of the current context, or runs on a pooled connection
 * of its own; transactions carry the context's attribution to the capture triggers. Errors come out translated.
 */
export class Database implements OnApplicationShutdown {
  private readonly names = new Map<string, string>();
  private constructor(
    readonly dataSource: DataSource,
    private readonly pool: Pool,
    /** False behind a transaction pooler, which may not keep a prepared statement's connection. */
    private readonly canPrepare: boolean,
  ) {}

  static async connect(
    config: Pick<Config, 'databaseUrl' | 'DATABASE_POOL_SIZE'>,
    entities: EntityTarget<ObjectLiteral>[],
  ): Promise<Database> {
    const dataSource = new DataSource({
      type: 'postgres',
      url: config.databaseUrl,
      entities: entities as (new () => unknown)[],
      namingStrategy: new SnakeNaming(),
      synchronize: false,
      poolSize: config.DATABASE_POOL_SIZE,
      extra: { connectionTimeoutMillis: connectionWaitMs, query_timeout: statementTimeoutMs, keepAlive: true },
    });
    await dataSource.initialize();
    const pool = (dataSource.driver as PostgresDriver).master as Pool;
    return new Database(dataSource, pool, await reachesServerItself(pool));
  }

  /** Runs one statement. `values` fill $1, $2 …; rows come back as PostgreSQL's driver reads them. */
  async query<R>(sql: string, values: unknown[] = []): Promise<R[]> {
    const runner = openRunner();
    const statement = { text: sql, values, name: this.nameOf(sql) };
    try {
      if (runner) return ((await (await runner.connect()).query(statement)) as { rows: R[] }).rows;
      return (await this.pool.query(statement)).rows as R[];
    } catch (error) {
      throw translateError(error);
    }
  }

  /** Runs `work` in one transaction; inside another one it joins it. Rolled back if `work` throws. */
  async transaction<T>(
    work: (manager: EntityManager) => Promise<T>,
    isolation: IsolationLevel = 'READ COMMITTED',
  ): Promise<T> {
    const context = RequestContext.current();
    const open = openRunner();
    if (open) return work(open.manager);
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.connect();
      await runner.startTransaction(isolation);
      await runner.query(`SELECT set_config('ip2a.context', $1, true)`, [context.attribution()]);
      context.transaction = runner;
      const result = await work(runner.manager);
      await runner.commitTransaction();
      return result;
    } catch (error) {
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => {});
      throw translateError(error);
    } finally {
      context.transaction = undefined;
      await runner.release();
    }
  }

  /** Tells the capture triggers again who acts, when a transaction learnt it on the way (a log-in). */
  async attribute(): Promise<void> {
    await this.query(`SELECT set_config('ip2a.context', $1, true)`, [RequestContext.current().attribution()]);
  }

  get inTransaction(): boolean {
    return openRunner() !== undefined;
  }

  /** The manager of the open transaction, or one that works statement by statement. */
  get manager(): EntityManager {
    return openRunner()?.manager ?? this.dataSource.manager;
  }

  /** A connection taken from the pool for longer work, such as a cursor; the caller releases it. */
  async connection(): Promise<PoolClient> {
    try {
      return await this.pool.connect();
    } catch (error) {
      throw translateError(error);
    }
  }

  get poolState(): { total: number; idle: number; waiting: number } {
    return { total: this.pool.totalCount, idle: this.pool.idleCount, waiting: this.pool.waitingCount };
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private nameOf(sql: string): string | undefined {
    if (!this.canPrepare) return undefined;
    let name = this.names.get(sql);
    if (!name && this.names.size < maxNamedStatements) {
      name = `s${this.names.size}`;
      this.names.set(sql, name);
    }
    return name;
  }
}

function openRunner(): QueryRunner | undefined {
  return RequestContext.find()?.transaction as QueryRunner | undefined;
}

/**
 * A pooler hands out process ids of its own, so the backend's differs from the one the connection was told. Needed
 * because PgBouncer before 1.21 has no named prepared statements in transaction mode.
 */
async function reachesServerItself(pool: Pool): Promise<boolean> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return rows[0]?.pid === (client as unknown as { processID: number }).processID;
  } finally {
    client.release();
  }
}
