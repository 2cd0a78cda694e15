import type { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { DomainError, Turns } from '#kernel';
import type { Upload } from '#platform/http';
import { CreateMember } from './member.dto';

/** Rows of one file. */
const maxRows = 100_000;
/** No row of members is longer, in bytes; a longer one is a broken file. */
const maxRowBytes = 128 * 1024;

/** A row of the file: its cells by property, and what is wrong with it as a row. */
export interface Row {
  record: Record<string, string>;
  fault?: string;
}

/**
 * The data rows, as many at a time as `batchRows` says. Throws 413 where there are too many, 422
 * for a header that is not ours.
 */
export async function* batchesOf(file: Upload, batchRows: () => number): AsyncGenerator<Row[]> {
  const turns = new Turns();
  let batch: Row[] = [];
  let read = 0;
  for await (const row of rowsOf(file.read())) {
    await turns.next();
    read += 1;
    if (read > maxRows) throw new DomainError('request.too-large', `A file may hold ${maxRows} rows.`);
    batch.push(row);
    if (batch.length < batchRows()) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Keyed by property; empty cells are absent. */
async function* rowsOf(csv: Readable): AsyncGenerator<Row> {
  const parser = csv.pipe(
    parse({ bom: true, skip_empty_lines: true, relax_column_count: true, max_record_size: maxRowBytes, trim: true }),
  );
  csv.once('error', (error) => parser.destroy(error));
  let header: string[] | undefined;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      if (header) yield rowOf(cells, header);
      else header = headerOf(cells);
    }
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw new DomainError('request.malformed', `The CSV cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    csv.destroy();
  }
  if (!header) throw new DomainError('request.invalid', 'The file is empty; its first row must name the columns.');
}

/** Column names may be the API's (`memberNumber`) or the database's (`member_number`). */
function headerOf(cells: string[]): string[] {
  const header = cells.map((cell) => cell.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  const known = Object.keys(CreateMember.shape);
  const unknown = [...new Set(header)].filter((name) => !known.includes(name));
  const repeated = known.filter((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (unknown.length === 0 && repeated.length === 0) return header;
  throw new DomainError('request.invalid', `The first row must name columns among ${known.join(', ')}, each once.`, {
    errors: [...unknown, ...repeated].slice(0, 20).map((name) => ({
      pointer: `/${name.slice(0, 50)}`,
      message: unknown.includes(name) ? 'is no column of members' : 'is named twice',
    })),
  });
}

function rowOf(cells: string[], header: string[]): Row {
  const record: Record<string, string> = {};
  header.forEach((name, index) => {
    if (cells[index]) record[name] = cells[index];
  });
  if (cells.length !== header.length)
    return { record, fault: `has ${cells.length} cells where the header has ${header.length}` };
  if (cells.some((cell) => cell.includes('\ufffd'))) return { record, fault: 'is not UTF-8 text' };
  return { record };
}
