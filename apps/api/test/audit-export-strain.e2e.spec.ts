import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { spawnApi, type Client, type Program } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
import { tries } from '../../../test/support/soak';

/** Entries of the ledger: in a soak, above 100 MB in the larger forms. */
const entries = tries(25_000, 60_000);
/** Those of somebody else, by whose export the program first grows to its usual size. */
const warming = tries(5_000, 20_000);
/** What a program may grow by while it streams them; it holds a thousand at a time. */
const allowanceMiB = 180;

let database: TestDatabase;
let api: Program;
let admin: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await spawnApi(database);
  admin = await api.as('admin');
  await database.query(
    `INSERT INTO audit_logs (action, table_name, record_id, changed_by, actor_email, source, ip_address, request_id, new_values)
     SELECT 'UPDATE', 'members', n, CASE WHEN n <= ${entries} THEN 5 ELSE 6 END, 'clerk@local.example', 'api', '192.0.2.17', 'r' || n, jsonb_build_object('notes', repeat('x', 200))
     FROM generate_series(1, ${entries + warming}) n`,
  );
  // Sealing them takes memory of its own.
  await until(async () => {
    const [left] = await database.query('SELECT FROM audit_logs WHERE audit_leaf_index(txid, id) IS NULL LIMIT 1');
    return left === undefined;
  }, 120_000);
  await exported('fhir', 6);
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

async function exported(format: string, userId: number): Promise<{ lines: number; most: number }> {
  let most = 0;
  let lines = 0;
  const message = await admin.open('GET', `/audit/export?format=${format}&changedBy=${userId}`);
  for await (const chunk of message) {
    most = Math.max(most, api.residentMiB);
    lines += (chunk as Buffer).toString('latin1').split('\n').length - 1;
  }
  return { lines, most };
}

it.each(['jsonl', 'csv', 'ocsf', 'fhir'])(
  'streams an export as %s in memory that does not grow with it',
  async (format) => {
    const before = api.residentMiB;
    const { lines, most } = await exported(format, 5);
    expect(lines).toBe(format === 'csv' ? entries + 1 : entries);
    expect(most - before < allowanceMiB ? 'little' : most - before).toBe('little');
  },
);
