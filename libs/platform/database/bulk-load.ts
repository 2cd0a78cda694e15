import { once } from 'node:events';
import { escapeIdentifier } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { RequestContext } from '#platform/context';
import { Client } from '#platform/sessions';

/** One row of COPY's text: a value for each column, null for none. */
type BulkRow = readonly (string | number | boolean | null)[];

/** Rows of one table, all of which are stored, each with its entry, or none. */
export interface BulkLoad {
  table: string;
  columns: readonly string[];
  rows: Iterable<BulkRow>;
  /** Told how many rows were sent so far. */
  onProgress?: (rows: number) => void;
}

/** Rows between two looks at progress, and bytes that are sent at once. */
const progressRows = 5_000;
const chunkBytes = 256 * 1024;

/**
 * Stores rows as the schema's owner by COPY, those of all tables in one transaction. The capture triggers write one entry per row, in the
 * same transaction, under the context's attribution. Identity columns go on after the largest id. Of an empty table, foreign keys and
 * indexes are checked and built once at the end, still in the transaction, which takes a fraction of doing so for each row; then they are analyzed. Returns
 * how many rows of each table there were.
 */
export async function bulkLoad(
  ownerUrl: string,
  context: RequestContext,
  loads: readonly BulkLoad[],
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  await asOwner(ownerUrl, context, async (client) => {
    // For the indexes that are built at the end.
    await client.query(`SET LOCAL maintenance_work_mem = '256MB'`);
    for (const load of loads) counts[load.table] = await loadTable(client, load);
    // Whoever reads next would otherwise get plans for empty tables, until PostgreSQL looks by itself a minute later.
    for (const { table } of loads) await client.query(`ANALYZE ${escapeIdentifier(table)}`);
    if (loads.length > 0) await client.query('ANALYZE audit_logs');
  });
  return counts;
}

async function loadTable(client: Client, load: BulkLoad): Promise<number> {
  const { table, columns } = load;
  const rebuild = await setAside(client, table);
  const names = columns.map(escapeIdentifier).join(', ');
  const count = await send(client.query(copyFrom(`COPY ${escapeIdentifier(table)} (${names}) FROM STDIN`)), load);
  if (columns.includes('id')) {
    await client.query(
      `SELECT setval(pg_get_serial_sequence($1, 'id'), (SELECT max(id) FROM ${escapeIdentifier(table)}))`,
      [table],
    );
  }
  for (const statement of rebuild) await client.query(statement);
  return count;
}

/** Drops the foreign keys and indexes of a table that is empty; returns what makes them again. */
async function setAside(client: Client, table: string): Promise<string[]> {
  await client.query(`LOCK TABLE ${escapeIdentifier(table)} IN ACCESS EXCLUSIVE MODE`);
  const { rowCount } = await client.query(`SELECT FROM ${escapeIdentifier(table)} LIMIT 1`);
  if (rowCount !== 0) return [];
  const { rows } = await client.query<{ drop: string; make: string }>(
    `SELECT format('DROP INDEX %s', i.indexrelid::regclass) AS drop, pg_get_indexdef(i.indexrelid) AS make
     FROM pg_index i WHERE i.indrelid = $1::regclass AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)
     UNION ALL
     SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname),
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
     FROM pg_constraint c WHERE c.conrelid = $1::regclass AND c.contype = 'f'`,
    [table],
  );
  for (const { drop } of rows) await client.query(drop);
  return rows.map(({ make }) => make);
}

async function send(
  stream: NodeJS.WritableStream,
  { rows, onProgress }: Pick<BulkLoad, 'rows' | 'onProgress'>,
): Promise<number> {
  const failed = once(stream, 'error').then(([error]) => Promise.reject(error as Error));
  failed.catch(() => undefined);
  let count = 0;
  let text = '';
  for (const row of rows) {
    text += `${row.map(copyText).join('\t')}\n`;
    count += 1;
    if (text.length >= chunkBytes) {
      if (!stream.write(text)) await Promise.race([once(stream, 'drain'), failed]);
      text = '';
    }
    if (count % progressRows === 0) onProgress?.(count);
  }
  stream.end(text);
  await Promise.race([once(stream, 'finish'), failed]);
  onProgress?.(count);
  return count;
}

/** A value as COPY's text format has it. */
function copyText(value: string | number | boolean | null): string {
  if (value === null) return '\\N';
  if (typeof value !== 'string') return String(value);
  return value.replace(
    /[\\\t\n\r]/g,
    (special) => ({ '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' })[special] ?? '',
  );
}

/** Runs statements as the schema's owner in one transaction, under the context's attribution. */
export async function asOwner(
  ownerUrl: string,
  context: RequestContext,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const client = new Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    await client.query(`SELECT set_config('ip2a.context', $1, true)`, [context.attribution()]);
    await work(client);
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}
