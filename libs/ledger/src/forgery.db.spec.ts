import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { root } from '../../../test/support/sources';
import { entryColumns, keyOf, linesOf } from './canonical-entry';
import { signCheckpoint } from './checkpoint';
import { forgeries, versionForgeries } from './forgery.factory';
import { TestLog } from './log.factory';
import { DatabaseSource } from './database-source';
import { CompactRange, hashAt, leafHash } from './merkle';

/** Entries of the log that is forged: more than two full tiles, in two months, sealed a hundred at a time. */
const written = 600;
const perSeal = 100;
const places = {
  first: 0,
  'the last of a tile': 255,
  'the first of a tile': 256,
  'the second of a tile': 257,
  'across months': 300,
  last: written + 5,
};

let database: TestDatabase;
let log: TestLog;
let superuser: Client;
let ids: string[];
/** Entries of the migrations, which are the first seal. */
let before: number;

beforeAll(async () => {
  database = await createTestDatabase();
  log = await TestLog.open(database.applicationUrl);
  superuser = new Client({ connectionString: database.superuserUrl });
  await superuser.connect();
  await superuser.query(`CREATE TABLE audit_logs_2020_01 PARTITION OF audit_logs
    FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-02-01 00:00+00')`);
  const migrated = await log.seal();
  await log.publish(migrated!);
  before = migrated!.size;
  for (let done = 0; done < written; done += 10) {
    await writeEntries(done, done >= 300 ? 'clock_timestamp()' : "'2020-01-31 23:59:59.5+00'");
    if (done % perSeal === perSeal - 10) {
      const seal = await log.seal();
      await log.publish(seal!);
    }
  }
  const { rows } = await superuser.query<{ id: string }>('SELECT id FROM audit_logs ORDER BY txid, id');
  ids = rows.map(({ id }) => id);
  // What follows is done by somebody who may do anything with the database.
  for (const table of ['audit_logs', 'audit_seals', 'audit_tree_nodes'])
    await superuser.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
});
afterAll(async () => {
  await superuser.end();
  await log.close();
  await database.drop();
});

/** Ten entries of one transaction, of every kind of value and with none. */
async function writeEntries(from: number, at: string): Promise<void> {
  await superuser.query(
    `INSERT INTO audit_logs (changed_at, action, table_name, record_id, record_ids, filters, old_values, new_values, changed_fields,
       changed_by, actor_email, actor_roles, source, ip_address, user_agent, request_id, route, reason, notes, record_version,
       record_versions)
     SELECT ${at}, CASE WHEN n % 3 = 0 THEN 'BULK_READ' ELSE 'UPDATE' END, 'members', nullif(n % 7, 0),
       CASE WHEN n % 3 = 0 THEN ARRAY[n, n + 1]::bigint[] END, CASE WHEN n % 3 = 0 THEN jsonb_build_object('limit', n) END,
       CASE WHEN n % 3 > 0 THEN jsonb_build_object('hourly_rate', 41.50, 'last_name', E'O\\'Hara\\t\\\\N') END,
       CASE WHEN n % 3 > 0 THEN jsonb_build_object('hourly_rate', 41.5, 'last_name', 'Ōhara') END,
       CASE WHEN n % 3 > 0 THEN ARRAY['hourly_rate', 'last_name'] END, nullif(n % 5, 0), 'clerk@local.example', ARRAY['staff'],
       'api', '2001:db8::1', E'agent\\\\ \\x0b of ' || n, 'request-' || n, 'members:update', nullif('reason ' || n % 2, 'reason 0'), NULL,
       CASE WHEN n % 6 = 1 THEN 4000 + n END, CASE WHEN n % 6 = 3 THEN ARRAY[4000 + n, 3000 + n] END
     FROM generate_series($1::integer, $1 + 9) AS n`,
    [from],
  );
}

async function rewrite<T>(
  forge: () => Promise<unknown>,
  look: () => Promise<T>,
  restore: () => Promise<unknown>,
): Promise<T> {
  await forge();
  try {
    return await look();
  } finally {
    await restore();
  }
}

