import { spawn, type ChildProcess } from 'node:child_process';

/** What the process does; plain JavaScript, so that it needs nothing but the driver. Every other transaction is rolled back. */
const script = `
  const { Client } = require('pg');
  const [url, transactions, entries, requestId] = process.argv.slice(1);
  const run = async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    for (let done = 0; done < Number(transactions); done += 1) {
      await client.query('BEGIN');
      for (let written = 0; written < Number(entries); written += 1) {
        const entry = { action: 'READ', tableName: 'members', recordId: written + 1, source: 'api', requestId };
        await client.query('SELECT audit_append($1::json)', [JSON.stringify([entry])]);
      }
      await client.query(done % 2 === 0 ? 'COMMIT' : 'ROLLBACK');
    }
    await client.end();
  };
  run().catch(() => process.exit(1));
`;

/** A process of its own that writes entries, `entries` in each of so many transactions, the half of which it rolls back. */
export function startWriter(url: string, transactions: number, entries: number, requestId: string): ChildProcess {
  const args = ['-e', script, url, String(transactions), String(entries), requestId];
  return spawn(process.execPath, args, { stdio: 'ignore' });
}
