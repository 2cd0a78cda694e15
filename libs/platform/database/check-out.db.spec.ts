import { Pool, type QueryConfig } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { checkIn, checkOut } from './check-out';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new Pool({ connectionString: database.applicationUrl, max: 1 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

/** Runs a statement, which is given up after 100 ms, on the pool's one connection, and gives that back. Answers its server's process. */
async function giveUp(begin: string, text: string): Promise<number> {
  const client = await checkOut(pool);
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  await client.query(begin);
  const failure: unknown = await client.query({ text, query_timeout: 100 } as QueryConfig).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ message: 'Query read timeout' });
  checkIn(client, failure);
  return rows[0]?.pid ?? 0;
}

/** What the pool's connection is like, once it is free. */
async function next(): Promise<{ pid: number; inTransaction: boolean }> {
  const client = await checkOut(pool);
  try {
    const status = client.getTransactionStatus();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    return { pid: rows[0]?.pid ?? 0, inTransaction: status !== 'I' };
  } finally {
    checkIn(client);
  }
}

it('is used again once a late answer has come', async () => {
  const pid = await giveUp('SELECT 1', 'SELECT pg_sleep(0.5)');
  expect(await next()).toEqual({ pid, inTransaction: false });
});

it('is used again without the transaction that the late answer belonged to', async () => {
  const pid = await giveUp('BEGIN', 'SELECT pg_sleep(0.5)');
  expect(await next()).toEqual({ pid, inTransaction: false });
});

it('is closed where no answer comes', async () => {
  const pid = await giveUp('SELECT 1', 'SELECT pg_sleep(60)');
  const after = await next();
  expect(after.pid).not.toBe(pid);
  await database.query(`SELECT pg_terminate_backend($1)`, [pid]).catch(() => undefined);
});
