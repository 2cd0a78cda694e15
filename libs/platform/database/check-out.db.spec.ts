import { Client, Pool, type QueryConfig } from 'pg';
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

describe('who waits while the pool opens another connection', () => {
  let delayMs = 0;
  /** A server that is slow to answer who connects. */
  class SlowClient extends Client {
    constructor(...args: ConstructorParameters<typeof Client>) {
      super(...args);
      const connect = this.connect.bind(this) as (callback: () => void) => void;
      const late = (callback: () => void) => setTimeout(() => connect(callback), delayMs);
      Object.assign(this, { connect: late });
      // It may connect after its pool has ended, and then lose its database.
      this.on('error', () => undefined);
    }
  }
  let slow: Pool;
  beforeEach(() => {
    delayMs = 0;
    slow = new Pool({
      connectionString: database.applicationUrl,
      max: 3,
      connectionTimeoutMillis: 400,
      Client: SlowClient,
    });
    slow.on('error', () => undefined);
  });
  afterEach(() => void slow.end());

  it('gets the first that somebody gives back', async () => {
    const first = await checkOut(slow);
    delayMs = 2_000;
    const waiting = checkOut(slow);
    checkIn(first);
    const second = await waiting;
    expect(second).toBe(first);
    checkIn(second);
    expect(await checkOut(slow).then((client) => (checkIn(client), client))).toBe(first);
  });

  it('gets them in turn, each one once', async () => {
    const first = await checkOut(slow);
    delayMs = 2_000;
    const order: number[] = [];
    const waiting = [1, 2, 3, 4].map(async (number) => {
      const client = await checkOut(slow);
      order.push(number);
      await client.query('SELECT 1');
      checkIn(client);
    });
    checkIn(first);
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('gets none that broke', async () => {
    const first = await checkOut(slow);
    delayMs = 2_000;
    const waiting = checkOut(slow);
    first.emit('error', new Error('lost'));
    checkIn(first);
    const second = await waiting;
    expect(second).not.toBe(first);
    checkIn(second);
  });
});
