import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { entryColumns, entryLine, entrySettings, linesOf } from '#ledger';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { Engine } from './engine';
import { ARCHIVE_FORMATS, canonicalLines, columnSums, linesTable, objectsTable, writeObject } from './entry-file';

let database: TestDatabase;
let folder: string;
let engine: Engine;
let lines: string[];
let longest: number;

/** What might be mistaken for the end of a field, a line, a list, or for nothing at all. */
const hostile = [
  ...[
    '',
    ' ',
    'NULL',
    'null',
    '\\N',
    '\\',
    '\\\\',
    '\\n',
    '\\\\n',
    '\\\\\\n',
    '\t',
    '\n',
    '\r\n',
    '\b\f\v',
    '"',
    '""',
    "'",
  ],
  ...[
    '{',
    '}',
    '{}',
    '{a,b}',
    ',',
    'a,b',
    'é',
    '日本',
    '😀',
    '\u2028',
    '\ufeff',
    '=1+1',
    'x'.repeat(70_000),
    '\u0001\u001f\u007f',
  ],
];

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'ip2a-entries-'));
  const superuser = new Client({ connectionString: database.superuserUrl });
  superuser.on('error', () => undefined);
  await superuser.connect();
  await superuser.query(
    `INSERT INTO audit_logs (action, table_name, record_id, record_ids, filters, old_values, new_values, changed_fields, actor_email,
       actor_roles, source, ip_address, user_agent, request_id, route, reason, notes, record_version, record_versions)
     SELECT 'READ', left(text, 60), nullif(n % 7, 0), CASE n % 5 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY[n, 9007199254740993] END, to_jsonb(text),
       jsonb_build_object(text, text), '{"n": 12345678901234567890.12300, "e": 1e-30}', ARRAY[text, 'b'], left(text, 255), ARRAY[text],
       'api', CASE n % 3 WHEN 0 THEN '2001:db8::1'::inet WHEN 1 THEN '192.0.2.0/24' END, left(text, 500), left(text, 60), left(text, 60), left(text, 500), text,
       CASE n % 3 WHEN 0 THEN 9007199254740993 WHEN 1 THEN n END, CASE n % 4 WHEN 0 THEN '{}' WHEN 1 THEN ARRAY[n, NULL, 9007199254740993] END
     FROM unnest($1::text[]) WITH ORDINALITY AS t (text, n)`,
    [hostile],
  );
  await superuser.query(`INSERT INTO audit_logs (action, source, changed_at) SELECT 'READ', 'job', date_trunc('month', now()) + offset_at
    FROM unnest('{0,1 microsecond,100 microseconds,100 ms,1 second,27 days 23:59:59.999999}'::interval[]) AS offset_at`);
  await superuser.query(
    `INSERT INTO audit_logs (action, source, record_ids, record_versions)
     SELECT 'BULK_READ', 'job', array_agg(n), array_agg(9007199254740993 + n) FROM generate_series(1, 400000) n`,
  );
  const file = join(folder, 'lines');
  await superuser.query(`BEGIN; ${entrySettings}`);
  const copy = superuser.query(copyTo(`COPY (SELECT ${entryLine} FROM audit_logs ORDER BY txid, id) TO STDOUT`));
  await pipeline(copy, createWriteStream(file));
  await superuser.end();
  lines = await textsOf(createReadStream(file));
  longest = Math.max(...lines.map((line) => Buffer.byteLength(line)));
  engine = await Engine.start([folder]);
});
afterAll(async () => {
  engine.stop();
  await database.drop();
  await rm(folder, { recursive: true });
});

async function textsOf(stream: AsyncIterable<Buffer>): Promise<string[]> {
  const texts: string[] = [];
  for await (const some of linesOf(stream)) texts.push(...some.map(String));
  return texts;
}