/** What verification says while the entry at a place is forged as `set` says. */
async function whileForged(place: number, set: string) {
  const [id] = [ids[place]];
  const { rows } = await superuser.query<{ entry: string }>('SELECT l::text AS entry FROM audit_logs l WHERE id = $1', [
    id,
  ]);
  const remove = `DELETE FROM audit_logs WHERE id = $1 OR id = $1 + 1000000`;
  return rewrite(
    () => superuser.query(`UPDATE audit_logs SET ${set} WHERE id = $1`, [id]),
    () => log.verify(),
    async () => {
      await superuser.query(remove, [id]);
      await superuser.query('INSERT INTO audit_logs SELECT ($1::audit_logs).*', [rows[0]?.entry]);
    },
  );
}

it('forges every column', async () => {
  expect(Object.keys(forgeries)).toEqual([...entryColumns]);
  const { rows } = await superuser.query<{ name: string }>(`SELECT attname AS name FROM pg_attribute
    WHERE attrelid = 'audit_logs'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`);
  expect(rows.map(({ name }) => name)).toEqual([...entryColumns]);
});

it('hashes the bytes that docs/ledger.md tells, with versions and without', async () => {
  const page = readFileSync(join(root, 'docs/ledger.md'), 'utf8').replaceAll('\n> ', ' ');
  const [, documented] = /"COPY \((SELECT [^"]*?) WHERE id = 300\) TO STDOUT"/.exec(page) ?? [];
  const told: string[] = [];
  await superuser.query(`BEGIN; SET LOCAL timezone = 'UTC'`);
  const copy = superuser.query(copyTo(`COPY (${documented} ORDER BY txid, id) TO STDOUT`));
  for await (const lines of linesOf(copy)) told.push(...lines.map(String));
  await superuser.query('COMMIT');
  const hashed: string[] = [];
  const source = await DatabaseSource.open(database.applicationUrl);
  for await (const lines of source.lines()) hashed.push(...lines.map(String));
  await source.close();
  expect(hashed).toEqual(told);
  const heads = hashed.map((line) => line.split('\t')[0]?.replaceAll(/\d{4}/g, 'n'));
  expect([...new Set(heads)].sort()).toEqual(['ip2a-entry/1', 'ip2a-entry/2 - {n,n}', 'ip2a-entry/2 n -']);
});

it('writes a line of an entry as COPY does, whatever is in it', async () => {
  const source = await DatabaseSource.open(database.applicationUrl);
  const unlike: string[] = [];
  for await (const lines of source.lines()) {
    for (const line of lines) {
      const [own] = await source.linesOfEntry(keyOf(line).id);
      if (!own?.equals(line)) unlike.push(line.toString());
    }
  }
  await source.close();
  expect(unlike).toEqual([]);
});

it('finds nothing where nothing was done', async () => {
  expect(await log.verify()).toMatchObject({
    valid: true,
    treeSize: ids.length,
    entriesCompared: ids.length,
    unsealed: 0,
    fault: null,
  });
});

describe.each(Object.entries(places))('of the entry that is %s', (_, place) => {
  it('names the entry, whichever column was altered', async () => {
    const verdicts: Record<string, unknown> = {};
    const { rows } = await superuser.query<Record<string, unknown>>('SELECT * FROM audit_logs WHERE id = $1', [
      ids[place],
    ]);
    for (const column of entryColumns) {
      const { valid, fault } = await whileForged(place, `${column} = ${forgeries[column]}`);
      verdicts[column] = { valid, entryId: fault?.entryId };
      expect(rows[0]).toHaveProperty(column);
    }
    expect(verdicts).toEqual(
      Object.fromEntries(entryColumns.map((column) => [column, { valid: false, entryId: ids[place] }])),
    );
  });

  it('tells that it was removed', async () => {
    const { rows } = await superuser.query<{ entry: string }>(
      'SELECT l::text AS entry FROM audit_logs l WHERE id = $1',
      [ids[place]],
    );
    const verdict = await rewrite(
      () => superuser.query('DELETE FROM audit_logs WHERE id = $1', [ids[place]]),
      () => log.verify(),
      () => superuser.query('INSERT INTO audit_logs SELECT ($1::audit_logs).*', [rows[0]?.entry]),
    );
    expect(verdict).toMatchObject({ valid: false, fault: { kind: 'removed', entryId: ids[place], index: place } });
  });

  it('names an entry that was inserted after it', async () => {
    const inserted = '900000000';
    const verdict = await rewrite(
      () =>
        superuser.query(
          `INSERT INTO audit_logs (id, changed_at, action, source, txid) SELECT ${inserted}, changed_at, 'READ', 'api', txid
           FROM audit_logs WHERE id = $1`,
          [ids[place]],
        ),
      () => log.verify(),
      () => superuser.query(`DELETE FROM audit_logs WHERE id = ${inserted}`),
    );
    expect(verdict).toMatchObject({ valid: false, fault: { kind: 'inserted', entryId: inserted } });
  });

  it('names an entry that was doubled with another content', async () => {
    const verdict = await rewrite(
      () =>
        superuser.query(
          `INSERT INTO audit_logs (id, changed_at, action, source, txid)
           SELECT id, changed_at + interval '1 microsecond', 'READ', 'api', txid FROM audit_logs WHERE id = $1`,
          [ids[place]],
        ),
      () => log.verify(),
      () => superuser.query(`DELETE FROM audit_logs WHERE id = $1 AND action = 'READ'`, [ids[place]]),
    );
    expect(verdict).toMatchObject({ valid: false, fault: { entryId: ids[place] } });
  });
});

