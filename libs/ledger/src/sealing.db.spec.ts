import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { sealerSettings } from './canonical-entry';
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

describe('a process of the version before, which knows one form of entries', () => {
  it.each([
    ['may not seal an entry that names a version', 'record_version', '7', '', true],
    ['may not seal an entry that names those of a list', 'record_versions', "'{}'", '', true],
    ['may seal an entry that names none', 'record_id', '7', '', false],
    ['is not a newer one', 'record_version', '7', `BEGIN; ${sealerSettings}; `, false],
  ])('%s', async (_, column, value, settings, isRefused) => {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO audit_logs (action, source, ${column}) VALUES ('READ', 'api', ${value}) RETURNING id`,
    );
    await client.query(settings || 'BEGIN');
    const sealed = client.query(
      `INSERT INTO audit_seals (seq, tree_size, entry_count, root, frontier, checkpoint, last_txid, last_id, horizon, entry_ids, leaf_hashes)
       VALUES (1, 1, 1, '', '', '', '1', 1, '1', ARRAY[$1::bigint], decode(repeat('00', 32), 'hex'))`,
      [rows[0]?.id],
    );
    const [{ status }] = await Promise.allSettled([sealed]);
    await client.query('ROLLBACK');
    expect(status).toBe(isRefused ? 'rejected' : 'fulfilled');
    if (isRefused) await expect(sealed).rejects.toThrow('a newer process seals entries that name versions of records');
  });
});

interface Node {
  'Actual Rows': number;
  Plans?: Node[];
}

/** The most rows that any part of a plan has handed on. */
function mostRows({ 'Actual Rows': own, Plans: parts = [] }: Node): number {
  return Math.max(own, ...parts.map(mostRows));
}
