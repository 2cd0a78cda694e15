import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { systemActor } from '#access';
import { entities } from '#app';
import { RequestContext } from '#platform/context';
import { Database, migrate } from '#platform/database';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '#platform/embedded-postgres';
import { dataSet, seedStress, type TableOfSet } from '#stress';
import type { Cleanup } from './cleanup';
import { compareRates, type Result } from './report';

const seed = 42;
const chunkLength = 256 * 1024;
const context = () =>
  new RequestContext({
    source: 'cli',
    requestId: randomUUID(),
    route: 'stress:seed',
    actor: systemActor('stress:seed'),
  });

/**
 * `stress seed` beside a COPY of the same rows into the same tables without their triggers, in turns, each into a database of its own on
 * one server. Both make the rows as they send them. The bare one keeps indexes and checks keys row by row, as COPY does by itself.
 */
export async function raceSeeds(
  scale: number,
  rounds: number,
  cleanup: Cleanup,
  log: (line: string) => void,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-bench-seed-'));
  cleanup.defer(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), mode: 'own' });
  cleanup.defer(() => postgres.stop());
  await migrate({ ownerUrl: postgres.ownerUrl, applicationUrl: postgres.applicationUrl });
  const pairs: { ours: number; bare: number }[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const pair = {
      bare: await inDatabase(postgres, `bare_${round}`, (urls) => loadBare(urls.ownerUrl, scale)),
      ours: await inDatabase(postgres, `ours_${round}`, (urls) => loadOurs(urls, scale)),
    };
    if (round > 0) pairs.push(pair);
    const label = round > 0 ? `round ${round} of ${rounds}` : 'warm-up';
    log(
      `seed, ${label}: bare ${Math.round(pair.bare)}/s, ours ${Math.round(pair.ours)}/s, ratio ${(pair.ours / pair.bare).toFixed(3)}`,
    );
  }
  return compareRates(pairs);
}

interface Urls {
  ownerUrl: string;
  applicationUrl: string;
}

async function loadOurs({ ownerUrl, applicationUrl }: Urls, scale: number): Promise<number> {
  const database = await Database.connect({ databaseUrl: applicationUrl, DATABASE_POOL_SIZE: 2 }, entities);
  try {
    return (await seedStress(context(), database, ownerUrl, { seed, scale })).rowsPerSecond;
  } finally {
    await database.onApplicationShutdown();
  }
}

async function loadBare(ownerUrl: string, scale: number): Promise<number> {
  const tables = dataSet(seed, scale);
  await withClient(ownerUrl, async (owner) => {
    for (const { table } of tables) {
      const { rows } = await owner.query<{ name: string }>(
        'SELECT tgname AS name FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal',
        [table],
      );
      for (const { name } of rows) await owner.query(`DROP TRIGGER ${name} ON ${table}`);
      await owner.query(`ALTER TABLE ${table} ALTER COLUMN audit_ref SET DEFAULT 0`);
    }
  });
  const begun = performance.now();
  let count = 0;
  await withClient(ownerUrl, async (owner) => {
    for (const table of tables) {
      const copy = owner.query(copyFrom(`COPY ${table.table} (${table.columns.join(', ')}) FROM STDIN`));
      await pipeline(Readable.from(copyLines(table)), copy);
      count += copy.rowCount;
    }
  });
  return count / ((performance.now() - begun) / 1_000);
}

/** The rows as COPY reads them, many at a time. Nothing in the set has to be escaped. */
function* copyLines({ rows }: TableOfSet): Generator<string> {
  let text = '';
  for (const row of rows()) {
    text += `${row.map((value) => value ?? '\\N').join('\t')}\n`;
    if (text.length < chunkLength) continue;
    yield text;
    text = '';
  }
  yield text;
}

/** Copies the migrated database, with nothing in it, for one turn. What the turn wrote is on disk before the next one begins. */
async function inDatabase(
  postgres: EmbeddedPostgres,
  name: string,
  work: (urls: Urls) => Promise<number>,
): Promise<number> {
  const template = new URL(postgres.ownerUrl).pathname.slice(1);
  const server = Object.assign(new URL(postgres.superuserUrl), { pathname: '/postgres' }).href;
  const inIt = (url: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href;
  await withClient(server, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER ip2a_owner`));
  const rate = await work({ ownerUrl: inIt(postgres.ownerUrl), applicationUrl: inIt(postgres.applicationUrl) });
  await withClient(server, async (client) => {
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await client.query('CHECKPOINT');
  });
  return rate;
}

async function withClient(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
