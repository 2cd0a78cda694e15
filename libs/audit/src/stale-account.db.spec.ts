import { Client, type QueryResultRow } from 'pg';
import { accountVersionOf, createSignedIn } from '../../../test/support/accounts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { seedMembers } from '../../../test/support/seed';

let database: TestDatabase;
/** As the application, which may not do more. */
let application: Client;
let members: number[];

beforeAll(async () => {
  database = await createTestDatabase();
  members = await seedMembers(database, 20);
  application = new Client({ connectionString: database.applicationUrl });
  await application.connect();
});
afterAll(async () => {
  await application.end();
  await database.drop();
});

async function one<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row> {
  const [row] = await database.query<Row>(sql, values);
  if (!row) throw new Error(`No row: ${sql}`);
  return row;
}

const newAccount = () => createSignedIn(database);
const versionOf = (accountId: number) => accountVersionOf(database, accountId);

describe('a change by an account that is not what it was', () => {
  const insert = `INSERT INTO members (member_number, first_name, last_name, classification)
    SELECT 'STALE' || n, 'Rosa', 'Delgado', 'foreman' FROM generate_series(1, 3) AS n`;
  const attribution = `set_config('ip2a.context', $1, true)`;
  const ways: [what: string, run: (said: string, id: number) => Promise<unknown>][] = [
    [
      'in one statement',
      (said, id) =>
        application.query(`UPDATE members SET phone = 'stale' WHERE id = $2 RETURNING ${attribution}`, [said, id]),
    ],
    [
      'as a removal',
      (said, id) =>
        application.query(`UPDATE members SET deleted_at = now() WHERE id = $2 RETURNING ${attribution}`, [said, id]),
    ],
    [
      'in a transaction',
      async (said, id) => {
        await application.query('BEGIN');
        try {
          await application.query(`SELECT ${attribution}`, [said]);
          await application.query(`UPDATE members SET phone = 'stale' WHERE id = $1`, [id]);
          await application.query('COMMIT');
        } catch (error) {
          await application.query('ROLLBACK');
          throw error;
        }
      },
    ],
    ['of many at once', (said) => application.query(`${insert} RETURNING ${attribution}`, [said])],
  ];
  const saying = (accountId: number, accountVersion: string, accountEndsAt?: number) =>
    JSON.stringify({ source: 'api', userId: accountId, accountId, accountVersion, accountEndsAt });
  const stateOf = async (id: number) => ({
    row: await one('SELECT to_jsonb(m) AS row FROM members m WHERE id = $1', [id]),
    members: await one('SELECT count(*) FROM members'),
    entries: await one('SELECT count(*) FROM audit_logs'),
  });

  it.each(ways)('is refused %s, and changes nothing', async (_, run) => {
    const accountId = await newAccount();
    const recordId = members.pop()!;
    const version = await versionOf(accountId);
    await database.query('DELETE FROM user_roles WHERE user_id = $1', [accountId]);
    const before = await stateOf(recordId);
    await expect(run(saying(accountId, version), recordId)).rejects.toMatchObject({ code: 'IP2A1' });
    const ended = saying(accountId, await versionOf(accountId), Date.now() / 1000 - 1);
    await expect(run(ended, recordId)).rejects.toMatchObject({ code: 'IP2A1' });
    await expect(run(JSON.stringify({ accountId }), recordId)).rejects.toMatchObject({ code: 'IP2A1' });
    expect(await stateOf(recordId)).toEqual(before);
  });

  it.each(ways)('is made %s by one that is', async (_, run) => {
    const accountId = await newAccount();
    const recordId = members.pop()!;
    const before = await one<{ count: string }>('SELECT count(*) FROM audit_logs WHERE changed_by = $1', [accountId]);
    await run(saying(accountId, await versionOf(accountId), Date.now() / 1000 + 60), recordId);
    const after = await one<{ count: string }>('SELECT count(*) FROM audit_logs WHERE changed_by = $1', [accountId]);
    expect(Number(after.count)).toBeGreaterThan(Number(before.count));
    await database.query(`DELETE FROM members WHERE member_number LIKE 'STALE%'`);
  });

  it('is refused where its rights were changed after its transaction had begun', async () => {
    const accountId = await newAccount();
    const recordId = members.pop()!;
    const said = saying(accountId, await versionOf(accountId));
    const before = await stateOf(recordId);
    await application.query('BEGIN');
    try {
      await application.query(`SELECT ${attribution}`, [said]);
      await application.query('SELECT FROM members WHERE id = $1 FOR UPDATE', [recordId]);
      await database.query(`UPDATE users SET locked_until = '9999-12-31' WHERE id = $1`, [accountId]);
      const change = application.query(`UPDATE members SET phone = 'stale' WHERE id = $1`, [recordId]);
      await expect(change).rejects.toMatchObject({ code: 'IP2A1' });
    } finally {
      await application.query('ROLLBACK');
    }
    expect((await stateOf(recordId)).row).toEqual(before.row);
  });
});
