import { entryColumns, entryForms, lineColumns, noVersion } from '#ledger';

/** How an object holds its entries. `jsonl` is for sites whose tools read nothing else. */
export const ARCHIVE_FORMATS = ['parquet', 'jsonl-zstd', 'jsonl-gzip'] as const;
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number];

type Column = (typeof entryColumns)[number];

/**
 * The columns of an object, named as those of audit_logs. What is not listed here is text, as PostgreSQL writes it: a
 * number in a JSON value keeps its digits. So is a list of words, such as {staff,officer}.
 */
const types: Partial<Record<Column, string>> = {
  id: 'BIGINT',
  changed_at: 'TIMESTAMP WITH TIME ZONE',
  record_id: 'BIGINT',
  record_ids: 'BIGINT[]',
  changed_by: 'INTEGER',
  txid: 'BIGINT',
  record_version: 'BIGINT',
  record_versions: 'BIGINT[]',
};

const typeOf = (column: Column) => types[column] ?? 'VARCHAR';

/** In each row group the entries of few records: DuckDB skips the others by their least and greatest values. */
const rowGroupEntries = 20_480;

/** Two characters, of which the first is a backslash, for each that ends a field or a line in COPY's text (see canonical-entry.ts). */
const escaped: [character: number, letter: string][] = [
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [11, 'v'],
  [12, 'f'],
  [13, 'r'],
];

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** A field of COPY's text as what it says. Doubled backslashes part the text, so that none is taken for the beginning of an escape. */
function unescaped(field: string): string {
  const part = escaped.reduce((sql, [code, letter]) => `replace(${sql}, '\\${letter}', chr(${code}))`, 'part');
  const whole = `array_to_string(list_transform(string_split(${field}, '\\\\'), lambda part: ${part}), '\\')`;
  return `CASE WHEN contains(${field}, '\\') THEN ${whole} ELSE ${field} END`;
}

function escape(sql: string): string {
  return escaped.reduce(
    (text, [code, letter]) => `replace(${text}, chr(${code}), '\\${letter}')`,
    `replace(${sql}, '\\', '\\\\')`,
  );
}

/** A list of numbers that PostgreSQL wrote. */
function listOf(text: string): string {
  const numbers = `list_transform(string_split(trim(${text}, '{}'), ','), lambda number: nullif(number, 'NULL')::BIGINT)`;
  return `CASE WHEN ${text} = '{}' THEN [] ELSE ${numbers} END`;
}

/** A list of numbers as PostgreSQL writes it. */
function listText(list: string): string {
  return `'{' || array_to_string(list_transform(${list}, lambda number: coalesce(number::VARCHAR, 'NULL')), ',') || '}'`;
}

/** A word of a line's head, from 1; null where it is absent or `noVersion`. */
const inHead = (word: number) => `nullif(nullif(split_part(head, ' ', ${word}), ''), ${quoted(noVersion)})`;

/** The head of a line, as the ledger writes it. */
const headText = `CASE WHEN record_version IS NULL AND record_versions IS NULL THEN ${quoted(entryForms.withoutVersions)}
  ELSE concat_ws(' ', ${quoted(entryForms.withVersions)}, coalesce(record_version::VARCHAR, ${quoted(noVersion)}),
    coalesce(${listText('record_versions')}, ${quoted(noVersion)})) END`;

/** Bytes that are set aside for one entry: what its values take beside the line's, and escapes in JSON. */
function roomFor(longestLine: number): number {
  return Math.max(2_000_000, 2 * longestLine);
}

/** Reads a file of entries' canonical lines. `longestLine` is in bytes. */
export function linesTable(file: string, longestLine: number): string {
  const columns = ['head', ...lineColumns].map((column) => `${quoted(column)}: 'VARCHAR'`).join(', ');
  const room = roomFor(longestLine);
  const options = `auto_detect=false, header=false, delim='\\t', quote='', escape='', nullstr='\\N', new_line='\\n',
    max_line_size=${room}, buffer_size=${4 * room}, columns={${columns}}`;
  const values = entryColumns.map((column) => {
    switch (column) {
      case 'record_ids':
        return `${listOf(column)} AS ${column}`;
      case 'record_version':
        return `${inHead(2)}::BIGINT AS ${column}`;
      case 'record_versions':
        return `${listOf(inHead(3))} AS ${column}`;
      default:
        return `${column in types ? `${column}::${typeOf(column)}` : unescaped(column)} AS ${column}`;
    }
  });
  return `(SELECT ${values.join(', ')} FROM read_csv(${quoted(file)}, ${options}))`;
}

/**
 * Reads objects of one format, of which no line is longer than `longestLine` bytes in its canonical
 * form. A column that an older object lacks is null.
 */
export function objectsTable(files: readonly string[], format: ArchiveFormat, longestLine = 0): string {
  const list = `[${files.map(quoted).join(', ')}]`;
  if (format === 'parquet') {
    const nothing = entryColumns.map((column) => `NULL::${typeOf(column)} AS ${column}`).join(', ');
    return `(SELECT ${nothing} WHERE false UNION ALL BY NAME FROM read_parquet(${list}, union_by_name=true))`;
  }
  const columns = entryColumns.map((column) => `${quoted(column)}: ${quoted(typeOf(column))}`).join(', ');
  return `read_json(${list}, format='newline_delimited', compression='${format.slice(6)}', maximum_object_size=${roomFor(longestLine)},
    timestampformat='%Y-%m-%d %H:%M:%S.%f+00', columns={${columns}})`;
}

/** Writes the entries of a table to an object, ordered so that those of one record stand together. */
export function writeObject(table: string, file: string, format: ArchiveFormat): string {
  const options =
    format === 'parquet'
      ? `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroupEntries}`
      : `FORMAT json, COMPRESSION ${format.slice(6)}, TIMESTAMPFORMAT '%Y-%m-%d %H:%M:%S.%f+00'`;
  return `COPY (SELECT ${entryColumns.join(', ')} FROM ${table} ORDER BY table_name, record_id, changed_at, id)
    TO ${quoted(file)} (${options})`;
}

/** For each column how many values it has, and a sum over their hashes in which every value counts wherever it stands. */
export function columnSums(table: string): string {
  const sums = entryColumns.map(
    (column) =>
      `count(${column})::VARCHAR || ':' || coalesce(sum(md5_number_lower(${column}::VARCHAR)::HUGEINT), 0)::VARCHAR AS ${column}`,
  );
  return `SELECT count(*)::VARCHAR AS entries, ${sums.join(', ')} FROM ${table}`;
}

/** How often each table's entries occur. */
export function tableCounts(table: string): string {
  return `SELECT table_name AS "table", count(*)::DOUBLE AS entries FROM ${table} GROUP BY ALL ORDER BY ALL`;
}

/** The canonical lines of a table's entries, in the order of the log. */
export function canonicalLines(table: string, condition = 'true'): string {
  const texts = lineColumns.map((column) => {
    switch (column) {
      case 'changed_at':
        return `rtrim(rtrim(strftime(changed_at, '%Y-%m-%d %H:%M:%S.%f'), '0'), '.') || '+00'`;
      case 'record_ids':
        return `coalesce(${listText(column)}, '\\N')`;
      default:
        return `coalesce(${column in types ? `${column}::VARCHAR` : escape(column)}, '\\N')`;
    }
  });
  return `SELECT concat_ws(chr(9), ${headText}, ${texts.join(', ')}) AS line FROM ${table}
    WHERE ${condition} ORDER BY txid, id`;
}
