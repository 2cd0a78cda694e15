import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { DatabaseSource } from './database-source';
import type { LogVerdict } from './ledger.dto';
import { LogFolder } from './log-folder';
import { TestLog } from './log.factory';
import { verifyLedger } from './verifier';

const count = 700;

let database: TestDatabase;
let log: TestLog;
let folder: string;
let entriesFile: string;
let written: string;

beforeAll(async () => {
  database = await createTestDatabase();
  log = await TestLog.open(database.applicationUrl);
  await database.query(
    `INSERT INTO audit_logs (action, source, notes, record_version) SELECT 'READ', 'api', 'entry ' || n, CASE WHEN n % 2 = 0 THEN n END
     FROM generate_series(1, ${count}) AS n`,
  );
  await log.seal();
  await database.query(`INSERT INTO audit_logs (action, source) VALUES ('READ', 'api')`);
  folder = join(mkdtempSync(join(tmpdir(), 'ip2a-folder-')), 'log');
  const source = await DatabaseSource.open(database.applicationUrl);
  await LogFolder.write(folder, source);
  await source.close();
  entriesFile = join(folder, 'entries', '000000000000.txt');
  written = readFileSync(entriesFile, 'utf8');
});
afterAll(async () => {
  await log.close();
  await database.drop();
  rmSync(join(folder, '..'), { recursive: true });
});
afterEach(() => writeFileSync(entriesFile, written));

async function verify(): Promise<LogVerdict> {
  return verifyLedger(await LogFolder.open(folder), { open: (signed) => log.key.open(signed) });
}

/** What is found after the lines were changed. */
async function whileForged(forge: (lines: string[]) => unknown): Promise<LogVerdict['fault']> {
  const lines = written.slice(0, -1).split('\n');
  forge(lines);
  writeFileSync(entriesFile, `${lines.join('\n')}\n`);
  return (await verify()).fault;
}

const idAt = (place: number) => written.split('\n')[place]?.split('\t')[1];

it('holds the sealed entries and is verified without the database', async () => {
  const size = written.split('\n').length - 1;
  expect(await verify()).toEqual(
    expect.objectContaining({ valid: true, treeSize: size, entriesCompared: size, unsealed: 0 }),
  );
  expect(size).toBeGreaterThan(count);
  const full = Array.from({ length: Math.floor(size / 256) }, (_, index) => `00${index}`);
  expect(readdirSync(join(folder, 'tile', '0'))).toEqual([...full, `00${full.length}.p`]);
});

it.each([0, 255, 256, 257, count])('names an entry that was altered at %d', async (place) => {
  const fault = await whileForged(
    (lines) => (lines[place] = (lines[place] ?? '').replace('READ', 'EXPORT').replace('CREATE', 'READ')),
  );
  expect(fault).toMatchObject({ kind: 'altered', entryId: idAt(place), index: place });
});

it.each([
  ['removed', 'ip2a-entry/2', (line: string) => line.replace(/^\S+ \S+ \S+/, 'ip2a-entry/1')],
  ['added', 'ip2a-entry/1', (line: string) => line.replace('ip2a-entry/1', 'ip2a-entry/2 7 -')],
])('names an entry of which a version was %s', async (_, form, forge) => {
  const place = written.split('\n').findLastIndex((line) => line.startsWith(form));
  const fault = await whileForged((lines) => (lines[place] = forge(lines[place] ?? '')));
  expect(fault).toMatchObject({ kind: 'altered', entryId: idAt(place), index: place });
});

it.each([0, 255, 256, 257, count])('tells that an entry was removed at %d', async (place) => {
  expect(await whileForged((lines) => lines.splice(place, 1))).toMatchObject({ kind: 'removed', index: place });
});

it('tells that the last entry was removed', async () => {
  const last = written.split('\n').length - 2;
  expect(await whileForged((lines) => lines.pop())).toMatchObject({ kind: 'removed', index: last });
});

it('names an entry that was inserted', async () => {
  const forged = (written.split('\n')[300] ?? '').replace(/\t\d+\t/, '\t999999\t');
  expect(await whileForged((lines) => lines.splice(300, 0, forged))).toMatchObject({
    kind: 'inserted',
    entryId: '999999',
    index: 300,
  });
  expect(await whileForged((lines) => lines.push(forged))).toMatchObject({ kind: 'inserted', entryId: '999999' });
});

it('names an entry that comes before its place', async () => {
  const fault = await whileForged((lines) => lines.splice(10, 2, lines[11] ?? '', lines[10] ?? ''));
  expect(fault).toMatchObject({ kind: 'reordered', entryId: idAt(11), index: 10 });
});

it('does not believe tiles that were made to fit', async () => {
  const tile = join(folder, 'tile', '0', '000');
  const kept = readFileSync(tile);
  writeFileSync(tile, Buffer.concat([kept.subarray(32), kept.subarray(0, 32)]));
  try {
    const fault = await whileForged((lines) => lines.splice(0, 256, ...lines.slice(1, 256), lines[0] ?? ''));
    expect(fault).toMatchObject({ kind: 'checkpoint' });
  } finally {
    writeFileSync(tile, kept);
  }
});

it('is not written over', async () => {
  const source = await DatabaseSource.open(database.applicationUrl);
  await expect(LogFolder.write(folder, source)).rejects.toThrow('is not empty');
  await source.close();
});
