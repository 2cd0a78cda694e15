import type { OnApplicationShutdown } from '@nestjs/common';
import { escapeLiteral, type Pool, type PoolClient, type QueryConfig } from 'pg';
import { DataSource, type EntityTarget, type ObjectLiteral } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { DomainError, unavailable } from '#kernel';
import type { Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { checkIn, checkOut, leavesConnectionSound } from './check-out';
import { databaseMetrics } from './database.metrics';
import { SnakeNaming } from './naming';
import { translateError } from './pg-errors';

/** How long a request waits for a pooled connection, in ms. */
export const connectionWaitMs = 700;
/** Connections that a server opens before it serves. */
const connectionsAhead = 10;
/** A connection that was not needed for this long, in ms, is closed. Opening one takes some ms of two processors, which a burst would wait for. */
const idleMs = 120_000;
/** How long one statement may take, in ms; less where its request has less time left. */
const statementMs = 1_600;
/** How much longer than its request a statement is waited for, in ms: the server refuses a change that comes too late itself. */
const graceMs = 100;
/** The same for work that is known to be long, such as a batch of an import or the ids of an export. */
export const longStatementMs = 30_000;
/** Distinct SQL texts that get a named prepared statement; beyond, a text is planned each time. Bounds memory. */
const maxNamedStatements = 300;

interface Transaction {
  client: PoolClient;
}

/**
 * The one door to PostgreSQL. A statement joins the transaction of its context, or runs on a pooled connection of its own
 * (always so without a context, for what reads no record); transactions carry the context's attribution to the capture
 * triggers. Errors come out translated.
 */
export class Database implements OnApplicationShutdown {
  private readonly names = new Map<string, string>();
  private constructor(
    readonly dataSource: DataSource,
    private readonly pool: Pool,
    /** False behind a transaction pooler, which may not keep a prepared statement's connection. */
    readonly canPrepare: boolean,
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
      extra: {
        connectionTimeoutMillis: connectionWaitMs,
        idleTimeoutMillis: idleMs,
        query_timeout: statementMs,
        keepAlive: true,
      },
    });
    await dataSource.initialize();
    const pool = (dataSource.driver as PostgresDriver).master as Pool;
    return new Database(dataSource, pool, await reachesServerItself(pool));
  }

  /** Opens some connections ahead of the first requests: a burst would wait for them. Those that can not be had are not needed yet. */
  async warmUp(): Promise<void> {
    const ahead = Math.min(this.pool.options.max, connectionsAhead);
    const opened = await Promise.allSettled(Array.from({ length: ahead }, () => this.pool.connect()));
    for (const connection of opened) if (connection.status === 'fulfilled') connection.value.release();
  }

  /** Runs one statement. `values` fill $1, $2 …; rows come back as PostgreSQL's driver reads them. */
  async query<R>(
    context: RequestContext | undefined,
    sql: string,
    values: unknown[] = [],
    timeoutMs = statementMs,
  ): Promise<R[]> {
    const transaction = openTransaction(context);
    if (transaction) return this.send<R>(transaction.client, context, sql, values, timeoutMs);
    this.refuseHopelessWait(context);
    const client = await this.checkOut(context);
    try {
      const rows = await this.send<R>(client, context, sql, values, timeoutMs);
      checkIn(client);
      return rows;
    } catch (error) {
      checkIn(client, error);
      throw error;
    }
  }

  /** Runs `work` in one transaction; inside another one it joins it. Rolled back if `work` throws. */
  async transaction<T>(context: RequestContext, work: () => Promise<T>): Promise<T> {
    if (openTransaction(context)) return work();
    this.refuseHopelessWait(context);
    const client = await this.checkOut(context);
    let failure: unknown;
    const run = (text: string) => client.query({ text, query_timeout: this.patience(context) } as QueryConfig);
    try {
      await run(`BEGIN; SELECT set_config('ip2a.context', ${escapeLiteral(context.attribution())}, true)`);
      context.transaction = { client } satisfies Transaction;
      const result = await work();
      await run('COMMIT');
      return result;
    } catch (thrown) {
      const error = translateError(thrown);
      failure = error;
      if (leavesConnectionSound(error)) await client.query('ROLLBACK').catch((lost: unknown) => (failure = lost));
      throw error;
    } finally {
      context.transaction = undefined;
      checkIn(client, failure);
    }
  }

  /** Tells the capture triggers again who acts, when a transaction learnt it on the way (a log-in). */
  async attribute(context: RequestContext): Promise<void> {
    await this.query(context, `SELECT set_config('ip2a.context', $1, true)`, [context.attribution()]);
  }

  inTransaction(context: RequestContext): boolean {
    return openTransaction(context) !== undefined;
  }

  /** Brings the metrics of the pool up to date. */
  measure(): void {
    const { totalCount, idleCount, waitingCount, options } = this.pool;
    databaseMetrics.size.set(options.max);
    databaseMetrics.busy.set(totalCount - idleCount);
    databaseMetrics.waiting.set(waitingCount);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  /** Waiting for a connection is a part of the trace of its own: a pool that is too small shows. */
  private async checkOut(context: RequestContext | undefined): Promise<PoolClient> {
    const part = this.pool.idleCount > 0 ? undefined : context?.trace?.begin('wait for a connection');
    try {
      return await checkOut(this.pool);
    } finally {
      part?.end();
    }
  }

  private async send<R>(
    client: PoolClient,
    context: RequestContext | undefined,
    sql: string,
    values: unknown[],
    timeoutMs: number,
  ): Promise<R[]> {
    const statement = { text: sql, values, name: this.nameOf(sql), query_timeout: this.patience(context, timeoutMs) };
    const part = context?.trace?.beginStatement(sql);
    try {
      const { rows } = await client.query(statement);
      part?.end();
      return rows as R[];
    } catch (error) {
      part?.end('failed');
      throw translateError(error);
    }
  }

  /** How long to wait for a statement that is sent now: a little longer than its request has time, so that the server decides. */
  private patience(context: RequestContext | undefined, timeoutMs = statementMs): number {
    const timeLeftMs = context?.timeLeftMs ?? Infinity;
    if (timeLeftMs <= 0) throw tooLate();
    return Math.min(timeoutMs, Math.ceil(timeLeftMs) + graceMs);
  }

  /** Waiting for a connection is pointless for a request that would be given up meanwhile. */
  private refuseHopelessWait(context: RequestContext | undefined): void {
    const { idleCount, totalCount, options } = this.pool;
    const mustWait = idleCount === 0 && totalCount >= options.max;
    if (mustWait && context && context.timeLeftMs < connectionWaitMs) throw tooLate();
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

/** The context's attribution as a statement's value: made when the statement is sent, after waiting for a connection. */
export function attributionOf(context: RequestContext): unknown {
  return { toPostgres: () => context.attribution() };
}

function tooLate(): DomainError {
  return unavailable('service.unavailable', 'The request could not be served in time.');
}

function openTransaction(context: RequestContext | undefined): Transaction | undefined {
  return context?.transaction as Transaction | undefined;
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
