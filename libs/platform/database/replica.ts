import { Logger } from '@nestjs/common';
import type { PoolClient, QueryConfig, QueryResult } from 'pg';
import { checkIn, checkOut } from './check-out';
import { PreparedStatements, preparingOf } from './prepared';
import { replicaMetrics } from './replica.metrics';
import { Pool } from '#platform/sessions';

/** Between two looks at a replica, in ms. */
const lookMs = 250;
/** How long a replica may take to answer a look, in ms, twice: a process that was busy itself has not waited. */
const lookTimeoutMs = 250;
/** How long a connection may take to open, in ms: the primary has some open. */
const connectionMs = 300;
const idleMs = 120_000;
/** After a statement that took too long, for this many ms nothing more is sent, though the replica may answer looks. */
const restMs = 5_000;
/** Beyond this lag in seconds a replica is not asked. The primary compares it again with each list. */
const maxLagSeconds = 10;

const promoted = 'is no replica any more';

interface Look {
  isInRecovery: boolean;
  lagSeconds: number;
  lagBytes: number;
}

/** The idiom of PostgreSQL's manual: a standby that has replayed all it received is not late, however old the last commit is. */
const lookSql = `SELECT pg_is_in_recovery() AS "isInRecovery",
  coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::float8 AS "lagBytes",
  CASE WHEN pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
    THEN coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0) ELSE 0 END::float8 AS "lagSeconds"`;

/** What a replica has answered, and what it had seen by then. */
export interface ReplicaAnswer<R> {
  rows: R[];
  horizon: string;
  timeline: number;
}

/**
 * A server that follows the primary, and the connections to it. A statement that it does not answer fails at once where the replica
 * is away, so that the primary can be asked.
 */
export class Replica {
  readonly name: string;
  /** Why it is not used; undefined while it answers. */
  fault?: string = 'was not found yet';
  /** Statements that it has not answered yet. */
  busy = 0;
  /** When it last lacked something that a list had to show, by `performance.now()`. */
  wasLateAt = -Infinity;
  private readonly logger = new Logger('replicas');
  private readonly abandoned = new Set<(error: Error) => void>();
  private readonly watcher: Pool;
  private pool: Pool;
  private prepared?: PreparedStatements;
  private restsUntil = 0;
  private timer?: NodeJS.Timeout;
  private isStopped = false;

  constructor(
    private readonly url: string,
    private readonly poolSize: number,
  ) {
    const { hostname, port } = new URL(url);
    this.name = `${hostname}:${port || 5432}`;
    this.pool = this.openPool();
    this.watcher = new Pool({
      connectionString: url,
      max: 1,
      connectionTimeoutMillis: lookTimeoutMs,
      query_timeout: lookTimeoutMs,
      keepAlive: true,
    });
    this.watcher.on('error', (error) => this.putAside(error.message));
  }

  get isUsable(): boolean {
    return this.fault === undefined && performance.now() >= this.restsUntil;
  }

  /** Looks at it now, and from then on by itself. Never fails; `fault` tells. */
  async watch(): Promise<void> {
    await this.look();
    if (!this.isStopped) this.timer = setTimeout(() => void this.watch(), lookMs).unref();
  }

