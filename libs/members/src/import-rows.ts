import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { DomainError, Turns } from '#kernel';
import { textOf, type Charset, type Upload } from '#platform/http';
import { ImportColumns, type Row } from './import-columns';

/** Rows of one file. */
const maxRows = 100_000;
/** No row of members is longer, in bytes; a longer one is a broken file. */
const maxRowBytes = 128 * 1024;
/** Text that the parser is given at a time, in bytes: it holds the event loop for as long as it has it. */
const pieceBytes = 8 * 1024;

/** How a file is written. */
export interface Writing {
  charset: Charset;
  dateFormat: string;
}

/**
 * The data rows, as many at a time as `batchRows` says. Throws 413 where there are too many, 422
 * for a header that is not ours.
 */
export async function* batchesOf(file: Upload, writing: Writing, batchRows: () => number): AsyncGenerator<Row[]> {
  let batch: Row[] = [];
  let read = 0;
  for await (const row of rowsOf(file, writing)) {
    read += 1;
    if (read > maxRows) throw new DomainError('request.too-large', `A file may hold ${maxRows} rows.`);
    batch.push(row);
    if (batch.length < batchRows()) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** Rows of empty cells are passed over, as spreadsheets leave them. */
async function* rowsOf(file: Upload, { charset, dateFormat }: Writing): AsyncGenerator<Row> {
  const delimiter = await separatorOf(textOf(file, charset));
  const csv = Readable.from(textOf(file, charset), { objectMode: false, highWaterMark: pieceBytes });
  const parser = csv.pipe(
    parse({
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: maxRowBytes,
      trim: true,
    }),
  );
  csv.once('error', (error) => parser.destroy(error));
  const turns = new Turns();
  let columns: ImportColumns | undefined;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      await turns.next();
      if (cells.every((cell) => cell === '')) continue;
      if (columns) yield columns.row(cells);
      else if (!namesSeparator(cells)) columns = new ImportColumns(cells, charset, dateFormat);
    }
  } catch (error) {
    if (error instanceof DomainError) throw error;
    throw new DomainError('request.malformed', `The CSV cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    csv.destroy();
  }
  if (!columns) throw new DomainError('request.invalid', 'The file is empty; its first row must name the columns.');
}

/** Excel's line that says which separator follows. */
function namesSeparator([first, ...others]: string[]): boolean {
  return first?.toLowerCase() === 'sep=' && others.every((cell) => cell === '');
}

/** Of the comma, the semicolon and the tab, the one that the first line with a text has most of. */
async function separatorOf(text: AsyncIterable<string>): Promise<string> {
  const counts = new Map([',', ';', '\t'].map((separator) => [separator, 0]));
  let isQuoted = false;
  let hasText = false;
  for await (const piece of text) {
    for (const character of piece) {
      const count = counts.get(character);
      if (character === '"') isQuoted = !isQuoted;
      else if (isQuoted) hasText = true;
      else if (count !== undefined) counts.set(character, count + 1);
      else if (character !== '\n' && character !== '\r') hasText ||= character.trim() !== '';
      else if (hasText) return mostOf(counts);
      else for (const separator of counts.keys()) counts.set(separator, 0);
    }
  }
  return mostOf(counts);
}

function mostOf(counts: Map<string, number>): string {
  return [...counts].reduce((most, next) => (next[1] > most[1] ? next : most))[0];
}
