import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { EntryPlace } from '#audit';
import { entryLine, entrySettings, linesOf, SealedWalk, type Query, type SealedPart } from '#ledger';
import type { Month } from './calendar';
import { Engine } from './engine';
import {
  canonicalLines,
  columnSums,
  linesTable,
  objectsTable,
  tableCounts,
  writeObject,
  type ArchiveFormat,
} from './entry-file';
import { inMonth, inRange } from './month-plan';

const lineEnd = Buffer.from('\n');
/** Beside what DuckDB takes for any statement, this many times the longest line, in MB. */
const memoryPerMb = 24;
const usualMemoryMb = 512;

/** What an object was found to hold. */
export interface ObjectContent extends SealedPart {
  columns: Record<string, string>;
  tables: Record<string, number>;
}

/**
 * Writes the entries of a month's range to a file, as canonical lines in the order of the log, each compared with what was sealed.
 * Throws LedgerFault.
 */
export async function exportLines(
  { databaseUrl, query }: { databaseUrl: string; query: Query },
  { month, ...range }: { month: Month; after: EntryPlace; through: EntryPlace },
  file: string,
  onProgress: (entries: number) => void = () => {},
): Promise<SealedPart> {
  const client = new Client({ connectionString: databaseUrl });
  client.on('error', () => undefined);
  await client.connect();
  const walk = new SealedWalk(query);
  const out = createWriteStream(file, { mode: 0o600 });
  const written = finished(out);
  written.catch(() => undefined);
  try {
    await client.query(`BEGIN READ ONLY; ${entrySettings}`);
    const copy = client.query(
      copyTo(
        `COPY (SELECT ${entryLine} FROM audit_logs WHERE ${inMonth(month)} AND ${inRange(range)} ORDER BY txid, id) TO STDOUT`,
      ),
    );
    let entries = 0;
    for await (const lines of linesOf(copy)) {
      await walk.take(lines);
      for (const line of lines) if (!out.write(Buffer.concat([line, lineEnd]))) await once(out, 'drain');
      entries += lines.length;
      onProgress(entries);
    }
    out.end();
    await written;
    return walk.end();
  } finally {
    out.destroy();
    await client.end().catch(() => undefined);
  }
}

/** Makes an object of such a file, and answers the sums of its columns. */
export async function convert(
  { folder, lines, object, format }: { folder: string; lines: string; object: string; format: ArchiveFormat },
  longestLine: number,
): Promise<Record<string, string>> {
  return withEngine([folder], longestLine, async (engine) => {
    const table = linesTable(lines, longestLine);
    await engine.rows(writeObject(table, object, format));
    return sumsOf(engine, table);
  });
}

/** Reads an object and compares its entries with what was sealed. Throws LedgerFault, EngineError. */
export async function inspect(
  query: Query,
  { folder, file, format, longestLine }: { folder: string; file: string; format: ArchiveFormat; longestLine: number },
): Promise<ObjectContent> {
  return withEngine([folder], longestLine, async (engine) => {
    const table = objectsTable([file], format, longestLine);
    const columns = await sumsOf(engine, table);
    const counts = await engine.rows<{ table: string | null; entries: number }>(tableCounts(table));
    const walk = new SealedWalk(query);
    for await (const lines of linesOf(engine.lines(canonicalLines(table)))) await walk.take(lines);
    const tables = Object.fromEntries(counts.map(({ table: name, entries }) => [name ?? '', entries]));
    return { ...walk.end(), columns, tables };
  });
}

async function withEngine<T>(folders: string[], longestLine: number, work: (engine: Engine) => Promise<T>): Promise<T> {
  const memory = usualMemoryMb + Math.ceil((memoryPerMb * longestLine) / 1_000_000);
  const engine = await Engine.start(folders, { memory });
  try {
    return await work(engine);
  } finally {
    engine.stop();
  }
}

async function sumsOf(engine: Engine, table: string): Promise<Record<string, string>> {
  const [sums] = await engine.rows<Record<string, string>>(columnSums(table));
  return sums ?? {};
}
