import { Client } from 'pg';
import { entities } from '#app';
import { Database } from '#platform/database';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { rowEvidence } from './row-evidence';

/** Somebody changes rows as the owner, so that no entry tells it, and puts everything back in its place. */
let database: TestDatabase;
let connected: Database;
let owner: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  connected = await Database.connect({ databaseUrl: database.ownerUrl, DATABASE_POOL_SIZE: 3 }, entities);
  owner = new Client({ connectionString: database.superuserUrl });
  await owner.connect();
});
afterAll(async () => {
  await owner.end();
  await connected.onApplicationShutdown();
  await database.drop();
});

/** Three members: one that was changed since, one that was removed and restored, one that is removed. */
beforeEach(async () => {
  await owner.query(`DELETE FROM members;
    INSERT INTO members (id, member_number, first_name, last_name, classification, phone, city)
      SELECT n, 'm' || n, 'Rosa', 'Delgado', 'foreman', '1', 'Springfield' FROM generate_series(1, 3) n;
    UPDATE members SET phone = '2' WHERE id = 1; UPDATE members SET phone = '3' WHERE id = 1;
    UPDATE members SET deleted_at = now() WHERE id > 1; UPDATE members SET deleted_at = NULL WHERE id = 2`);
});

async function unlike(of = 'members'): Promise<number[]> {
  const evidence = rowEvidence(connected.dataSource.entityMetadatas).find(({ table }) => table === of);
  const rows = await database.query<{ id: number }>(`SELECT id FROM (${evidence?.sql}) e ORDER BY id`);
  return rows.map(({ id }) => id);
}

const unseen = (sql: string) =>
  `ALTER TABLE members DISABLE TRIGGER USER; ${sql};
   ALTER TABLE members ENABLE ALWAYS TRIGGER zz_audit_touch, ENABLE ALWAYS TRIGGER audit_capture_insert,
     ENABLE ALWAYS TRIGGER audit_capture_update, ENABLE ALWAYS TRIGGER audit_capture_delete, ENABLE ALWAYS TRIGGER audit_refuse_truncate`;

it('accuses no row whose changes are on record, in whichever zone they were made', async () => {
  await owner.query(`SET timezone = 'Asia/Kathmandu'; UPDATE members SET deleted_at = '2026-03-01 10:00:00.123456+02' WHERE id = 2;
    RESET timezone`);
  expect(await unlike()).toEqual([]);
});

it.each([
  ['a column that the last entry does not name', unseen(`UPDATE members SET city = 'Shelbyville' WHERE id = 1`), [1]],
  ['a column that the last entry names', unseen(`UPDATE members SET phone = '9' WHERE id = 1`), [1]],
  ['a column back to what it was before', unseen(`UPDATE members SET phone = '2' WHERE id = 1`), [1]],
  ['a column to nothing', unseen(`UPDATE members SET city = NULL WHERE id = 2`), [2]],
  ['an instant', unseen(`UPDATE members SET created_at = created_at - interval '1 year' WHERE id = 2`), [2]],
  [
    'the time of a removal',
    unseen(`UPDATE members SET deleted_at = deleted_at + interval '1 microsecond' WHERE id = 3`),
    [3],
  ],
  ['a removal to none', unseen(`UPDATE members SET deleted_at = NULL WHERE id = 3`), [3]],
  [
    'a column by its type',
    `ALTER TABLE members ALTER COLUMN city TYPE varchar(100) USING CASE id WHEN 2 THEN 'Shelbyville' ELSE city END`,
    [2],
  ],
  [
    'a row by a trigger that restores audit_ref',
    `CREATE FUNCTION restore_ref() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.audit_ref := OLD.audit_ref; RETURN NEW; END';
     CREATE TRIGGER zzz_restore BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION restore_ref();
     UPDATE members SET city = 'Shelbyville' WHERE id = 1; DROP TRIGGER zzz_restore ON members; DROP FUNCTION restore_ref`,
    [1],
  ],
  [
    'the number of the entry',
    unseen(`UPDATE members SET audit_ref = (SELECT audit_ref FROM members WHERE id = 2) WHERE id = 1`),
    [1],
  ],
  [
    'a row that was added',
    unseen(`INSERT INTO members (id, member_number, first_name, last_name, classification, audit_ref)
      VALUES (9, 'm9', 'a', 'b', 'foreman', 9999999)`),
    [9],
  ],
] as const)('names the row where somebody changed %s', async (_, sql, expected) => {
  await owner.query(sql);
  expect(await unlike()).toEqual(expected);
});

describe('a secret, of which entries hold a digest', () => {
  const exchanged = `ALTER TABLE users DISABLE TRIGGER USER; UPDATE users SET password_hash = 'known' WHERE id = 2;
    ALTER TABLE users ENABLE TRIGGER USER`;
  beforeEach(async () => {
    await owner.query(`DELETE FROM users;
      INSERT INTO users (id, email, password_hash, first_name, last_name)
        SELECT n, n || '@local.example', 'first', 'Rosa', 'Delgado' FROM generate_series(1, 3) n;
      UPDATE users SET password_hash = 'second' WHERE id < 3`);
  });

  it('accuses no account whose entries tell of it', async () => {
    expect(await unlike('users')).toEqual([]);
  });

  it('names the account where somebody exchanged it', async () => {
    await owner.query(exchanged);
    expect(await unlike('users')).toEqual([2]);
  });

  it('is not compared where the entry is older than the digests', async () => {
    await owner.query(`ALTER TABLE audit_logs DISABLE TRIGGER USER;
      UPDATE audit_logs SET new_values = new_values || '{"password_hash": "[redacted]"}' WHERE table_name = 'users' AND new_values ? 'password_hash';
      ALTER TABLE audit_logs ENABLE TRIGGER USER; ${exchanged}`);
    expect(await unlike('users')).toEqual([]);
  });
});
