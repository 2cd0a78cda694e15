// A process that writes entries in transactions, half of which it rolls back, for a test that may kill it at any moment.
import pg from 'pg';

const [url, transactions, entries, mark] = process.argv.slice(2);
const client = new pg.Client({ connectionString: url });
await client.connect();
for (let done = 0; done < Number(transactions); done += 1) {
  await client.query('BEGIN');
  for (let written = 0; written < Number(entries); written += 1) {
    const entry = { action: 'READ', tableName: 'members', recordId: written + 1, source: 'api', requestId: mark };
    await client.query('SELECT audit_append($1::json)', [JSON.stringify([entry])]);
  }
  await client.query(done % 2 === 0 ? 'COMMIT' : 'ROLLBACK');
}
await client.end();
