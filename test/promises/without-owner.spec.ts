import { Client } from 'pg';
import { makePartitions, migrate } from '#platform/database';
import { run } from '../support/cli';
import { OwnServer } from '../support/own-server';
import { spawnApi } from '../support/program';

/** A program that serves with the application's and the archiver's passwords, and was never given the owner's. */
let server: OwnServer;
let archiverUrl: string;
let settings: NodeJS.ProcessEnv;

beforeAll(async () => {
  server = await OwnServer.start();
  await asSuperuser(`CREATE ROLE archiver LOGIN PASSWORD 'archiver'`);
  archiverUrl = Object.assign(new URL(server.ownerUrl), { username: 'archiver', password: 'archiver' }).href;
  await migrate({ ownerUrl: server.ownerUrl, applicationUrl: server.applicationUrl, archiverUrl });
  settings = { DATABASE_OWNER_URL: '', DATABASE_ARCHIVER_URL: archiverUrl };
});
afterAll(() => server.drop());

async function asSuperuser(sql: string): Promise<void> {
  const client = new Client({ connectionString: server.superuserUrl });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

const months = async () =>
  (
    await server.query<{ name: string }>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'audit_logs'::regclass ORDER BY 1`,
    )
  ).map(({ name }) => name);

it('serves, and knows of no weakness', async () => {
  const api = await spawnApi(server, settings);
  const ready = await fetch(`${api.url}/health/ready`);
  expect(ready.status).toBe(200);
  expect(api.output.filter((line) => line.startsWith('Warning'))).toEqual([]);
  await api.close();
});

it('takes months out of the ledger, twice', async () => {
  for (const asOf of ['2098-01-01', '2098-01-02']) {
    const ended = await run(server, ['archive', 'run', '--as-of', asOf], { env: settings });
    expect(ended).toMatchObject({ status: 0 });
  }
  const [stored] = await server.query(
    `SELECT count(*) > 0 AS some, bool_and(dropped_at IS NOT NULL) AS gone FROM archives`,
  );
  expect(stored).toEqual({ some: true, gone: true });
});

it('makes the coming months as the archiver, of which there are never many', async () => {
  const before = await months();
  await asSuperuser(`DROP TABLE ${before.at(-1)}`);
  await makePartitions(archiverUrl);
  expect(await months()).toEqual(before);
  const archiver = new Client({ connectionString: archiverUrl });
  await archiver.connect();
  await archiver.query('SELECT audit_make_partitions(100000)').finally(() => archiver.end());
  expect(await months()).toHaveLength(1 + 24);
});

it('warns where nobody may make the coming months', async () => {
  const api = await spawnApi(server, { DATABASE_OWNER_URL: '' });
  expect(api.output.filter((line) => line.startsWith('Warning'))).toEqual([
    expect.stringContaining('set DATABASE_ARCHIVER_URL'),
  ]);
  await api.close();
});

it('does not start on a schema that lacks a migration, and says what to do', async () => {
  const [last] = await server.query<{ name: string }>(
    'DELETE FROM migrations WHERE id = (SELECT max(id) FROM migrations) RETURNING *',
  );
  await expect(spawnApi(server, settings)).rejects.toThrow(
    `ended with 78:\nDATABASE_OWNER_URL: is not set, and the database lacks ${last?.name}: run "ip2a migrate" first`,
  );
  expect(
    await run(server, ['migrate'], { env: { JWT_PRIVATE_KEY_FILE: '', LEDGER_PRIVATE_KEY_FILE: '' } }),
  ).toMatchObject({
    status: 0,
    stdout: expect.stringContaining(`migrated ${last?.name}`),
  });
});

it('may not migrate', async () => {
  expect(await run(server, ['migrate'], { env: settings })).toEqual({
    status: 2,
    stdout: '',
    stderr: 'ip2a_app does not own the schema: set DATABASE_OWNER_URL.\n',
  });
});
