import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { OwnServer } from '../../../test/promises/own-server';
import { ip2a } from './command';
import { startApi, type LocalApi } from './harness';
import { until } from './load';

/** A server of its own: what others have under way would hold the sealing up. */
let server: OwnServer;
let api: LocalApi;
let superuser: Client;
const asOf = '2026-09-01';

/** Entries of old months, as they were written then. */
async function write(day: string, count: number, recordId = 17): Promise<void> {
  const month = `${day.slice(0, 7)}-01`;
  await server.query(`SELECT audit_make_month($1::timestamp) WHERE to_regclass($2) IS NULL`, [
    month,
    `audit_logs_${day.slice(0, 7).replace('-', '_')}`,
  ]);
  await superuser.query(
    `INSERT INTO audit_logs (action, source, table_name, record_id, new_values, changed_at)
     SELECT 'UPDATE', 'api', 'members', CASE WHEN n = 1 THEN $3::bigint ELSE 1000 + n END, jsonb_build_object('phone', n), $1::timestamptz + n * interval '1 second'
     FROM generate_series(1, $2::integer) n`,
    [day, count, recordId],
  );
}

const months = async () =>
  (
    await superuser.query<{ name: string }>(
      `SELECT relid::regclass::text AS name FROM pg_partition_tree('audit_logs') WHERE isleaf ORDER BY 1`,
    )
  ).rows.map(({ name }) => name);

beforeAll(async () => {
  server = await OwnServer.start();
  superuser = new Client({ connectionString: server.superuserUrl });
  superuser.on('error', () => undefined);
  await superuser.connect();
  await write('2026-03-05', 300);
  await write('2026-04-05', 20);
  await write('2026-05-20', 5);
  await write('2026-08-05', 5);
  api = await startApi({ database: server });
});
afterAll(async () => {
  await superuser.end();
  await api.close();
  await server.drop();
});

it('says in a dry run what it would do, and does nothing', async () => {
  const admin = await api.as('admin');
  await until(async () => (await (await fetch(`${api.url}/health/ready`)).json()).status === 'ok');
  const before = await months();
  const reply = await admin.post('/archives/run', { dryRun: true, asOf });
  const { status, body } = { status: reply.status, body: reply.json<any>() };
  expect([status, body.dryRun]).toEqual([200, true]);
  expect(body.months.map((month: any) => [month.month, month.action, month.objects[0].entries])).toEqual([
    ['2026-03', 'archive', 300],
    ['2026-04', 'archive', 20],
    ['2026-05', 'archive', 5],
  ]);
  expect(await months()).toEqual(before);
  expect((await admin.get('/archives')).json<any>().items).toEqual([]);
});

it('moves whole months whose time has come', async () => {
  const admin = await api.as('admin');
  const reply = await admin.post('/archives/run', { asOf });
  const { status, body } = { status: reply.status, body: reply.json<any>() };
  expect([status, body.months.map((month: any) => [month.month, month.action, month.detail])]).toEqual([
    200,
    [
      ['2026-03', 'archive', undefined],
      ['2026-04', 'archive', undefined],
      ['2026-05', 'archive', undefined],
    ],
  ]);
  expect((await months()).filter((name) => name < 'audit_logs_2026_08')).toEqual([]);
  const { items } = (await admin.get('/archives')).json<any>();
});
