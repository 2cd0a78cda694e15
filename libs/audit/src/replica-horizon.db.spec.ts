import { Client } from 'pg';
import { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { OutdatedError } from '#kernel';
import type { Config } from '#platform/config';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { AuditWriter } from './audit-writer';

let database: TestDatabase;
let connected: Database;
let writer: AuditWriter;

beforeAll(async () => {
  database = await createTestDatabase();
  const config = { databaseUrl: database.applicationUrl, DATABASE_POOL_SIZE: 2 } as Config;
  connected = await Database.connect(config, []);
  writer = new AuditWriter(connected, config);
  open = new Client({ connectionString: database.applicationUrl });
  await open.connect();
  await open.query('BEGIN');
  await open.query('SELECT pg_current_xact_id()');
});
afterAll(async () => {
  await open.end();
  await writer.onApplicationShutdown();
  await connected.onApplicationShutdown();
  await database.drop();
});

/** Open all the time, as other databases of the server may have one. It keeps the horizon before every change. */
let open: Client;
/** Another asker in every test, since the changes of the one before still count as not visible. */
let asker = 0;
beforeEach(() => (asker += 1));

const shown = { action: 'EXPORT' as const, tableName: 'members', recordIds: [1], recordVersions: ['1'] };

/** A request that has read from a replica with every transaction that is visible now. */
async function exporting(): Promise<RequestContext> {
  const [now] = await database.query<{ horizon: string; timeline: number }>(
    `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
       ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer AS timeline`,
  );
  const actor = { userId: asker, email: 'clerk@example.org', roles: ['staff'] };
  const context = new RequestContext({ source: 'api', requestId: 'export', route: 'members:export' });
  Object.assign(context, { actor, replica: { ...now, isConfirmed: false, wasLate: () => {} } });
  return context;
}

function changesSomething(): Promise<unknown> {
  return database.query(
    `INSERT INTO audit_logs (action, table_name, record_id, changed_by, source)
    VALUES ('UPDATE', 'members', 1, $1, 'api')`,
    [asker],
  );
}

it('refuses an entry while the replica lacks a change of the asker', async () => {
  const context = await exporting();
  await changesSomething();
  await expect(writer.record(context, shown)).rejects.toThrow(OutdatedError);
});

it('tells whether nothing but the replica was late', async () => {
  const context = await exporting();
  await changesSomething();
  await expect(writer.record(context, shown)).rejects.toMatchObject({ isReplicaLate: true });
  context.account = { id: 2_000_000_000, version: '1', isConfirmed: false };
  await expect(writer.record(context, shown)).rejects.toMatchObject({ isReplicaLate: false });
});

it('records nothing of a reply of which one record was out of date', async () => {
  const context = await exporting();
  const current = { action: 'READ' as const, tableName: 'organizations', recordId: 1, recordVersion: '1' };
  const changed = { ...current, tableName: 'members', changedAtUs: '1' };
  await expect(writer.record(context, current, changed)).rejects.toMatchObject({ isReplicaLate: false });
  await writer.record(context, current);
  expect(await database.query('SELECT table_name FROM audit_logs WHERE changed_by = $1', [asker])).toEqual([
    { table_name: 'organizations' },
  ]);
});

it('compares what was read on a replica once', async () => {
  const context = await exporting();
  await writer.record(context, shown);
  await changesSomething();
  await writer.record(context, shown);
  const entries = await database.query(`SELECT FROM audit_logs WHERE action = 'EXPORT' AND changed_by = $1`, [asker]);
  expect(entries).toHaveLength(2);
});

it('refuses a later entry when the next read on the replica lacks a change of the asker', async () => {
  const context = await exporting();
  await writer.record(context, shown);
  const { replica } = await exporting();
  await changesSomething();
  context.replica = replica;
  await expect(writer.record(context, shown)).rejects.toThrow(OutdatedError);
});
