import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client } from 'pg';
import type { EntityMetadata } from 'typeorm';
import { entities } from '#app';
import { migrations } from '#migrations';
import { Database, migrate } from '#platform/database';
import { expectCommitted } from './committed';
import { schemaSql } from './schema-sql';
import { createTestDatabase, type TestDatabase } from './setup/database';
import { root } from './sources';

let database: TestDatabase;
let connected: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  connected = await Database.connect({ databaseUrl: database.ownerUrl, DATABASE_POOL_SIZE: 3 }, entities);
});

afterAll(async () => {
  await connected.onApplicationShutdown();
  await database.drop();
});

describe('entities and migrations', () => {
  it('agree: TypeORM would change nothing', async () => {
    const { upQueries } = await connected.dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('agree on the conditions of checks and partial indexes, which TypeORM compares by their names alone', async () => {
    for (const metadata of connected.dataSource.entityMetadatas) {
      const declared = await declaredConditions(metadata);
      expect([metadata.tableName, await conditionsOf(metadata.tableName, Object.keys(declared))]).toEqual([
        metadata.tableName,
        declared,
      ]);
    }
  });

  it('agree on the indexes that TypeORM can not describe', async () => {
    const described = connected.dataSource.entityMetadatas.flatMap((metadata) =>
      metadata.indices
        .filter(({ synchronize }) => !synchronize)
        .map((index) => ({ table: metadata.tableName, index: index.name })),
    );
    expect(described.length).toBeGreaterThan(0);
    const found = await database.query<{ table: string; index: string }>(
      'SELECT tablename AS "table", indexname AS "index" FROM pg_indexes WHERE schemaname = $1',
      ['public'],
    );
    const known = new Set(found.map(({ table, index }) => `${table} ${index}`));
    expect(described.filter(({ table, index }) => !known.has(`${table} ${index}`))).toEqual([]);
  });
});

describe('docs/schema.sql', () => {
  it('is what the migrations make (npm run generate)', async () => {
    expectCommitted('docs/schema.sql', await schemaSql((sql) => database.query(sql)));
  });
});

describe('migrating', () => {
  let empty: { ownerUrl: string; applicationUrl: string };

  beforeEach(async () => {
    empty = await createEmptyDatabase();
  });

  afterEach(async () => {
    await asSuperuser(`DROP DATABASE ${emptyName} WITH (FORCE)`);
  });

  it('brings an empty database to the schema, and a second time changes nothing', async () => {
    const first: string[] = [];
    await migrate(empty, (line) => first.push(line));
    expect(first).toEqual(migrations.map(({ name }) => `migrated ${name}`));
    const made = await schemaOf(empty.ownerUrl);
    expect(made).toBe(await schemaOf(database.ownerUrl));

    const second: string[] = [];
    await migrate(empty, (line) => second.push(line));
    expect(second).toEqual([]);
    expect(await schemaOf(empty.ownerUrl)).toBe(made);
  });

  it('is done by one of two processes that begin at once, while the other waits', async () => {
    const outputs = await Promise.all([migrateInAnotherProcess(), migrateInAnotherProcess()]);
    expect(outputs.map(({ status }) => status)).toEqual([0, 0]);
    const lines = outputs.flatMap(({ output }) => output.split('\n').filter(Boolean));
    expect(lines).toEqual(migrations.map(({ name }) => `migrated ${name}`));
    expect(await schemaOf(empty.ownerUrl)).toBe(await schemaOf(database.ownerUrl));
  });

  async function migrateInAnotherProcess(): Promise<{ status: unknown; output: string }> {
    const program = `require('#platform/database').migrate(${JSON.stringify(empty)}, console.log).catch((error) => {
      console.error(error);
      process.exitCode = 1;
    })`;
    const options = ['--conditions=ip2a-source', '--require', 'esbuild-register', '--eval', program];
    const child = spawn(process.execPath, options, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [status] = (await once(child, 'close')) as unknown[];
    return { status, output };
  }
});

/** The conditions an entity declares, as PostgreSQL writes them once they are in a table of the same columns. */
async function declaredConditions({ tableName, checks, indices }: EntityMetadata): Promise<Record<string, string>> {
  const described = indices.filter(({ synchronize }) => synchronize);
  await database.query(`CREATE TEMP TABLE declared (LIKE ${tableName})`);
  for (const { name, expression } of checks) {
    await database.query(`ALTER TABLE declared ADD CONSTRAINT ${name} CHECK (${expression})`);
  }
  for (const { name, where } of described) {
    await database.query(`CREATE INDEX ${name} ON declared (id) ${where ? `WHERE ${where}` : ''}`);
  }
  const conditions = await conditionsOf(
    'declared',
    [...checks, ...described].map(({ name }) => name),
  );
  await database.query('DROP TABLE declared');
  return conditions;
}

async function conditionsOf(table: string, names: string[]): Promise<Record<string, string>> {
  const rows = await database.query<{ name: string; condition: string }>(
    `SELECT conname AS name, pg_get_constraintdef(oid, true) AS condition FROM pg_constraint
       WHERE conrelid = $1::regclass AND conname = ANY ($2)
     UNION ALL SELECT relname, coalesce(pg_get_expr(indpred, indrelid, true), 'every row') FROM pg_index
       JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = $1::regclass AND relname = ANY ($2)`,
    [table, names],
  );
  return Object.fromEntries(rows.map(({ name, condition }) => [name, condition]));
}

const emptyName = `ip2a_empty_${process.pid}`;

async function createEmptyDatabase(): Promise<{ ownerUrl: string; applicationUrl: string }> {
  await asSuperuser(`CREATE DATABASE ${emptyName} OWNER ip2a_owner`);
  const inEmpty = (url: string) => Object.assign(new URL(url), { pathname: `/${emptyName}` }).href;
  return { ownerUrl: inEmpty(database.ownerUrl), applicationUrl: inEmpty(database.applicationUrl) };
}

async function schemaOf(url: string): Promise<string> {
  return withClient(url, (client) => schemaSql(async (sql) => (await client.query<Record<string, unknown>>(sql)).rows));
}

async function asSuperuser(sql: string): Promise<void> {
  await withClient(database.superuserUrl, (client) => client.query(sql));
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