describe.each(ARCHIVE_FORMATS)('%s', (format) => {
  const object = () => join(folder, format);

  it('gives back every line to the byte, in the order of the log', async () => {
    const source = linesTable(join(folder, 'lines'), longest);
    await engine.rows(writeObject(source, object(), format));
    const reader = await Engine.start([folder]);
    expect(await textsOf(reader.lines(canonicalLines(objectsTable([object()], format, longest))))).toEqual(lines);
    const [ofLines] = await engine.rows(columnSums(source));
    expect(await engine.rows(columnSums(objectsTable([object()], format, longest)))).toEqual([ofLines]);
    expect(ofLines).toMatchObject({ entries: String(lines.length) });
    expect(Object.keys(ofLines as object)).toEqual(['entries', ...entryColumns]);
  });

  it('reads a file from before entries named versions, alone and among newer ones', async () => {
    const source = objectsTable([object()], format, longest);
    const [before, newer] = [`${object()}-before`, `${object()}-newer`];
    const isNewer = '(record_version IS NOT NULL OR record_versions IS NOT NULL)';
    const written = (condition: string, file: string) =>
      writeObject(`(SELECT * FROM ${source} WHERE action = 'READ' AND ${condition})`, file, format);
    await engine.rows(written(`NOT ${isNewer}`, before).replace(', record_version, record_versions', ''));
    await engine.rows(written(isNewer, newer));
    const read = async (...files: string[]) =>
      textsOf((await Engine.start([folder])).lines(canonicalLines(objectsTable(files, format, longest))));
    const all = lines.filter((line) => line.split('\t', 4)[3] === 'READ');
    expect(await read(before)).toEqual(all.filter((line) => line.startsWith('ip2a-entry/1\t')));
    expect(await read(before, newer)).toEqual(all);
    expect(await read(newer, before)).toEqual(all);
  });

  it('has other sums where one value is another', async () => {
    const source = objectsTable([object()], format, longest);
    const [before] = await engine.rows<Record<string, string>>(columnSums(source));
    const [after] = await engine.rows<Record<string, string>>(
      columnSums(`(SELECT * REPLACE (CASE WHEN notes = 'a,b' THEN 'a.b' ELSE notes END AS notes) FROM ${source})`),
    );
    expect(entryColumns.filter((column) => before?.[column] !== after?.[column])).toEqual(['notes']);
  });
});

it('is read by another engine than the one that wrote it', async () => {
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, 'parquet')), compressors });
  const text = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  const read = JSON.parse(JSON.stringify(rows, text)) as Record<string, unknown>[];
  const written = await database.query(
    `SELECT id::text AS id, action, table_name, record_id::text AS record_id, record_ids::text[] AS record_ids,
       record_version::text AS record_version, record_versions::text[] AS record_versions, new_values::text AS new_values,
       notes, to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS changed_at, txid::text AS txid FROM audit_logs ORDER BY audit_logs.id`,
  );
  const columns = Object.keys(written[0] ?? {});
  // That engine reads texts by TextDecoder, which takes a byte order mark for no part of them.
  for (const row of written) {
    for (const column of columns) if (row[column] === '\ufeff') row[column] = '';
  }
  const narrowed = read
    .sort((one, other) => Number(one.id) - Number(other.id))
    .map((row) => Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
  expect(narrowed).toEqual(written);
});

describe('the engine', () => {
  it.each([
    ['read elsewhere', `SELECT * FROM read_text('/etc/hostname')`],
    ['write elsewhere', `COPY (SELECT 1) TO '/tmp/elsewhere'`],
    ['leave its folder', `SELECT * FROM read_text('FOLDER/../../etc/hostname')`],
    ['load what is not in it', 'INSTALL httpfs'],
    ['be told otherwise', 'SET enable_external_access = true'],
  ])('can not %s', async (_, sql) => {
    await expect(engine.rows(sql.replace('FOLDER', folder))).rejects.toThrow(
      /Permission Error|Invalid Input|Cannot|disabled/,
    );
  });

  it('says so where it is killed, and whoever asks later is told, too', async () => {
    const other = await Engine.start([folder]);
    const asked = other.rows('SELECT count(*) FROM range(100000000000)');
    setTimeout(() => other.stop(), 100);
    await expect(asked).rejects.toThrow('SIGKILL');
    await expect(other.rows('SELECT 1')).rejects.toThrow('ended');
  });
});
