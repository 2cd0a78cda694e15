import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../test/support/cli';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { spawnApi, type Program, type Reply } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
import { seedMembers } from '../../../test/support/seed';

/** Records of an export that takes three entries, and of a list that takes two. */
const exported = 10_007;
const listed = 5_003;
/** A day on which the month of these entries has left PostgreSQL. */
const later = new Date(Date.now() + 200 * 24 * 3_600_000).toISOString().slice(0, 10);

let database: TestDatabase;
let folder: string;
let api: Program;
/** The requests that showed records in parts. */
let replies: Reply[];
beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'ip2a-bundle-'));
  api = await spawnApi(database, { ARCHIVE_URL: `file:${join(folder, 'archive')}` });
  const staff = await api.as('staff');
  await seedMembers(database, exported);
  const taken = await database.query<{ number: string }>(
    `SELECT member_number AS number FROM members ORDER BY id LIMIT ${listed}`,
  );
  const csv = ['memberNumber,firstName,lastName,classification', ...taken.map(({ number }) => `${number},A,B,foreman`)];
  replies = [
    await staff.get('/members/export'),
    await staff.post('/members/import?mode=report', csv.join('\n'), { 'Content-Type': 'text/csv' }),
  ];
  expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  await sealed();
}, 120_000);
afterAll(async () => {
  await api.close();
  await database.drop();
  rmSync(folder, { recursive: true });
});

const sealed = () =>
  until(async () => {
    const left = await database.query('SELECT FROM audit_logs WHERE audit_leaf_index(txid, id) IS NULL LIMIT 1');
    return left.length === 0;
  }, 60_000);

const command = (...args: string[]) =>
  run(database, args, { folder, env: { ARCHIVE_URL: `file:${join(folder, 'archive')}` } });

interface Verdict {
  valid: boolean;
  treeSize: number;
  entriesCompared: number;
  fault: { kind: string; index: number; entryId: string | null } | null;
}
async function verify(bundle: string): Promise<Verdict> {
  const args = ['audit', 'verify', '--offline', bundle, '--public-key', join(folder, 'ledger.pem'), '--json'];
  // Neither the database nor the service is there to be asked.
  const nowhere = {
    applicationUrl: 'postgres://nobody@127.0.0.1:9/none',
    ownerUrl: 'postgres://nobody@127.0.0.1:9/none',
  };
  const { stdout, stderr } = await run(nowhere, args, { folder });
  expect(stderr).not.toContain('rror');
  return JSON.parse(stdout) as Verdict;
}

async function bundled(name: string): Promise<{ bundle: string; files: string[]; lines: string[] }> {
  const bundle = join(folder, name);
  expect(await command('audit', 'bundle', bundle)).toMatchObject({ status: 0 });
  const files = readdirSync(join(bundle, 'entries')).map((file) => join(bundle, 'entries', file));
  return { bundle, files, lines: files.flatMap((file) => readFileSync(file, 'utf8').trimEnd().split('\n')) };
}

/** The entries of a reply in the bundle: the number of each part, and the records that it names. */
function partsIn(lines: string[], { requestId }: Reply): { parts: string[]; ids: number[] } {
  const own = lines.filter((line) => line.includes(`\t${requestId}\t`) && /part \d+ of [0-9a-f]{16}/.test(line));
  const idsOf = (line: string) => /\t\{([\d,]+)\}\t/.exec(line)?.[1]?.split(',').map(Number) ?? [];
  return {
    parts: own.map((line) => /part (\d+) of [0-9a-f]{16}(, the last)?/.exec(line)?.slice(1).join('') ?? ''),
    ids: own.flatMap(idsOf),
  };
}

let idsOfMembers: number[];
beforeAll(async () => {
  idsOfMembers = (await database.query<{ id: number }>('SELECT id FROM members ORDER BY id')).map(({ id }) => id);
});

/** Both lists whole, in their parts. */
function expectParts(lines: string[]): void {
  expect(replies.map((reply) => partsIn(lines, reply))).toEqual([
    { parts: ['1', '2', '3, the last'], ids: idsOfMembers },
    { parts: ['1', '2, the last'], ids: idsOfMembers.slice(0, listed) },
  ]);
}

it('holds every part of a list with all of its records, and is verified without the service', async () => {
  const { bundle, lines } = await bundled('hot');
  expectParts(lines);
  expect(await verify(bundle)).toMatchObject({ valid: true, treeSize: lines.length, entriesCompared: lines.length });
});

it.each([
  ['a record was taken out of a part', 'altered', (line: string) => line.replace(/\t\{(\d+),/, '\t{')],
  ['a part is another one', 'altered', (line: string) => line.replace('part 2 of', 'part 9 of')],
  ['a part is missing', 'removed', () => undefined],
])('names the part where %s', async (what, kind, forge) => {
  const { bundle, files, lines } = await bundled(what.replaceAll(' ', '-'));
  const index = lines.findIndex((line) => line.includes('part 2 of'));
  const [file] = files;
  writeFileSync(
    file!,
    lines.flatMap((line, place) => (place === index ? (forge(line) ?? []) : line)).join('\n') + '\n',
  );
  expect(files).toHaveLength(1);
  // Nobody knows the id of an entry that is gone; its place is known.
  const entryId = kind === 'removed' ? null : lines[index]?.split('\t')[1];
  expect(await verify(bundle)).toMatchObject({ valid: false, fault: { kind, index, entryId } });
});

it('holds the same of a month that has left the database', async () => {
  await sealed();
  expect(await command('archive', 'run', '--as-of', later)).toMatchObject({ status: 0 });
  expect(await database.query(`SELECT FROM audit_logs WHERE notes LIKE '%part 1 of %'`)).toEqual([]);
  const { bundle, lines } = await bundled('archived');
  expectParts(lines);
  expect(await verify(bundle)).toMatchObject({ valid: true, treeSize: lines.length, entriesCompared: lines.length });
});