describe('an adversary who rewrites the versions that were shown', () => {
  it.each(Object.entries(versionForgeries))('%s', async (_, [kind, set]) => {
    const { rows } = await superuser.query<{ id: string }>(
      `SELECT id FROM audit_logs WHERE (${kind}) AND request_id LIKE 'request-1_' LIMIT 1`,
    );
    const place = ids.indexOf(rows[0]?.id ?? '');
    expect(await whileForged(place, set)).toMatchObject({
      valid: false,
      fault: { kind: 'altered', entryId: rows[0]?.id, index: place },
    });
  });
});

describe('an adversary who rewrites more than entries', () => {
  it('exchanges two entries: the first is named', async () => {
    const [one, other] = [ids[100], ids[101]];
    const exchange = async () => {
      await superuser.query('UPDATE audit_logs SET id = id + 500000000 WHERE id = $1', [one]);
      await superuser.query('UPDATE audit_logs SET id = $1 WHERE id = $2', [one, other]);
      await superuser.query('UPDATE audit_logs SET id = $2 WHERE id = $1::bigint + 500000000', [one, other]);
    };
    const verdict = await rewrite(exchange, () => log.verify(), exchange);
    expect(verdict.fault).toMatchObject({ entryId: one });
  });

  it('alters a hash in a seal: the seal is named, the entry is not accused', async () => {
    const verdict = await withSeals(4, (leaves) => leaves.fill(7, 32 * 5, 32 * 6));
    expect(verdict.fault).toMatchObject({
      kind: 'seal-altered',
      entryId: ids[before + 2 * perSeal + 5],
      index: before + 2 * perSeal + 5,
    });
  });

  it('alters an entry and its hash in the seal: the published tile tells which entry', async () => {
    const place = before + 2 * perSeal + 17;
    const verdict = await altered(place, 4);
    expect(verdict.fault).toMatchObject({ kind: 'altered', entryId: ids[place], index: place });
  });

  it('does so among entries whose tile was not full: the first of their seal is named', async () => {
    const place = before + 5 * perSeal + 50;
    const verdict = await altered(place, 7);
    expect(verdict.fault).toMatchObject({
      kind: 'altered',
      entryId: ids[before + 5 * perSeal],
      index: before + 5 * perSeal,
    });
  });

  it('signs everything anew with a key of their own', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { rows } = await superuser.query<{ root: Buffer; checkpoint: string }>(
      'SELECT root, checkpoint FROM audit_seals WHERE seq = 7',
    );
    const forged = signCheckpoint({ origin: 'ip2a/test', size: ids.length, root: rows[0]!.root }, privateKey, 1);
    const set = (checkpoint: string) =>
      superuser.query('UPDATE audit_seals SET checkpoint = $1 WHERE seq = 7', [checkpoint]);
    const verdict = await rewrite(
      () => set(forged),
      () => log.verify(),
      () => set(rows[0]!.checkpoint),
    );
    expect(verdict).toMatchObject({ valid: false, fault: { kind: 'checkpoint' } });
  });

  it('takes the database back to an earlier state: what was published tells', async () => {
    const { rows } = await superuser.query<{ seal: string }>('SELECT s::text AS seal FROM audit_seals s WHERE seq = 7');
    const { rows: entries } = await superuser.query<{ entry: string }>(
      'SELECT l::text AS entry FROM audit_logs l WHERE id = ANY ($1)',
      [ids.slice(before + 500)],
    );
    const verdict = await rewrite(
      async () => {
        await superuser.query('DELETE FROM audit_seals WHERE seq = 7');
        await superuser.query('DELETE FROM audit_logs WHERE id = ANY ($1)', [ids.slice(before + 500)]);
      },
      () => log.verify(),
      async () => {
        await superuser.query('INSERT INTO audit_seals SELECT ($1::audit_seals).*', [rows[0]?.seal]);
        for (const { entry } of entries)
          await superuser.query('INSERT INTO audit_logs SELECT ($1::audit_logs).*', [entry]);
      },
    );
    expect(verdict).toMatchObject({ valid: false, fault: { kind: 'rollback' } });
  });

  it('empties the ledger', async () => {
    await superuser.query(
      'CREATE TEMP TABLE kept_seals AS TABLE audit_seals; CREATE TEMP TABLE kept AS TABLE audit_logs',
    );
    const verdict = await rewrite(
      () => superuser.query('DELETE FROM audit_seals; DELETE FROM audit_logs'),
      () => log.verify(),
      () => superuser.query('INSERT INTO audit_seals TABLE kept_seals; INSERT INTO audit_logs TABLE kept'),
    );
    expect(verdict).toMatchObject({ valid: false, fault: { kind: 'rollback' } });
  });

  async function withSeals(seq: number, forge: (leaves: Buffer) => unknown) {
    const { rows } = await superuser.query<{ leaves: Buffer }>(
      'SELECT leaf_hashes AS leaves FROM audit_seals WHERE seq = $1',
      [seq],
    );
    const kept = rows[0]!.leaves;
    const set = (leaves: Buffer) =>
      superuser.query('UPDATE audit_seals SET leaf_hashes = $2 WHERE seq = $1', [seq, leaves]);
    const forged = Buffer.from(kept);
    forge(forged);
    return rewrite(
      () => set(forged),
      () => log.verify(),
      () => set(kept),
    );
  }

  /** An entry, its leaf and its seal's root made to fit one another. */
  async function altered(place: number, seq: number) {
    const { rows } = await superuser.query<{ root: Buffer }>('SELECT root FROM audit_seals WHERE seq = $1', [seq]);
    await superuser.query(`UPDATE audit_logs SET reason = 'forged' WHERE id = $1`, [ids[place]]);
    const lines: Buffer[] = [];
    const source = await DatabaseSource.open(database.applicationUrl);
    for await (const batch of source.lines()) lines.push(...batch.map((line) => Buffer.from(line)));
    await source.close();
    const range = new CompactRange();
    for (const line of lines.slice(0, before + (seq - 1) * perSeal)) range.append(leafHash(line));
    await superuser.query('UPDATE audit_seals SET root = $2, frontier = $3 WHERE seq = $1', [
      seq,
      range.root,
      range.frontier,
    ]);
    try {
      return await withSeals(seq, (leaves) =>
        leafHash(lines[place]!).copy(hashAt(leaves, place - before - (seq - 2) * perSeal)),
      );
    } finally {
      await superuser.query('UPDATE audit_seals SET root = $2 WHERE seq = $1', [seq, rows[0]?.root]);
      await superuser.query(
        `UPDATE audit_logs SET reason = nullif('reason ' || ($2::integer - ${before}) % 2, 'reason 0') WHERE id = $1`,
        [ids[place], place],
      );
    }
  }
});

it('finds nothing after everything was put back', async () => {
  expect(await log.verify()).toMatchObject({ valid: true, treeSize: ids.length, entriesCompared: ids.length });
});

it('finds nothing in an empty log', async () => {
  const empty = await createTestDatabase();
  const emptyLog = await TestLog.open(empty.applicationUrl);
  const other = new Client({ connectionString: empty.superuserUrl });
  await other.connect();
  await other.query('ALTER TABLE audit_logs DISABLE TRIGGER ALL; DELETE FROM audit_logs');
  await other.end();
  try {
    expect(await emptyLog.verify()).toMatchObject({ valid: true, treeSize: 0 });
    await emptyLog.publish((await emptyLog.seal())!);
    expect(await emptyLog.verify()).toMatchObject({ valid: true, treeSize: 0, unsealed: 0 });
  } finally {
    await emptyLog.close();
    await empty.drop();
  }
});
