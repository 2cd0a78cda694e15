import { DataSource } from 'typeorm';
import { migrations } from '#migrations';
import { watchDdl } from './ddl-watch';
import { Client } from '#platform/sessions';

export interface MigrationUrls {
  ownerUrl: string;
  applicationUrl: string;
  archiverUrl?: string;
  superuserUrl?: string;
}

/** A number of our own for the advisory lock that lets one migration run at a time. */
const migrationLock = 4_927_001;

/**
 * Brings the schema up to date as its owner and grants the application's role what it needs, and no more. Safe to run
 * twice and by several processes at once. `ownerUrl` must be a direct connection (a session lock is held). Event triggers are made
 * where the owner may, or a superuser is named.
 */
export async function migrate(urls: MigrationUrls, log: (line: string) => void = () => {}): Promise<void> {
  const guard = new Client({ connectionString: urls.ownerUrl });
  await guard.connect();
  try {
    await guard.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await refuseOldServer(guard);
    await refuseOtherEncoding(guard);
    const dataSource = new DataSource({
      type: 'postgres',
      url: urls.ownerUrl,
      migrations,
      migrationsTableName: 'migrations',
      migrationsTransactionMode: 'all',
      extra: { Client },
    });
    await dataSource.initialize();
    try {
      for (const migration of await dataSource.runMigrations()) log(`migrated ${migration.name}`);
    } finally {
      await dataSource.destroy();
    }
    await guard.query('SELECT audit_make_partitions()');
    await guard.query('SELECT grant_application($1)', [roleOf(urls.applicationUrl)]);
    if (urls.archiverUrl)
      await guard.query('SELECT grant_archiver($1), grant_disowning($1)', [roleOf(urls.archiverUrl)]);
    await watchDdl(urls.superuserUrl ?? urls.ownerUrl);
  } finally {
    await guard.end();
  }
}

/** Names of the migrations that this program has and the database has not. Changes nothing. */
export async function pendingMigrations(ownerUrl: string): Promise<string[]> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ source: string | null }>(
      `SELECT CASE WHEN to_regprocedure('applied_migrations()') IS NOT NULL THEN 'applied_migrations() AS name'
         WHEN to_regclass('migrations') IS NOT NULL THEN 'migrations' END AS source`,
    );
    const source = rows[0]?.source;
    const done = source ? (await client.query<{ name: string }>(`SELECT name FROM ${source}`)).rows : [];
    const names = new Set(done.map(({ name }) => name));
    return migrations.map(({ name }) => name).filter((name) => !names.has(name));
  } finally {
    await client.end();
  }
}

/** Whether this role may migrate: the schema is its own, or there is none yet. */
export async function ownsSchema(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ owns: boolean }>(
      `SELECT coalesce((SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('audit_logs')), true) AS owns`,
    );
    return rows[0]?.owns ?? true;
  } finally {
    await client.end();
  }
}

/** The role that a connection string logs in as. */
export function roleOf(url: string): string {
  return decodeURIComponent(new URL(url).username);
}

async function refuseOldServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ number: number }>(
    `SELECT current_setting('server_version_num')::int AS number`,
  );
  if ((rows[0]?.number ?? 0) < 150_000) throw new Error('PostgreSQL 15 or newer is required.');
}

/** Names are folded, and texts measured, by the letters of Unicode. The locale decides nothing of it: even C will do. */
async function refuseOtherEncoding(client: Client): Promise<void> {
  const { rows } = await client.query<{ encoding: string; name: string }>(
    `SELECT current_setting('server_encoding') AS encoding, current_database() AS name`,
  );
  const [database] = rows;
  if (database?.encoding === 'UTF8') return;
  throw new Error(
    `The database ${database?.name} has the encoding ${database?.encoding}, and UTF8 is required. ` +
      `Make another one, by CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and restore its data there.`,
  );
}

/** Makes the coming months' partitions of the ledger, as the schema's owner or the archiver. */
export async function makePartitions(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SELECT audit_make_partitions()');
  } finally {
    await client.end();
  }
}
