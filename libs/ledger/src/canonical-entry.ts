/**
 * Everything an entry says, in a fixed order. The bytes that are hashed are the entry's line as PostgreSQL's COPY writes these
 * columns as text, without the line break: fields separated by tabs, `\N` for null, backslash, tab and line breaks escaped, UTF-8. So no two
 * entries share their bytes, nothing depends on a session's settings, and psql alone makes them again (docs/ledger.md).
 */
export const entryVersion = 'ip2a-entry/1';

/** Columns of audit_logs in the order of the line, and how those whose text would depend on the session are written. */
export const entryColumns = [
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

const written: Partial<Record<(typeof entryColumns)[number], string>> = {
  // The type's own output leaves the netmask of a single address out, its cast does not: here nothing is left out.
  ip_address: 'ip_address::text',
  changed_at: `to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
};

const fields = [`'${entryVersion}'`, ...entryColumns.map((column) => written[column] ?? column)];

/** What COPY selects of audit_logs for the lines of entries. */
export const entryLine = fields.join(', ');

/** The same as one array of texts, for `lineOf`. */
export const entryFields = `ARRAY[${fields.map((field) => `(${field})::text`).join(', ')}]`;

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
