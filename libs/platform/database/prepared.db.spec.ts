import { Client, Pool, type PoolClient } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { noPgBouncer, startPgBouncer } from '../../../test/support/pgbouncer';
import { PreparedStatements, preparingOf } from './prepared';

const text = 'SELECT $1::integer + 1 AS sum, pg_backend_pid() AS pid';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Names that the server of this connection knows, of our statements. */
async function namesOn(client: PoolClient): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM pg_prepared_statements WHERE name LIKE 'ip2a_%'`,
  );
  return rows.map(({ name }) => name).filter((name) => name !== 'ip2a_probe');
}

it('are prepared once for a connection to the server itself', async () => {
  const pool = new Pool({ connectionString: database.applicationUrl, max: 1 });
  const client = await pool.connect();
  try {
    const prepared = new PreparedStatements();
    prepared.preparing = await preparingOf(client);
    expect(prepared.preparing).toBe('by connection');
    for (const value of [1, 2]) {
      expect((await prepared.run(client, { text, values: [value] })).rows).toMatchObject([{ sum: value + 1 }]);
    }
    expect(await namesOn(client)).toHaveLength(1);
  } finally {
    client.release();
    await pool.end();
  }
});

(noPgBouncer ? describe.skip : describe)(`behind a pooler${noPgBouncer ? ` (${noPgBouncer})` : ''}`, () => {
  let pooler: Awaited<ReturnType<typeof startPgBouncer>>;
  let pool: Pool;
  const prepared = new PreparedStatements();
  beforeAll(async () => {
    pooler = await startPgBouncer(database.applicationUrl);
    pool = new Pool({ connectionString: pooler.url, max: 4 });
    const client = await pool.connect();
    prepared.preparing = await preparingOf(client);
    client.release();
  });
  afterAll(async () => {
    await pool.end();
    await pooler.stop();
  });

  /** Holds so many servers of the pooler, each in a transaction. */
  async function holding(count: number): Promise<Client[]> {
    const clients = Array.from({ length: count }, () => new Client({ connectionString: pooler.url }));
    for (const client of clients) {
      await client.connect();
      await client.query('BEGIN; SELECT 1');
    }
    return clients;
  }

  it('are found to be the server’s, by whoever comes first and by those after', async () => {
    expect(prepared.preparing).toBe('by server');
    const client = await pool.connect();
    expect(await preparingOf(client)).toBe('by server');
    client.release();
  });

  it('are right on whichever server answers, and prepared there', async () => {
    const client = await pool.connect();
    const pids = new Set<number>();
    try {
      for (const held of [0, 1, 2, 1, 0, 2]) {
        const others = await holding(held);
        const { rows } = await prepared.run(client, { text, values: [41] });
        pids.add((rows[0] as { pid: number }).pid);
        expect(rows).toMatchObject([{ sum: 42 }]);
        for (const other of others) await other.end();
      }
      expect(pids.size).toBeGreaterThan(1);
      expect(await namesOn(client)).toHaveLength(1);
    } finally {
      client.release();
    }
  });

  it('do not end a transaction on a server that does not know them', async () => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const own = 'SELECT $1::integer * 2 AS product';
      for (const value of [3, 4]) {
        const { rows } = await prepared.run(client, { text: own, values: [value] }, true);
        expect(rows).toEqual([{ product: value * 2 }]);
      }
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  });

  it('fail for their own reasons as ever, and leave the connection sound', async () => {
    const client = await pool.connect();
    try {
      for (let time = 0; time < 2; time += 1) {
        const divided = prepared.run(client, { text: 'SELECT 1 / $1::integer AS part', values: [0] });
        await expect(divided).rejects.toMatchObject({ code: '22012' });
      }
      expect((await prepared.run(client, { text, values: [1] })).rows).toMatchObject([{ sum: 2 }]);
    } finally {
      client.release();
    }
  });
});
