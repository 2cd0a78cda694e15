import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { until } from '../../../test/support/load';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { expectLedgerToTellTheRows } from '../../../test/promises/replay';
import { run, start } from '../../../test/support/cli';

const tables = [
  ...['members', 'organizations', 'organization_contacts'],
  ...['member_employments', 'students', 'file_attachments'],
];
const databases: TestDatabase[] = [];
let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ip2a-kill-'))));
afterAll(async () => {
  for (const database of databases) await database.drop();
  rmSync(folder, { recursive: true });
});

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  databases.push(database);
  return database;
}

const seed = (database: TestDatabase, ...options: string[]) =>
  run(database, ['stress', 'seed', '--scale', '0.01', ...options], { folder });

/** Every row of every table that is seeded, save the number of its entry, which depends on what came before. */
async function digest(database: TestDatabase): Promise<string> {
  const hash = createHash('sha256');
  for (const table of tables) {
    const rows = await database.query<{ row: string }>(
      `SELECT (to_jsonb(t) - 'audit_ref')::text AS row FROM ${table} t ORDER BY id`,
    );
    for (const { row } of rows) hash.update(row);
  }
  return hash.digest('hex');
}

async function count(database: TestDatabase, what: string): Promise<number> {
  const [row] = await database.query<{ count: number }>(`SELECT count(*)::integer AS count FROM ${what}`);
  return row?.count ?? 0;
}

/** Ends what the killed command had begun; the server would notice by itself, but not at once. */
async function undone(database: TestDatabase): Promise<void> {
  const superuser = new Client({ connectionString: database.superuserUrl });
  await superuser.connect();
  const others = `pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;
  await superuser.query(`SELECT pg_terminate_backend(pid) FROM ${others}`);
  await until(async () => (await superuser.query(`SELECT FROM ${others}`)).rowCount === 0);
  await superuser.end();
}

describe('ip2a stress seed', () => {
  it('stores the same rows for the same seed, byte for byte, and others for another', async () => {
    const [one, same, other] = [await emptyDatabase(), await emptyDatabase(), await emptyDatabase()];
    expect((await seed(one)).status).toBe(0);
    expect((await seed(same, '--seed', '42')).status).toBe(0);
    expect((await seed(other, '--seed', '43')).status).toBe(0);
    expect(await digest(same)).toBe(await digest(one));
    expect(await digest(other)).not.toBe(await digest(one));
  });

  it('leaves nothing behind when it is killed in the middle, and succeeds when it is sent again', async () => {
    const database = await emptyDatabase();
    const before = await count(database, 'audit_logs');
    const killed = start(database, ['stress', 'seed', '--scale', '0.07'], { folder });
    await killed.shows(/member_employments: /);
    killed.child.kill('SIGKILL');
    expect([await killed.gone(), killed.child.signalCode]).toEqual([null, 'SIGKILL']);
    await undone(database);
    for (const table of tables) expect([table, await count(database, table)]).toEqual([table, 0]);
    expect(await count(database, 'audit_logs')).toBe(before);

    expect((await seed(database)).status).toBe(0);
    await expectLedgerToTellTheRows(database);
  });
});

it('loses and repeats no repair when ip2a integrity repair is killed in the middle', async () => {
  const database = await emptyDatabase();
  expect((await seed(database, '--scale', '0.07', '--defects')).status).toBe(0);
  const defects = await count(
    database,
    `(SELECT organization_id FROM organization_contacts WHERE is_primary AND deleted_at IS NULL GROUP BY 1 HAVING count(*) > 1) o`,
  );
  const killed = start(database, ['integrity', 'repair'], { folder });
  await killed.shows(/repaired warning contacts\.several-primary/);
  killed.child.kill('SIGKILL');
  expect([await killed.gone(), killed.child.signalCode]).toEqual([null, 'SIGKILL']);
  await undone(database);

  const repairs = `audit_logs WHERE route = 'integrity:repair' AND action <> 'BULK_READ'`;
  const first = await database.query<{ id: string }>(`SELECT id FROM ${repairs} ORDER BY id`);
  const demoted = `${repairs} AND table_name = 'organization_contacts' AND action = 'UPDATE'`;
  const demotedFirst = await count(database, demoted);
  expect(demotedFirst).toBeGreaterThanOrEqual((killed.stdout.match(/^repaired .*several-primary/gm) ?? []).length);
  expect(demotedFirst).toBeLessThan(defects);

  const second = await run(database, ['integrity', 'repair', '--json'], { folder });
  const report = JSON.parse(second.stdout) as { kinds: { automatic: boolean; left: number }[] };
  expect(report.kinds.filter(({ automatic, left }) => automatic && left > 0)).toEqual([]);
  expect(await count(database, demoted)).toBe(defects);
  const twice = await database.query(
    `SELECT table_name, record_id, action FROM ${repairs} GROUP BY 1, 2, 3, changed_fields HAVING count(*) > 1`,
  );
  expect(twice).toEqual([]);
  expect((await database.query(`SELECT id FROM ${repairs} ORDER BY id LIMIT $1`, [first.length])).length).toBe(
    first.length,
  );
});
