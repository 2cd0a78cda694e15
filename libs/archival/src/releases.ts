import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { queryOn, type Query } from '#ledger';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { Client } from '#platform/sessions';
import type { ArchiveRow } from './archive-rows';

/** Waits between tries to take a month out, in ms: the first, and how long they become. Somebody may be reading all of the ledger. */
const firstWaitMs = 250;
const longestWaitMs = 30_000;
/** Tries are given up after this long, in ms; the next run goes on. */
const patienceMs = 900_000;
/** lock_not_available, deadlock_detected. */
const isBusy = ['55P03', '40P01'];
/** A table with so many dead rows, and so large a part of them, is vacuumed. */
const deadRows = 10_000;
const deadShare = 0.2;

/** Takes stored months out of PostgreSQL, as the archiver where there is one, else as the owner. */
@Injectable()
export class Releases {
  private readonly logger = new Logger('archive');

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
  ) {}

  /** Drops what a run that was killed had taken out and not dropped. */
  async finish(context: RequestContext): Promise<void> {
    const left = await this.database.query<{ ids: number[] }>(
      undefined,
      `SELECT array_agg(id ORDER BY id) AS ids FROM archives WHERE state = 'archived' AND dropped_at IS NULL
       GROUP BY month, archived_at`,
    );
    if (left.length === 0) return;
    await this.as(context, async (query) => {
      for (const { ids } of left) await this.patiently(() => query('SELECT audit_drop_released($1)', [ids]));
    });
  }

  /** Takes a month out and drops it. Its rows are all of the month's that are stored. */
  async release(context: RequestContext, rows: readonly ArchiveRow[], signal: AbortSignal): Promise<void> {
    const ids = rows.map(({ id }) => id).sort((one, other) => one - other);
    await this.as(context, async (query) => {
      await this.patiently(() => query('SELECT audit_release_month($1::date, $2)', [rows[0]?.month, ids]), signal);
      await this.patiently(() => query('SELECT audit_drop_released($1)', [ids]), signal);
    });
  }

  /** Fresh statistics where a month has gone, and room where much is dead: neither can be had in a transaction. */
  async tidy(hasChanged: boolean): Promise<void> {
    const client = await connect(this.config.databaseOwnerUrl);
    try {
      if (hasChanged) await client.query('ANALYZE audit_logs');
      const { rows } = await client.query<{ name: string }>(
        `SELECT format('%I.%I', schemaname, relname) AS name FROM pg_stat_user_tables
         WHERE n_dead_tup > ${deadRows} AND n_dead_tup > ${deadShare} * n_live_tup`,
      );
      for (const { name } of rows) await client.query(`VACUUM (ANALYZE) ${name}`);
    } finally {
      await client.end();
    }
  }

  private async patiently(work: () => Promise<unknown>, signal?: AbortSignal): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (let wait = firstWaitMs; ; wait = Math.min(2 * wait, longestWaitMs)) {
      try {
        await work();
        return;
      } catch (error) {
        if (!isBusy.includes(String((error as { code?: string }).code)) || performance.now() > deadline) throw error;
        this.logger.log({ waitMs: wait }, 'The ledger is in use; trying again');
        await sleep(wait, undefined, { signal });
      }
    }
  }

  private async as<T>(context: RequestContext, work: (query: Query) => Promise<T>): Promise<T> {
    const { DATABASE_ARCHIVER_URL, databaseOwnerUrl } = this.config;
    const client = await connect(DATABASE_ARCHIVER_URL ?? databaseOwnerUrl);
    try {
      await client.query(`SELECT set_config('ip2a.context', $1, false)`, [context.attribution()]);
      return await work(queryOn(client));
    } finally {
      await client.end();
    }
  }
}

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
