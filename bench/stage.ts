import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { allSealed } from './sealing-race';
import { foldText } from '#kernel';
import { migrate } from '#platform/database';
import { startEmbeddedPostgres } from '#platform/embedded-postgres';
import type { Sample } from './calls';
import { start, startServer, type Child, type ServerChild } from './child';
import type { Cleanup } from './cleanup';
import { startOurs } from './ours';
import { parentOf } from './processor-time';
import { seed } from './seed';

const memberCount = 100_000;
/** Database connections of either server; that of IP2A when nobody sets another. */
const poolSize = 20;

export interface Server extends ServerChild {
  name: 'ours' | 'bare';
}

/** All that a run needs: one database, both servers on it, and a process that makes the load. */
export interface Stage {
  ours: Server;
  bare: Server;
  driver: Child;
  /** A connection as the owner of both tables and the ledger. */
  owner: Client;
  postmasterPid: number;
  sample: Sample;
}

export async function setUp(cleanup: Cleanup, log: (line: string) => void): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-bench-'));
  cleanup.defer(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  log('starting PostgreSQL');
  const starting = startEmbeddedPostgres({ folder: join(folder, 'postgres'), mode: 'own' });
  cleanup.defer(async () => (await starting).stop());
  const postgres = await starting;
  const urls = { databaseUrl: postgres.applicationUrl, databaseOwnerUrl: postgres.ownerUrl };
  await migrate({ ownerUrl: postgres.ownerUrl, applicationUrl: postgres.applicationUrl });

  const owner = await connect(postgres.ownerUrl, cleanup);
  await seed(owner, memberCount, log);
  await checkpoint(postgres.superuserUrl, cleanup);

  log('starting the servers');
  const bareArgs = [postgres.ownerUrl, String(poolSize)];
  const bare = await startServer(
    { name: 'The bare server', file: join(__dirname, 'bare.js'), args: bareArgs },
    cleanup,
  );
  const ours = await startOurs({ folder, ...urls, poolSize }, cleanup);
  // What was seeded is sealed before anything is measured: a site does so once, not all day.
  await allSealed(owner);
  const driver = start({ name: 'The driver', file: join(__dirname, 'driver.js') }, cleanup);
  return {
    ours: { name: 'ours', ...ours },
    bare: { name: 'bare', ...bare },
    driver,
    owner,
    postmasterPid: await findPostmaster(owner),
    sample: { lastId: memberCount, prefixes: await samplePrefixes(owner) },
  };
}

/** The writes of the seeding reach the disk now, not in somebody's turn. */
async function checkpoint(superuserUrl: string, cleanup: Cleanup): Promise<void> {
  const superuser = await connect(superuserUrl, cleanup);
  await superuser.query('CHECKPOINT');
}

async function connect(url: string, cleanup: Cleanup): Promise<Client> {
  const client = new Client({ connectionString: url });
  // A connection lost while nothing is asked of it shows with the next question.
  client.on('error', () => undefined);
  await client.connect();
  cleanup.defer(() => client.end());
  return client;
}

async function findPostmaster(client: Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return parentOf(rows[0]?.pid ?? 0) ?? 0;
}

async function samplePrefixes(owner: Client): Promise<string[]> {
  const { rows } = await owner.query<{ last_name: string }>('SELECT last_name FROM members ORDER BY id LIMIT 5000');
  return rows.map(({ last_name: name }, index) => foldText(name).slice(0, 3 + (index % 3)));
}
