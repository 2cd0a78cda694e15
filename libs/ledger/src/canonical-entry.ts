/**
 * Everything an entry says, in a fixed order. The hashed bytes are the line that PostgreSQL's COPY
 * writes of a head and these columns, as text with `timezone` UTC and `datestyle` ISO, in UTF-8
 * and without the line break at its end. COPY separates fields by tabs, writes `\N` for null, and
 * escapes backslash, tab and line breaks. So no two entries share their bytes, and psql alone makes
 * them again (docs/ledger.md).
 *
 * The head names the form. An entry without versions has form 1. The head of form 2 also holds the
 * versions, so no line of one form is a line of the other.
 */
export const entryForms = { withoutVersions: 'ip2a-entry/1', withVersions: 'ip2a-entry/2' };

/** Stands in the head for what the entry does not have: a version, or a list of them. */
export const noVersion = '-';

/** Columns of audit_logs in the order of the line, after the head. */
export const lineColumns = [
  'id',
  'changed_at',
  'action',
  'table_name',
  'record_id',
  'record_ids',
  'filters',
  'old_values',
  'new_values',
  'changed_fields',
  'changed_by',
  'actor_email',
  'actor_roles',
  'source',
  'database_role',
  'ip_address',
  'user_agent',
  'request_id',
  'route',
  'reason',
  'outcome',
  'notes',
  'txid',
] as const;

/** Every column of audit_logs. The versions are in the head, as COPY writes equally many fields of each entry. */
export const entryColumns = [...lineColumns, 'record_version', 'record_versions'] as const;

/** No setting of a session changes the text of these columns. */
const head = `CASE WHEN record_version IS NULL AND record_versions IS NULL THEN '${entryForms.withoutVersions}'
  ELSE concat_ws(' ', '${entryForms.withVersions}', coalesce(record_version::text, '${noVersion}'),
    coalesce(record_versions::text, '${noVersion}')) END`;

/** What COPY selects of audit_logs for the lines of entries. The types' own output is taken, because it is the fastest. */
export const entryLine = [head, ...lineColumns].join(', ');

/** What that output depends on; set in the transaction of the COPY. */
export const entrySettings = `SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'`;

/** A sealer says that it knows both forms. The database refuses others the entries with versions. */
export const sealerSettings = `${entrySettings}; SET LOCAL ip2a.entry_form = '2'`;

/** Columns whose cast to text is not their output, or depends on settings. */
const asText: Partial<Record<(typeof lineColumns)[number], string>> = {
  changed_at: `rtrim(rtrim(to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '0'), '.') || '+00'`,
  ip_address: `CASE WHEN ip_address IS NOT NULL THEN format('%s', ip_address) END`,
};

/** The same as one array of texts, for `lineOf`. */
export const entryFields = `ARRAY[${head}, ${lineColumns
  .map((column) => asText[column] ?? `${column}::text`)
  .join(', ')}]`;

/** How COPY writes what would end a field or a line (PostgreSQL manual, "COPY", text format). */
const escapes: Record<string, string> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** The line that COPY writes for these fields. */
export function lineOf(values: readonly (string | null)[]): Buffer {
  const texts = values.map(
    (value) => value?.replace(/[\\\b\f\n\r\t\v]/g, (special) => escapes[special] ?? special) ?? '\\N',
  );
  return Buffer.from(texts.join('\t'));
}

const tab = 0x09;
const lineFeed = 0x0a;
const zero = 0x30;

/** The id, the time and the transaction of an entry's line. */
export function keyOf(line: Buffer): { id: string; changedAt: string; txid: string } {
  const first = line.indexOf(tab);
  const second = line.indexOf(tab, first + 1);
  const third = line.indexOf(tab, second + 1);
  return {
    id: line.toString('latin1', first + 1, second),
    changedAt: line.toString('latin1', second + 1, third),
    txid: line.toString('latin1', line.lastIndexOf(tab) + 1),
  };
}

/** The id alone, as a number; of every line that is verified. */
export function idOf(line: Buffer): number {
  let id = 0;
  for (let at = line.indexOf(tab) + 1; at < line.length && line[at] !== tab; at += 1)
    id = id * 10 + (line[at] as number) - zero;
  return id;
}

/** The lines of a stream, without their ends, as many at a time as come together. Chunks may break anywhere. */
export async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer[]> {
  let rest: Buffer | undefined;
  for await (const chunk of stream) {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, from)) {
      lines.push(bytes.subarray(from, end));
      from = end + 1;
    }
    rest = from < bytes.length ? bytes.subarray(from) : undefined;
    if (lines.length > 0) yield lines;
  }
  if (rest) throw new Error('The entries break off in the middle of one.');
}
