import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { inIndexOrder, maxSealEntries, unsealed } from './sealing';

const entries = 20 * maxSealEntries;

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  client = new Client({ connectionString: database.ownerUrl });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

it('reads no more of a large transaction than it seals', async () => {
  const { rows } = await client.query<{ txid: string; id: string }>(
    `INSERT INTO audit_logs (action, source) SELECT 'READ', 'api' FROM generate_series(1, ${entries})
     RETURNING txid::text AS txid, id::text AS id`,
  );
  await client.query('ANALYZE audit_logs');
  const [first] = rows;
  const condition = unsealed({ lastTxid: first?.txid ?? '', lastId: first?.id ?? '' }, '9223372036854775807');
  await client.query(`BEGIN; ${inIndexOrder}`);
  const { rows: plans } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) SELECT id FROM audit_logs WHERE ${condition} ORDER BY txid, id LIMIT ${maxSealEntries}`,
  );
  await client.query('ROLLBACK');
  const [plan] = plans[0]?.['QUERY PLAN'] ?? [];
  expect(plan?.Plan['Actual Rows']).toBe(maxSealEntries);
  expect(mostRows(plan?.Plan as Node)).toBe(maxSealEntries);
});

interface Node {
  'Actual Rows': number;
  Plans?: Node[];
}

/** The most rows that any part of a plan has handed on. */
function mostRows({ 'Actual Rows': own, Plans: parts = [] }: Node): number {
  return Math.max(own, ...parts.map(mostRows));
}
