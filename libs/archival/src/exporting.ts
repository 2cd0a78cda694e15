import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { to as copyTo } from 'pg-copy-streams';
import type { EntryPlace } from '#audit';
import { entryLine, entrySettings, linesOf, SealedWalk, type Query, type SealedPart } from '#ledger';
import type { Month } from './calendar';
import { Engine, EngineError } from './engine';
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
import { Client } from '#platform/sessions';

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
      const text = Buffer.concat(lines.flatMap((line) => [line, lineEnd]));
      if (!out.write(text)) await once(out, 'drain');
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

/** An object's file. */
interface ObjectFile {
  file: string;
  format: ArchiveFormat;
  /** In bytes, in its canonical form. */
  longestLine: number;
}

/** Makes an object of such a file of lines. Throws EngineError. */
export async function convert(engine: Engine, lines: string, { file, format, longestLine }: ObjectFile): Promise<void> {
  await engine.rows(writeObject(linesTable(lines, longestLine), file, format));
}

/** Reads an object and compares its entries with what was sealed. Throws LedgerFault, EngineError. */
export function inspect(engine: Engine, query: Query, object: ObjectFile): Promise<ObjectContent> {
  return readObject(engine, object, async (lines) => {
    const walk = new SealedWalk(query);
    for await (const some of linesOf(lines)) await walk.take(some);
    return walk.end();
  });
}

/** Reads an object and compares it, byte for byte, with the lines it was made of, which were compared with what was sealed. Throws EngineError. */
export function compareWith(
  engine: Engine,
  { lines: file, ...exported }: SealedPart & { lines: string },
  object: ObjectFile,
): Promise<ObjectContent> {
  return readObject(engine, object, async (lines) => {
    if (await areSame(createReadStream(file), lines)) return exported;
    throw new EngineError('The object does not give back the lines that it was made of.');
  });
}

async function readObject(
  engine: Engine,
  { file, format, longestLine }: ObjectFile,
  compare: (lines: AsyncIterable<Buffer>) => Promise<SealedPart>,
): Promise<ObjectContent> {
  const table = objectsTable([file], format, longestLine);
  const [columns] = await engine.rows<Record<string, string>>(columnSums(table));
  const counts = await engine.rows<{ table: string | null; entries: number }>(tableCounts(table));
  const tables = Object.fromEntries(counts.map(({ table: name, entries }) => [name ?? '', entries]));
  return { ...(await compare(engine.lines(canonicalLines(table)))), columns: columns ?? {}, tables };
}

/** Whether two streams are the same bytes, however they are cut. */
async function areSame(one: AsyncIterable<Buffer>, other: AsyncIterable<Buffer>): Promise<boolean> {
  const expected = one[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  for await (let chunk of other) {
    while (chunk.length > 0) {
      if (rest.length === 0) {
        const next = await expected.next();
        if (next.done) return false;
        rest = next.value;
      }
      const length = Math.min(rest.length, chunk.length);
      if (rest.compare(chunk, 0, length, 0, length) !== 0) return false;
      [rest, chunk] = [rest.subarray(length), chunk.subarray(length)];
    }
  }
  return rest.length === 0 && (await expected.next()).done === true;
}

/** Does work with an engine that reaches these folders and has the memory for such a line. */
export async function withEngine<T>(
  folders: string[],
  longestLine: number,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const memory = usualMemoryMb + Math.ceil((memoryPerMb * longestLine) / 1_000_000);
  const engine = await Engine.start(folders, { memory });
  try {
    return await work(engine);
  } finally {
    engine.stop();
  }
}
