import { Client } from 'pg';
import type { TestDatabase } from './database';
import { until } from './load';

/** A transaction beside the API, which holds locks so that a test can say in which order others come to wait. */
export class OutsideTransaction {
  private constructor(
    private readonly holder: Client,
    private readonly watcher: Client,
  ) {}

  /** As the superuser, who alone sees what the connections of others wait for. */
  static async begin({ superuserUrl }: TestDatabase): Promise<OutsideTransaction> {
    const [holder, watcher] = [
      new Client({ connectionString: superuserUrl }),
      new Client({ connectionString: superuserUrl }),
    ];
    await Promise.all([holder.connect(), watcher.connect()]);
    await holder.query('BEGIN');
    return new OutsideTransaction(holder, watcher);
  }

  async query(sql: string, values?: unknown[]): Promise<void> {
    await this.holder.query(sql, values);
  }

  /** Until as many connections of the database wait for a lock. */
  async waiting(count: number): Promise<void> {
    await until(async () => {
      const { rows } = await this.watcher.query<{ count: number }>(
        `SELECT count(*)::integer AS count FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return (rows[0]?.count ?? 0) >= count;
    }, 1_000);
  }

  async end(): Promise<void> {
    await this.holder.query('COMMIT');
    await Promise.all([this.holder.end(), this.watcher.end()]);
  }
}
