import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Client } from 'pg';
import { DataSource, type MigrationInterface, type EntityMetadata } from 'typeorm';
import { entities } from '#app';
import { ownObjectsSql } from '#audit';
import { migrations } from '#migrations';
import { Database, migrate } from '#platform/database';
import { expectCommitted } from '../support/committed';
import { schemaSql } from './schema-sql';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { root } from '../support/sources';

const ownObjectsHead = `/**
 * The functions of the schema and the triggers of the audited tables, as the migrations make them: each with its definition, or
 * the SHA-256 of it. Made by \`npm run generate\`; a spec compares it with a migrated database.
 */
export const ownObjects: Record<string, string> = {
`;
const quoted = (text: string) => (text.includes("'") ? `"${text.replaceAll('"', '\\"')}"` : `'${text}'`);

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

describe('libs/audit/src/own-objects.ts', () => {
  it('is what the migrations make (npm run generate)', async () => {
    const made = await database.query<{ key: string; body: string }>(ownObjectsSql);
    const lines = made.map(({ key, body }) => `  ${quoted(key)}:\n    ${quoted(body)},\n`);
    expectCommitted('libs/audit/src/own-objects.ts', `${ownObjectsHead}${lines.join('')}};\n`);
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

  it('removes accounts that were registered and never verified, and moves amounts that were not approved', async () => {
    await migrateUntil('Registrations');
    await query(`
      INSERT INTO members (member_number, first_name, last_name, classification)
        SELECT 'M' || n, 'Rosa', 'Delgado', 'journeyman' FROM generate_series(1, 3) n;
      BEGIN;
      SELECT set_config('ip2a.context', '{"source": "api", "route": "auth:register"}', true);
      INSERT INTO users (email, password_hash, first_name, last_name, member_id, email_verified_at) VALUES
        ('abandoned@local.example', 'x', 'Rosa', 'Delgado', 1, NULL),
        ('verified@local.example', 'x', 'Rosa', 'Delgado', 2, now());
      INSERT INTO user_roles (user_id, role_id) SELECT u.id, r.id FROM users u, roles r WHERE r.name = 'member';
      INSERT INTO one_time_tokens (user_id, purpose, token_hash, expires_at)
        SELECT id, 'verify-email', id::text, now() FROM users;
      COMMIT;
      INSERT INTO users (email, password_hash, first_name, last_name, member_id) VALUES
        ('by-the-office@local.example', 'x', 'Rosa', 'Delgado', 3);
      INSERT INTO benevolence_applications (member_id, application_date, reason, amount_requested, status, approved_amount)
        VALUES (1, '2026-02-02', 'other', 900, 'under_review', 700), (2, '2026-02-02', 'other', 400, 'approved', 300);
      INSERT INTO benevolence_reviews (application_id, reviewer_id, review_level, decision, review_date)
        SELECT a.id, u.id, 'vp', 'approved', '2026-02-03' FROM benevolence_applications a, users u
        WHERE u.email = 'verified@local.example';
    `);
    await migrate(empty);
    expect(await query('SELECT email FROM users ORDER BY id')).toEqual([
      { email: 'verified@local.example' },
      { email: 'by-the-office@local.example' },
    ]);
    expect(
      await query(`SELECT table_name FROM audit_logs WHERE action = 'DELETE' AND changed_by IS NULL ORDER BY id`),
    ).toEqual([{ table_name: 'one_time_tokens' }, { table_name: 'user_roles' }, { table_name: 'users' }]);
    expect(
      await query(`SELECT a.approved_amount::text AS approved, r.approved_amount::text AS named
        FROM benevolence_applications a JOIN benevolence_reviews r ON r.application_id = a.id ORDER BY a.id`),
    ).toEqual([
      { approved: null, named: '700.00' },
      { approved: '300.00', named: '300.00' },
    ]);
  });

  it('builds what was indexed by folded names again, forth and back', async () => {
    await migrateUntil('FoldedLetters');
    await query(`INSERT INTO members (member_number, first_name, last_name, classification)
      SELECT 'M' || n, 'Łukasz', 'Filler ' || n, 'journeyman' FROM generate_series(1, 300) n`);
    const found = (name: string) =>
      query(`SET enable_seqscan = off; SELECT count(*)::integer FROM members
        WHERE fold_text(first_name || ' ' || last_name) COLLATE "C" = '${name}' AND deleted_at IS NULL`);
    expect(await found('łukasz filler 7')).toContainEqual({ count: 1 });
    await migrate(empty);
    expect(await found('lukasz filler 7')).toContainEqual({ count: 1 });
    await withDataSource(migrations, async (dataSource) => {
      const runner = dataSource.createQueryRunner();
      await migrationNamed('FoldedLetters').down(runner);
      await runner.release();
    });
    expect(await found('łukasz filler 7')).toContainEqual({ count: 1 });
  });

  it('names numbers that several rows have in different cases, and changes none of them', async () => {
    await migrateUntil('NumbersInAnyCase');
    await query(`INSERT INTO members (id, member_number, first_name, last_name, classification)
      SELECT id, number, 'Rosa', 'Delgado', 'journeyman'
      FROM (VALUES (3, 'A0060003'), (4, 'B1'), (7, 'a0060003'), (8, 'b1'), (9, 'C1')) AS given (id, number)`);
    const numbers = () => query('SELECT id, member_number FROM members ORDER BY id');
    const before = await numbers();
    await expect(migrate(empty)).rejects.toThrow(
      /members that have one number in several cases:\n {2}3 has A0060003, 7 has a0060003\n {2}4 has B1, 8 has b1\n.*\n {2}UPDATE members SET member_number = '…' WHERE id = 7/,
    );
    expect(await numbers()).toEqual(before);
    await query(`UPDATE members SET member_number = 'D' || id WHERE id > 6`);
    await migrate(empty);
    expect(await schemaOf(empty.ownerUrl)).toBe(await schemaOf(database.ownerUrl));
  });

  const query = (sql: string) =>
    withClient(empty.ownerUrl, async (client) => {
      const results = [await client.query<Record<string, unknown>>(sql)].flat();
      return results.at(-1)?.rows ?? [];
    });

  function migrationNamed(name: string): MigrationInterface {
    return new migrations[placeOf(name)]!();
  }

  function placeOf(name: string): number {
    return migrations.findIndex((migration) => migration.name.startsWith(name));
  }

  /** Brings the empty database to what it was before the migration of this name. */
  async function migrateUntil(name: string): Promise<void> {
    await withDataSource(migrations.slice(0, placeOf(name)), (dataSource) => dataSource.runMigrations());
  }

  async function withDataSource(some: typeof migrations, work: (dataSource: DataSource) => Promise<unknown>) {
    const dataSource = new DataSource({ type: 'postgres', url: empty.ownerUrl, migrations: some });
    await dataSource.initialize();
    await work(dataSource).finally(() => dataSource.destroy());
  }

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
