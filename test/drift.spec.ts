import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client } from 'pg';
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

  it('agree on the indexes that TypeORM can not describe', async () => {
    const described = connected.dataSource.entityMetadatas.flatMap((metadata) =>
      metadata.indices.filter(({ synchronize }) => !synchronize).map((index) => ({ table: metadata.tableName, index: index.name })),
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
  it('is what the migrations make', async () => {
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
