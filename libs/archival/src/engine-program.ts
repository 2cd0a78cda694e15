import { once } from 'node:events';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** What the process is told first: the folders that it may read and write, and its limits. */
export interface EngineSettings {
  folders: string[];
  memoryMb: number;
  threads: number;
}

/** One statement. `rows` answers what it selects; `lines` writes the one column of text it selects to standard output. */
export interface EngineJob {
  kind: 'rows' | 'lines';
  sql: string;
  values?: (string | number | null)[];
}

export type EngineReply = { rows: Record<string, unknown>[] } | { error: string };

/**
 * A process of its own that runs DuckDB: a file that makes it fail, or take more memory than there is, ends this process and
 * nothing else. It reaches the folders that it was told, no network and no extension, and can not be told otherwise later.
 */
async function main(): Promise<void> {
  const [first] = (await once(process, 'message')) as [EngineSettings];
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(first.threads),
    memory_limit: `${first.memoryMb}MB`,
  });
  const connection = await instance.connect();
  for (const setting of locks(first)) await connection.run(setting);
  process.on('message', (job: EngineJob) => void answer(connection, job));
  process.on('disconnect', () => process.exit());
  process.send?.({ rows: [] } satisfies EngineReply);
}

function locks({ folders }: EngineSettings): string[] {
  const [work = ''] = folders;
  const list = folders.map((folder) => `'${folder.replaceAll("'", "''")}/'`).join(', ');
  return [
    `SET TimeZone = 'UTC'`,
    `SET temp_directory = '${work.replaceAll("'", "''")}/spill'`,
    'SET preserve_insertion_order = false',
    'SET autoinstall_known_extensions = false',
    'SET autoload_known_extensions = false',
    `SET allowed_directories = [${list}]`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ];
}

async function answer(connection: DuckDBConnection, { kind, sql, values }: EngineJob): Promise<void> {
  let reply: EngineReply;
  try {
    if (kind === 'lines') await writeLines(connection, sql);
    const rows = kind === 'lines' ? [] : await readRows(connection, sql, values);
    reply = { rows };
  } catch (error) {
    reply = { error: (error as Error).message };
    await endIfBroken(connection);
  }
  if (kind === 'lines') await new Promise<void>((resolve) => process.stdout.end(resolve));
  process.send?.(reply);
}

/** After an error of the gravest kind DuckDB refuses everything else. */
async function endIfBroken(connection: DuckDBConnection): Promise<void> {
  try {
    await connection.run('SELECT 1');
  } catch (error) {
    process.stderr.write((error as Error).message);
    process.exit(1);
  }
}

async function readRows(
  connection: DuckDBConnection,
  sql: string,
  values: EngineJob['values'],
): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(sql, values);
  return reader.getRowObjectsJson();
}

async function writeLines(connection: DuckDBConnection, sql: string): Promise<void> {
  const result = await connection.stream(sql);
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const lines = chunk.getColumnValues(0) as string[];
    if (!process.stdout.write(`${lines.join('\n')}\n`)) await once(process.stdout, 'drain');
  }
}

void main();
