import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import type { LogPart } from './database-source';
import { TestLog, workerFile } from './log.factory';
import { hashAt, leafHash } from './merkle';
import { cutLog, verifyPieces } from './parallel-verification';

/** A log of twelve seals of fifty entries, after those of the migrations, in parts of at least 150. */
const [seals, perSeal] = [12, 50];
const threads = 3;
const leastLeaves = 150;

let database: TestDatabase;
let log: TestLog;
let superuser: Client;
let ids: string[];
/** The first places of the second part and of the third, and the numbers of the seals before them. */
let edges: number[];
let edgeSeals: number[];

beforeAll(async () => {
  database = await createTestDatabase();
  log = await TestLog.open(database.applicationUrl);
  superuser = new Client({ connectionString: database.superuserUrl });
  await superuser.connect();
  await log.publish((await log.seal())!);
  for (let made = 0; made < seals; made += 1) {
    for (let done = 0; done < perSeal; done += 10) {
      await superuser.query(`INSERT INTO audit_logs (action, table_name, record_id, source, reason)
        SELECT 'UPDATE', 'members', n, 'api', 'reason ' || n FROM generate_series(1, 10) AS n`);
    }
    await log.publish((await log.seal())!);
  }
  const { rows } = await superuser.query<{ id: string }>('SELECT id FROM audit_logs ORDER BY txid, id');
  ids = rows.map(({ id }) => id);
  // What follows is done by somebody who may do anything with the database.
  for (const table of ['audit_logs', 'audit_seals'])
    await superuser.query(
      `ALTER TABLE ${table} DISABLE TRIGGER ALL; CREATE TEMP TABLE kept_${table} AS TABLE ${table}`,
    );
  await superuser.query('DROP INDEX audit_seals_last_entry_idx');
  const pieces = await cutLog(database.applicationUrl, {}, { open: log.key.open, threads, leastLeaves });
  edges = pieces.slice(1).map(({ start }) => start);
  edgeSeals = pieces.slice(1).map(({ part }) => part.afterSeq!);
});
afterAll(async () => {
  await superuser.end();
  await log.close();
  await database.drop();
});

/** What every way says while the database is as `forge` leaves it. */
async function verdictsWhile(forge: () => Promise<unknown>, part: LogPart = {}) {
  await forge();
  try {
    // At the same time, because a gentle thread rests most of the time.
    const [alone, apart, together] = await Promise.all([
      log.verify(part),
      log.verify(part, { threads: 1, isGentle: true }),
      log.verify(part, { threads, leastLeaves }),
    ]);
    return { alone, apart, together };
  } finally {
    for (const table of ['audit_logs', 'audit_seals'])
      await superuser.query(`DELETE FROM ${table}; INSERT INTO ${table} TABLE kept_${table}`);
  }
}

const onEntry = (set: string) => (place: number) =>
  superuser.query(`UPDATE audit_logs SET ${set} WHERE id = $1`, [ids[place]]);

const insertNear = (values: string) => (place: number) =>
  superuser.query(
    `INSERT INTO audit_logs (id, txid, changed_at, action, source) SELECT ${values}, 'READ', 'api'
     FROM audit_logs WHERE id = $1`,
    [ids[place]],
  );

async function exchange(one: number, other: number): Promise<void> {
  await superuser.query(
    `UPDATE audit_logs l SET id = o.id, txid = o.txid FROM audit_logs o
     WHERE l.id IN ($1, $2) AND o.id IN ($1, $2) AND o.id <> l.id`,
    [ids[one], ids[other]],
  );
}

async function rewriteLeaf(seq: number, place: number, leaf: Buffer): Promise<void> {
  const { rows } = await superuser.query<{ leaves: Buffer }>(
    'SELECT leaf_hashes AS leaves FROM audit_seals WHERE seq = $1',
    [seq],
  );
  leaf.copy(hashAt(rows[0]!.leaves, place));
  await superuser.query('UPDATE audit_seals SET leaf_hashes = $2 WHERE seq = $1', [seq, rows[0]!.leaves]);
}

const remove = (place: number) => superuser.query('DELETE FROM audit_logs WHERE id = $1', [ids[place]]);

const forgeries: Record<string, (place: number) => Promise<unknown>> = {
  altered: onEntry(`reason = 'forged'`),
  'given another id': onEntry('id = id + 1000000'),
  'moved to the transaction before': onEntry('txid = (txid::text::bigint - 1)::text::xid8'),
  'moved to the transaction after': onEntry('txid = (txid::text::bigint + 1)::text::xid8'),
  removed: remove,
  'followed by another': insertNear('900000000, txid, changed_at'),
  doubled: insertNear(`id, txid, changed_at + interval '1 microsecond'`),
};

it('cuts the log into parts of about as many leaves, which threads verify', async () => {
  const options = { open: log.key.open, keys: log.key.verifiers, threads, leastLeaves, workerFile };
  const progress: [number, number][] = [];
  const onProgress = (leaves: number, of: number) => void progress.push([leaves, of]);
  const pieces = await cutLog(database.applicationUrl, {}, options);
  const found = await verifyPieces(database.applicationUrl, pieces, { ...options, onProgress });
  const sizes = pieces.map(({ start }, place) => (pieces[place + 1]?.start ?? ids.length) - start);
  expect(found.map(({ verdict }) => verdict.entriesCompared)).toEqual(sizes);
  expect(sizes).toHaveLength(threads);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(2 * perSeal);
  expect(progress.every(([leaves, of]) => leaves <= of && of === ids.length)).toBe(true);
  expect(progress.at(-1)).toEqual([ids.length, ids.length]);
});

