import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { run } from '../../../test/support/cli';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** One of each kind: it reads, it changes, it looks for faults, it takes long. */
const commands = [
  ['archive', 'list'],
  ['stress', 'seed'],
  ['integrity', 'check'],
  ['audit', 'verify'],
];

describe('on a database that lacks a migration', () => {
  const migrated = () => database.query('SELECT name FROM migrations ORDER BY id');

  it('commands say so, change nothing and end with 2; migrate brings it up to date', async () => {
    const before = await migrated();
    await database.query('DELETE FROM migrations WHERE id = (SELECT max(id) FROM migrations)');
    const behind = await migrated();
    const entries = await database.query('SELECT count(*) FROM audit_logs');
    for (const command of commands) {
      const { status, stdout, stderr } = await run(database, command);
      expect([command, status, stdout]).toEqual([command, 2, '']);
      expect(stderr).toMatch(/^The database is not up to date; it lacks \w+\. Run "ip2a migrate" first\.\n$/);
    }
    expect([await migrated(), await database.query('SELECT count(*) FROM audit_logs')]).toEqual([behind, entries]);
    expect((await run(database, ['migrate'])).status).toBe(0);
    expect(await migrated()).toEqual(before);
    expect((await run(database, ['archive', 'list'])).status).toBe(0);
  });
});

describe('without a database', () => {
  it.each([['archive list'], ['migrate'], ['database url']])('ip2a %s makes none', async (command) => {
    const folder = mkdtempSync(join(tmpdir(), 'ip2a-none-'));
    try {
      const DATA_DIR = join(folder, 'data');
      const env = { DATABASE_URL: '', DATABASE_OWNER_URL: '', DATA_DIR };
      const { status, stderr } = await run(database, command.split(' '), { folder, env });
      expect([status, existsSync(DATA_DIR)]).toEqual([78, false]);
      expect(stderr).toMatch(/^DATA_DIR: holds no database yet \(.*\): "npm start" makes one, or set DATABASE_URL\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('a table of somebody else in the schema stops nothing, and the application gets no right on it', async () => {
  const superuser = new Client({ connectionString: database.superuserUrl });
  await superuser.connect();
  await superuser.query('CREATE TABLE public.theirs (id integer GENERATED ALWAYS AS IDENTITY)');
  const rights = async () =>
    (
      await superuser.query<{ reads: boolean }>(
        `SELECT has_table_privilege('ip2a_app', 'public.theirs', 'SELECT') AS reads`,
      )
    ).rows;
  try {
    expect((await run(database, ['migrate'])).status).toBe(0);
    expect((await run(database, ['integrity', 'check'])).status).toBe(0);
    expect(await rights()).toEqual([{ reads: false }]);
  } finally {
    await superuser.query('DROP TABLE public.theirs');
    await superuser.end();
  }
});
