import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool, type QueryResultRow } from 'pg';
import { ofTestServer } from './test-server';

/** A database of one test file, with the schema of the migrations and nothing in it. */
export interface TestDatabase {
  readonly superuserUrl: string;
  readonly ownerUrl: string;
  readonly applicationUrl: string;
  /** Runs a statement as the schema's owner, and again where a deadlock with the service ended it. */
  query<Row extends QueryResultRow = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Also ends the connections that others still have to it. */
  drop(): Promise<void>;
}

const template = 'ip2a_template';
/** A number of our own for the advisory lock that lets one worker make the template. */
const templateLock = 4_927_099;
const objectInUse = '55006';
const deadlockDetected = '40P01';
const patienceMs = 20_000;

export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `ip2a_test_${randomBytes(6).toString('hex')}`;
  await asSuperuser(async (server) => {
    await makeTemplate(server);
    await clone(server, name);
  });
  const ownerUrl = urlOf('ownerUrl', name);
  const owner = new Pool({ connectionString: ownerUrl, max: 1, allowExitOnIdle: true });
  owner.on('error', () => undefined);
  return {
    superuserUrl: urlOf('superuserUrl', name),
    ownerUrl,
    applicationUrl: urlOf('applicationUrl', name),
    query: async <Row extends QueryResultRow>(sql: string, values?: unknown[]) =>
      (await again(deadlockDetected, () => owner.query<Row>(sql, values))).rows,
    drop: async () => {
      await owner.end();
      await asSuperuser((server) => server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/**
 * The first who needs the template makes it: here the migrations are loaded as the tests load everything, from the
 * sources. The mark of a template is set last, so that a half-made one is made again.
 */
async function makeTemplate(server: Client): Promise<void> {
  await alone(server, templateLock, async () => {
    const made = await server.query('SELECT FROM pg_database WHERE datname = $1 AND datistemplate', [template]);
    if (made.rowCount === 1) return;
    await server.query(`DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
    await server.query(`CREATE DATABASE ${template} OWNER ip2a_owner`);
    const { migrate } = await import('#platform/database');
    await migrate({ ownerUrl: urlOf('ownerUrl', template), applicationUrl: urlOf('applicationUrl', template) });
    await server.query(`ALTER DATABASE ${template} IS_TEMPLATE true ALLOW_CONNECTIONS false`);
  });
}

/** Runs work that only one worker may do at a time. `lock` is the number of an advisory lock. */
async function alone(server: Client, lock: number, work: () => Promise<void>): Promise<void> {
  await server.query('SELECT pg_advisory_lock($1)', [lock]);
  try {
    await work();
  } finally {
    await server.query('SELECT pg_advisory_unlock($1)', [lock]);
  }
}

/** Makes what all spec files of a run share, once: the first who needs it makes it. */
export async function once(lock: number, make: () => Promise<void>): Promise<void> {
  await asSuperuser((server) => alone(server, lock, make));
}

/** The template counts as busy until the last connection of the migrations has quite gone. */
async function clone(server: Client, name: string): Promise<void> {
  await again(objectInUse, () => server.query(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER ip2a_owner`));
}

/** Repeats `work` for as long as PostgreSQL refuses it with the error `code`, at most 20 s. */
async function again<T>(code: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== code || Date.now() > deadline) throw error;
    }
    await sleep(50);
  }
}

async function asSuperuser(work: (server: Client) => Promise<unknown>): Promise<void> {
  const server = new Client({ connectionString: ofTestServer('superuserUrl') });
  await server.connect();
  try {
    await work(server);
  } finally {
    await server.end();
  }
}

function urlOf(role: 'superuserUrl' | 'ownerUrl' | 'applicationUrl', database: string): string {
  const url = new URL(ofTestServer(role));
  url.pathname = `/${database}`;
  return url.href;
}
