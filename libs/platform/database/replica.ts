import { Logger } from '@nestjs/common';
import { Pool, type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import { checkIn, checkOut } from './check-out';
import { lsnOf } from './lsn';
import { PreparedStatements, preparingOf } from './prepared';
import { replicaMetrics } from './replica.metrics';
import { SharedCall } from './shared-call';

/** Between two looks at a replica, in ms; fewer at one that is away. */
const lookMs = 100;
const lookAwayMs = 500;
/** How long a replica may take to tell how far it is, in ms, twice: a process that was busy itself has not waited. */
const patienceMs = 250;
/** How long a connection may take to open, in ms: the primary has some open. */
const connectionMs = 300;
const idleMs = 120_000;
/** After a statement that took too long, for this many ms nothing more is sent, though the replica may tell how far it is. */
const restMs = 5_000;

interface Position {
  isInRecovery: boolean;
  replayed: string | null;
  timeline: string | null;
}

export interface ReplicaStatement {
  text: string;
  values: unknown[];
}

const positionSql = `SELECT pg_is_in_recovery() AS "isInRecovery", pg_last_wal_replay_lsn()::text AS replayed,
  (SELECT generation::text FROM shared_generations WHERE name = 'timeline') AS timeline`;

/**
 * A server that follows the primary, how far it has come, and the connections to it. What it does not answer fails at once where it is
 * found to be away, so that it can be asked elsewhere.
 */
export class Replica {
  readonly name: string;
  /** How far it had replayed when it was looked at last; undefined while it is away. */
  replayed?: bigint;
  /** The timeline that its data were written under. */
  timeline?: string;
  /** Why it is not used; undefined while it answers. */
  fault?: string = 'was not found yet';
  /** Statements that it has not answered yet. */
  busy = 0;
  private readonly logger = new Logger('replicas');
  private readonly looks = new SharedCall(() => this.look());
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
      connectionTimeoutMillis: patienceMs,
      query_timeout: patienceMs,
      keepAlive: true,
    });
    this.watcher.on('error', (error) => this.putAside(error.message));
    this.watch();
  }

  get isResting(): boolean {
    return performance.now() < this.restsUntil;
  }

  /** Looks how far it is now. Never fails; `fault` tells. */
  refresh(): Promise<void> {
    return this.looks.next();
  }

  /** Fails when the statement fails, when it takes longer, and at once when the replica is put aside meanwhile. */
  async run<R>({ text, values }: ReplicaStatement, timeoutMs: number): Promise<R[]> {
    let abandon: ((error: Error) => void) | undefined;
    const aside = new Promise<never>((_, reject) => (abandon = reject));
    aside.catch(() => undefined);
    if (abandon) this.abandoned.add(abandon);
    this.busy += 1;
    try {
      const begun = performance.now();
      const answered = this.send<R>({ text, values, query_timeout: timeoutMs }, begun + timeoutMs);
      const rows = await Promise.race([answered, aside]);
      replicaMetrics.reads.inc({ replica: this.name, outcome: 'answered' });
      return rows;
    } catch (error) {
      replicaMetrics.reads.inc({ replica: this.name, outcome: 'failed' });
      throw error;
    } finally {
      this.busy -= 1;
      if (abandon) this.abandoned.delete(abandon);
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await Promise.all([this.pool.end(), this.watcher.end()]).catch(() => undefined);
  }

  private async send<R>(statement: ReplicaStatement & { query_timeout: number }, lateAt: number): Promise<R[]> {
    const client = await checkOut(this.pool);
    try {
      const { rows } = await this.ask(client, statement);
      checkIn(client);
      return rows as R[];
    } catch (error) {
      checkIn(client, error);
      if (performance.now() >= lateAt - 1) this.restsUntil = performance.now() + restMs;
      void this.refresh();
      throw error;
    }
  }

  private watch(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(
      () => void this.refresh().then(() => this.watch()),
      this.fault ? lookAwayMs : lookMs,
    ).unref();
  }

  private async look(): Promise<void> {
    try {
      this.learn(await this.position().catch(() => this.position()));
    } catch (error) {
      this.putAside((error as Error).message);
    }
  }

  private async position(): Promise<Position> {
    const client = await checkOut(this.watcher);
    try {
      this.prepared ??= await preparedOn(client);
      const { rows } = await this.ask(client, { text: positionSql });
      checkIn(client);
      return rows[0] as Position;
    } catch (error) {
      checkIn(client, error);
      throw error;
    }
  }

  private ask(client: PoolClient, statement: QueryConfig): Promise<QueryResult> {
    return this.prepared ? this.prepared.run(client, statement) : client.query(statement);
  }

  private learn({ isInRecovery, replayed, timeline }: Position): void {
    if (!isInRecovery || replayed === null) {
      this.putAside('is no replica any more');
      return;
    }
    this.replayed = lsnOf(replayed);
    this.timeline = timeline ?? undefined;
    if (this.fault) this.logger.log({ replica: this.name }, 'A replica is used');
    this.fault = undefined;
  }

  /** What waits for it goes elsewhere, and its connections are closed: a server that comes back may have gone back in time. */
  private putAside(fault: string): void {
    this.replayed = undefined;
    if (this.isStopped) return;
    if (!this.fault) this.logger.warn({ replica: this.name, cause: fault }, 'A replica is put aside');
    const wasUsed = this.fault === undefined;
    this.fault = fault;
    // Another server may answer here the next time, with or without a pooler.
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
    // Its server may be gone, and back with less: not before it has been looked at.
    pool.on('error', (error) => {
      if (pool === this.pool) this.putAside(error.message);
    });
    return pool;
  }
}

async function preparedOn(client: PoolClient): Promise<PreparedStatements> {
  const prepared = new PreparedStatements();
  prepared.preparing = await preparingOf(client);
  return prepared;
}