  /**
   * Fails when the statement fails, when it takes longer, and at once when the replica is put aside meanwhile. The rows and what
   * the replica had seen come from one snapshot.
   */
  async run<R>(text: string, values: unknown[], timeoutMs: number): Promise<ReplicaAnswer<R>> {
    let abandon: (error: Error) => void = () => {};
    const aside = new Promise<never>((_, reject) => (abandon = reject));
    this.abandoned.add(abandon);
    this.busy += 1;
    try {
      const answered = this.send<R>({ text: withHorizon(text), values, query_timeout: timeoutMs });
      const answer = await Promise.race([answered, aside]);
      replicaMetrics.reads.inc({ replica: this.name, outcome: 'answered' });
      return answer;
    } catch (error) {
      replicaMetrics.reads.inc({ replica: this.name, outcome: 'failed' });
      throw error;
    } finally {
      this.busy -= 1;
      this.abandoned.delete(abandon);
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await Promise.all([this.pool.end(), this.watcher.end()]).catch(() => undefined);
  }

  private async send<R>(statement: QueryConfig & { query_timeout: number }): Promise<ReplicaAnswer<R>> {
    const lateAt = performance.now() + statement.query_timeout;
    const client = await checkOut(this.pool);
    let result: QueryResult<Row>;
    try {
      this.prepared ??= await preparedOn(client);
      result = (await this.prepared.run(client, statement)) as QueryResult<Row>;
      checkIn(client);
    } catch (error) {
      checkIn(client, error);
      if (performance.now() >= lateAt - 1) this.restsUntil = performance.now() + restMs;
      void this.look();
      throw error;
    }
    const answer = answerOf<R>(result);
    if (result.rows[0]?.isReplica) return answer;
    this.putAside(promoted);
    throw new Error(promoted);
  }

  private async look(): Promise<void> {
    try {
      this.learn(await this.askHowItIs().catch(() => this.askHowItIs()));
    } catch (error) {
      this.putAside((error as Error).message);
    }
  }

  private async askHowItIs(): Promise<Look> {
    const client = await checkOut(this.watcher);
    try {
      const { rows } = await client.query<Look>(lookSql);
      checkIn(client);
      return rows[0] as Look;
    } catch (error) {
      checkIn(client, error);
      throw error;
    }
  }

  private learn({ isInRecovery, lagBytes, lagSeconds }: Look): void {
    replicaMetrics.lagSeconds.set({ replica: this.name }, lagSeconds);
    replicaMetrics.lagBytes.set({ replica: this.name }, lagBytes);
    if (!isInRecovery) {
      this.putAside(promoted);
      return;
    }
    if (lagSeconds > maxLagSeconds) {
      this.fault = `is more than ${maxLagSeconds} s behind`;
      return;
    }
    if (this.fault) this.logger.log({ replica: this.name }, 'A replica is used');
    this.fault = undefined;
  }

  /** Its open statements go elsewhere, and its connections are closed: another server may answer here the next time. */
  private putAside(fault: string): void {
    if (this.isStopped) return;
    if (!this.fault) this.logger.warn({ replica: this.name, cause: fault }, 'A replica is put aside');
    const wasUsed = this.fault === undefined;
    this.fault = fault;
    this.prepared = undefined;
    if (!wasUsed) return;
    const { pool } = this;
    this.pool = this.openPool();
    pool.end().catch(() => undefined);
    for (const abandon of this.abandoned) abandon(new Error(`The replica is away: ${fault}`));
  }

  private openPool(): Pool {
    const pool = new Pool({
      connectionString: this.url,
      max: this.poolSize,
      connectionTimeoutMillis: connectionMs,
      idleTimeoutMillis: idleMs,
      keepAlive: true,
    });
    pool.on('error', (error) => {
      if (pool === this.pool) this.putAside(error.message);
    });
    return pool;
  }
}

/**
 * The statement, and with it the id below which its snapshot sees every transaction. A standby's snapshot names no running
 * transactions, but everything below its xmin is visible. One row without `isRow` stands for none.
 */
function withHorizon(sql: string): string {
  return `SELECT s.*, q.* FROM (
      SELECT pg_is_in_recovery() AS "isReplica", pg_snapshot_xmin(pg_current_snapshot())::text AS "replicaHorizon",
        min_recovery_end_timeline AS "replicaTimeline"
      FROM pg_control_recovery()
    ) s LEFT JOIN LATERAL (SELECT true AS "isRow", p.* FROM (${sql}) p) q ON true`;
}

interface Row {
  isReplica: boolean;
  replicaHorizon: string;
  replicaTimeline: number;
  isRow: boolean | null;
}

function answerOf<R>({ rows }: QueryResult<Row>): ReplicaAnswer<R> {
  const [first] = rows;
  if (!first) throw new Error('An outer join answers at least one row.');
  const answer = first.isRow ? rows : [];
  return { rows: answer as R[], horizon: first.replicaHorizon, timeline: first.replicaTimeline };
}

async function preparedOn(client: PoolClient): Promise<PreparedStatements> {
  const prepared = new PreparedStatements();
  prepared.preparing = await preparingOf(client);
  return prepared;
}
