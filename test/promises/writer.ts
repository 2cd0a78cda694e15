import { spawn, type ChildProcess } from 'node:child_process';
import { Client } from 'pg';

/** Writes entries, `entries` in each of so many transactions. Every other transaction is rolled back. */
async function write(client: Client, transactions: number, entries: number, requestId: string): Promise<void> {
  for (let done = 0; done < transactions; done += 1) {
    await client.query('BEGIN');
    for (let written = 0; written < entries; written += 1) {
      const entry = { action: 'READ', tableName: 'members', recordId: written + 1, source: 'api', requestId };
      await client.query('SELECT audit_append($1::json)', [JSON.stringify([entry])]);
    }
    await client.query(done % 2 === 0 ? 'COMMIT' : 'ROLLBACK');
  }
}

/** Writes entries over a connection of its own. */
export async function writeEntries(
  url: string,
  transactions: number,
  entries: number,
  requestId: string,
): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await write(client, transactions, entries, requestId).finally(() => client.end());
}

/** The same as a program, in plain JavaScript, so that it needs nothing but the driver. */
const script = `
  const { Client } = require('pg');
  const [url, transactions, entries, requestId] = process.argv.slice(1);
  const client = new Client({ connectionString: url });
  const write = ${write.toString()};
  client.connect()
    .then(() => write(client, Number(transactions), Number(entries), requestId))
    .then(() => client.end())
    .catch(() => process.exit(1));
`;

/** Writes entries in a process of its own, which a test may kill. */
export function startWriter(url: string, transactions: number, entries: number, requestId: string): ChildProcess {
  const args = ['-e', script, url, String(transactions), String(entries), requestId];
  return spawn(process.execPath, args, { stdio: 'ignore' });
}