it('does not cut what is short, nor for one thread', async () => {
  const short = await cutLog(database.applicationUrl, {}, { open: log.key.open, threads });
  expect(short).toEqual([]);
  const whole = await cutLog(database.applicationUrl, {}, { open: log.key.open, threads: 1, leastLeaves });
  expect(whole).toEqual([{ part: {}, start: 0, size: ids.length }]);
});

it.each<[string, () => LogPart]>([
  ['all of it', () => ({})],
  ['what follows a checkpoint', () => ({ afterSeq: 2 })],
  ['what was sealed until now', () => ({ to: new Date().toISOString() })],
])('finds nothing in %s where nothing was done', async (_, part) => {
  const { alone, apart, together } = await verdictsWhile(() => Promise.resolve(), part());
  expect([apart, together]).toEqual([alone, alone]);
  expect(together).toMatchObject({ valid: true, treeSize: ids.length, fault: null });
});

describe.each(Object.entries(forgeries))('an entry that is %s', (_, forge) => {
  it.each(['last of the first part', 'first of the second'])(
    'is named as without threads where it is the %s',
    async (where) => {
      const { alone, apart, together } = await verdictsWhile(() =>
        forge(where.startsWith('last') ? edges[0]! - 1 : edges[0]!),
      );
      expect([apart, together]).toEqual([alone, alone]);
      expect(together.valid).toBe(false);
    },
  );
});

describe('what is done to several parts', () => {
  const cases: Record<string, () => Promise<unknown>> = {
    'entries exchanged across an edge': () => exchange(edges[0]! - 1, edges[0]!),
    'entries exchanged between the first part and the last': () => exchange(3, ids.length - 2),
    'the first entry altered, and one of each later part': async () => {
      for (const place of [0, edges[0]! + 5, edges[1]! + 5]) await forgeries.altered!(place);
    },
    'entries removed on both sides of an edge': async () => {
      for (const place of [edges[0]! - 1, edges[0]!]) await remove(place);
    },
    'the first entry of the last part removed': () => remove(edges[1]!),
    'an entry moved from the last part into the first': () =>
      superuser.query(`UPDATE audit_logs l SET txid = o.txid FROM audit_logs o WHERE l.id = $1 AND o.id = $2`, [
        ids.at(-1),
        ids[5],
      ]),
    'an entry and its hash rewritten, last of a part': async () => {
      await forgeries.altered!(edges[0]! - 1);
      await rewriteLeaf(edgeSeals[0]!, perSeal - 1, leafHash(Buffer.from('forged')));
    },
    'a hash in the seal at an edge': () => rewriteLeaf(edgeSeals[0]!, perSeal - 1, Buffer.alloc(32, 7)),
    'a hash in the first seal of a part': () => rewriteLeaf(edgeSeals[0]! + 1, 0, Buffer.alloc(32, 7)),
    'the last checkpoint, and an entry': async () => {
      await superuser.query(`UPDATE audit_seals SET checkpoint = 'nothing' WHERE seq = $1`, [seals + 1]);
      await forgeries.altered!(7);
    },
    'the seal at an edge': () => superuser.query('DELETE FROM audit_seals WHERE seq = $1', [edgeSeals[0]]),
    'the last seals, which were published': () =>
      superuser.query('DELETE FROM audit_seals WHERE seq > $1', [seals - 1]),
  };
  it.each(Object.entries(cases))('is found alike: %s', async (_, forge) => {
    const { alone, apart, together } = await verdictsWhile(forge);
    expect([apart, together]).toEqual([alone, alone]);
    expect(together.valid).toBe(false);
  });
});

describe('where the seal at an edge says something else, which nothing signs', () => {
  const set = (what: string) => () => superuser.query(`UPDATE audit_seals SET ${what} WHERE seq = $1`, [edgeSeals[0]]);
  const cases: Record<string, () => Promise<unknown>> = {
    'of its last entry, earlier': set('last_id = last_id - 3'),
    'of its last entry, later': set(`last_txid = (last_txid::text::bigint + 2)::text::xid8`),
    'of its last entry, after those of the next edge': set(`last_txid = '9000000000'`),
    'of the size of the tree': set('tree_size = tree_size + 1'),
    'of the frontier': set(`frontier = decode(repeat('07', length(frontier)), 'hex')`),
    'of the length of the frontier': set(`frontier = ''`),
    'of the time in its checkpoint': set(`checkpoint = regexp_replace(checkpoint, '\\n—[^\\n]*\\n$', E'\\n')`),
  };
  it.each(Object.entries(cases))('both verdicts are the same: %s', async (_, forge) => {
    const { alone, apart, together } = await verdictsWhile(forge);
    expect([apart, together]).toEqual([alone, alone]);
  });
});
