import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';

let database: TestDatabase;
let superuser: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  superuser = new Client({ connectionString: database.superuserUrl });
  await superuser.connect();
});
afterAll(async () => {
  await superuser.end();
  await database.drop();
});

describe('a condition on a replica', () => {
  const asker = 77_001;
  const other = 77_002;
  const timelineSql = `('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer`;
  /** An entry that somebody left so many seconds ago, in the transaction that is open. */
  const left = (by: number | null, action: string, secondsAgo: number) =>
    superuser.query(
      `INSERT INTO audit_logs (action, source, changed_by, changed_at)
       VALUES ($1, 'api', $2, clock_timestamp() - $3 * interval '1 second')`,
      [action, by, secondsAgo],
    );
  const now = async () => {
    const { rows } = await superuser.query<{ txid: string; timeline: number }>(
      `SELECT pg_current_xact_id()::text AS txid, ${timelineSql} AS timeline`,
    );
    return rows[0]!;
  };

  it.each([
    ['holds where nobody has changed anything', [], 0, 0, null],
    ['does not hold before the own change', [[asker, 'UPDATE', 0]], 0, 0, [-1]],
    ['holds after the own change', [[asker, 'UPDATE', 0]], 1, 0, null],
    ['does not hold before the own creation', [[asker, 'CREATE', 0]], 0, 0, [-1]],
    ['does not hold before the own removal', [[asker, 'DELETE', 0]], 0, 0, [-1]],
    ['does not hold before the own restore', [[asker, 'RESTORE', 0]], 0, 0, [-1]],
    ['holds before the own reading', [[asker, 'READ', 0]], 0, 0, null],
    ['holds before the change of somebody else', [[other, 'UPDATE', 0]], 0, 0, null],
    ['holds before a change by psql', [[null, 'UPDATE', 0]], 0, 0, null],
    ['holds nine seconds before a change of somebody else', [[other, 'UPDATE', 9]], 0, 0, null],
    ['does not hold eleven seconds before a change of somebody else', [[other, 'UPDATE', 11]], 0, 0, [-1]],
    ['does not hold eleven seconds before anything', [[null, 'READ', 11]], 0, 0, [-1]],
    ['holds after a change of eleven seconds ago', [[other, 'UPDATE', 11]], 1, 0, null],
    ['does not hold on another timeline', [], 1, 1, [-1]],
    ['does not hold on an earlier timeline', [], 1, -1, [-1]],
  ] as [string, [number | null, string, number][], number, number, number[] | null][])(
    '%s',
    async (_, entries, beyond, timelines, outdated) => {
      await superuser.query('BEGIN');
      try {
        for (const [by, action, secondsAgo] of entries) await left(by, action, secondsAgo);
        const { txid, timeline } = await now();
        const condition = {
          userId: asker,
          horizon: String(BigInt(txid) + BigInt(beyond)),
          timeline: timeline + timelines,
        };
        const { rows } = await superuser.query<{ outdated: number[] | null }>(
          'SELECT audit_append($1::json) AS outdated',
          [JSON.stringify([{ action: 'READ', source: 'api', ...condition }])],
        );
        expect(rows[0]?.outdated).toEqual(outdated);
      } finally {
        await superuser.query('ROLLBACK');
      }
    },
  );
});
