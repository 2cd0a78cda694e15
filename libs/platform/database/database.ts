import type { OnApplicationShutdown } from '@nestjs/common';
import { escapeLiteral, type Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import { DataSource, type EntityManager, type EntityTarget, type ObjectLiteral } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { DomainError, OutdatedError, unavailable } from '#kernel';
import type { Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { checkIn, checkOut, rollBack } from './check-out';
import { ContextQueryRunner } from './context-query-runner';
import { databaseMetrics } from './database.metrics';
import { SnakeNaming } from './naming';
import { translateError } from './pg-errors';
import { PreparedStatements, preparingOf } from './prepared';
import type { Replica } from './replica';
import { replicaMetrics } from './replica.metrics';
import { Replicas } from './replicas';
import { Client } from '#platform/sessions';

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

interface ReadOptions {
  timeoutMs?: number;
  /** It shows everything that was acknowledged to anybody before the request began, so the primary answers. */
  strict?: boolean;
}

/**
 * The one door to PostgreSQL. A statement joins the transaction of its context, or runs on a pooled connection of its own
 * (always so without a context, for what reads no record); transactions carry the context's attribution to the capture
 * triggers. Errors come out translated.
 */
export class Database implements OnApplicationShutdown {
  private readonly prepared = new PreparedStatements();
  private replicas?: Replicas;
  /** The replica that a request reads from, once it has. */
  private readonly chosen = new WeakMap<RequestContext, Replica>();

  private constructor(
    readonly dataSource: DataSource,
    private readonly pool: Pool,
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
        Client,
        connectionTimeoutMillis: connectionWaitMs,
        idleTimeoutMillis: idleMs,
        query_timeout: statementMs,
        keepAlive: true,
      },
    });
    await dataSource.initialize();
    const pool = (dataSource.driver as PostgresDriver).master as Pool;
    const database = new Database(dataSource, pool);
    const client = await checkOut(pool);
    try {
      database.prepared.preparing = await preparingOf(client);
    } finally {
      checkIn(client);
    }
    return database;
  }

  /**
   * The data source for TypeOrmModule, which cannot close it: entries are written while modules
   * shut down.
   */
  get sharedDataSource(): DataSource {
    return Object.create(this.dataSource, { destroy: { value: () => Promise.resolve() } }) as DataSource;
  }

  /** Has reads answered by these replicas. */
  async readFrom(urls: readonly string[]): Promise<void> {
    this.replicas = new Replicas(urls, this.pool.options.max);
    await this.replicas.start();
  }

  /** Replicas that are not used, and why. */
  get replicaFaults(): string[] {
    return this.replicas?.faults ?? [];
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
    return (await this.run(context, sql, values, timeoutMs)).rows as R[];
  }

  /** The same, with how many rows it met. */
  async run(
    context: RequestContext | undefined,
    sql: string,
    values: unknown[] = [],
    timeoutMs = statementMs,
  ): Promise<QueryResult> {
    const runner = openTransaction(context);
    if (runner?.client) return this.send(runner.client, context, sql, values, timeoutMs);
    this.refuseHopelessWait(context);
    const client = await this.checkOut(context);
    try {
      const result = await this.send(client, context, sql, values, timeoutMs);
      checkIn(client);
      return result;
    } catch (error) {
      checkIn(client, error);
      throw error;
    }
  }

  /**
   * Runs one statement that changes nothing: on a replica where there is one, and on the primary within a transaction, after a
   * change of the request's own, or where the replica fails. The entry of what it shows is written only where the replica had
   * every change of the one who asks. A request stays with its first replica, so that nothing it reads goes back in time.
   */
  async read<R>(
    context: RequestContext,
    sql: string,
    values: unknown[] = [],
    { timeoutMs = statementMs, strict = false }: ReadOptions = {},
  ): Promise<R[]> {
    const { replicas } = this;
    if (!replicas || strict || context.readsPrimary || context.hasCommitted || openTransaction(context)) {
      return this.query<R>(context, sql, values, timeoutMs);
    }
    const replica = this.chosen.get(context) ?? replicas.choose();
    if (!replica) return this.query<R>(context, sql, values, timeoutMs);
    try {
      // Half of the time is the primary's.
      const { rows, horizon, timeline } = await replica.run<R>(sql, values, this.timeOut(context, timeoutMs) / 2);
      // The entries of its earlier reads are written; this one needs a condition of its own.
      if (!context.replica || context.replica.isConfirmed) {
        const wasLate = () => {
          replica.wasLateAt = performance.now();
          replicaMetrics.primaryReads.inc({ reason: 'behind' });
        };
        context.replica = { horizon, timeline, isConfirmed: false, wasLate };
        this.chosen.set(context, replica);
      }
      return rows;
    } catch {
      replicaMetrics.primaryReads.inc({ reason: 'failed' });
      context.readsPrimary = true;
      return this.query<R>(context, sql, values, timeoutMs);
    }
  }

  /**
   * Runs `work` in one transaction of TypeORM's; inside another one it joins it. Rolled back if
   * `work` throws. OutdatedError where the account that asks is not what it was.
   */
  async transaction<T>(context: RequestContext, work: () => Promise<T>): Promise<T> {
    if (openTransaction(context)) return work();
    const runner = new ContextQueryRunner(this, context);
    await runner.startTransaction();
    try {
      const result = await work();
      await runner.commitTransaction();
      return result;
    } catch (error) {
      await runner.rollbackTransaction();
      throw translateError(error);
    } finally {
      runner.retire();
    }
  }

  /**
   * TypeORM's EntityManager for a context, through which the application writes: in its open
   * transaction, or one statement at a time.
   */
  manager(context: RequestContext): EntityManager {
    return this.runner(context).manager;
  }

  /** The query runner of the same. */
  runner(context: RequestContext): ContextQueryRunner {
    return openTransaction(context) ?? new ContextQueryRunner(this, context);
  }

  /** For a ContextQueryRunner. */
  async begin(context: RequestContext): Promise<PoolClient> {
    this.refuseHopelessWait(context);
    const client = await this.checkOut(context);
    try {
      const text = `BEGIN; SELECT ${beginning(context)}`;
      const begun: unknown = await client.query({ text, query_timeout: this.timeOut(context) } as QueryConfig);
      confirm(context, (begun as QueryResult<{ isSame: boolean | null }>[]).at(-1)?.rows[0]?.isSame);
      return client;
    } catch (thrown) {
      const error = translateError(thrown);
      await rollBack(client, error);
      throw error;
    }
  }

  /** Likewise. */
  async commit(context: RequestContext, client: PoolClient): Promise<void> {
    const { command } = await client.query({ text: 'COMMIT', query_timeout: this.timeOut(context) } as QueryConfig);
    // PostgreSQL answers ROLLBACK where a statement of the transaction has failed.
    if (command !== 'COMMIT') throw new Error('A statement of the transaction failed, so nothing was committed.');
  }

  /** Tells the capture triggers again who acts, when a transaction learnt it on the way (a log-in). */
  async attribute(context: RequestContext): Promise<void> {
    await this.query(context, `SELECT set_config('ip2a.context', $1, true)`, [context.attribution()]);
  }

  /** Runs a statement on a connection that somebody else opened the same way, outside of a transaction. */
  runOn(client: PoolClient, sql: string, values: unknown[]): Promise<QueryResult> {
    return this.prepared.run(client, { text: sql, values });
  }

  inTransaction(context: RequestContext | undefined): boolean {
    return openTransaction(context) !== undefined;
  }

  /** Brings the metrics of the pool up to date. */
  measure(): void {
    const { totalCount, idleCount, waitingCount, options } = this.pool;
    databaseMetrics.size.set(options.max);
    databaseMetrics.busy.set(totalCount - idleCount);
    databaseMetrics.waiting.set(waitingCount);
    this.replicas?.measure();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.replicas?.stop();
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

  private async send(
    client: PoolClient,
    context: RequestContext | undefined,
    sql: string,
    values: unknown[],
    timeoutMs: number,
  ): Promise<QueryResult> {
    const statement = { text: sql, values, query_timeout: this.timeOut(context, timeoutMs) };
    const part = context?.trace?.beginStatement(sql);
    try {
      const result = await this.prepared.run(client, statement, this.inTransaction(context));
      part?.end();
      return result;
    } catch (error) {
      part?.end('failed');
      openTransaction(context)?.note(error);
      throw translateError(error);
    }
  }

  /** How long to wait for a statement that is sent now: a little longer than its request has time, so that the server decides. */
  private timeOut(context: RequestContext | undefined, timeoutMs = statementMs): number {
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
}

/** The columns with which a transaction begins: who acts, for the triggers, and whether the account still is what it was. */
function beginning(context: RequestContext): string {
  const attributed = `set_config('ip2a.context', ${escapeLiteral(context.attribution())}, true)`;
  const { account } = context;
  if (!account) return attributed;
  const { id, version, endsAt } = account;
  const current = `coalesce((SELECT v.version FROM account_versions v WHERE v.user_id = ${id}), 0)`;
  const hasRoles = endsAt === undefined ? 'true' : `${endsAt} > extract(epoch FROM statement_timestamp())`;
  return `${attributed}, ${current} = ${escapeLiteral(version)} AND ${hasRoles} AS "isSame"`;
}

function confirm({ account }: RequestContext, isSame: boolean | null | undefined): void {
  if (!account) return;
  if (!isSame) throw new OutdatedError();
  account.isConfirmed = true;
}

function tooLate(): DomainError {
  return unavailable('service.unavailable', 'The request could not be served in time.');
}

function openTransaction(context: RequestContext | undefined): ContextQueryRunner | undefined {
  return context?.transaction as ContextQueryRunner | undefined;
}
