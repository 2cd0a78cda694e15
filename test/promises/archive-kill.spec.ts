import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Random } from '#kernel';
import { run as runCommand, start } from '../support/cli';
import type { TestDatabase } from '../support/database';
import { startGlacier, type Glacier } from '../support/glacier-shim';
import { environmentOf } from '../support/program';
import { noPgBouncer, startPgBouncer } from '../support/pgbouncer';
import { missingPrograms, startRadosgw, type Radosgw } from '../support/radosgw';
import { OwnServer } from '../support/own-server';
import { isSoak, tries } from '../support/soak';

/** How often the run is killed for each store. The environment can ask for more than a soak does. */
const kills = Number(process.env.ARCHIVE_KILLS ?? tries(1, 12));
/** Years of entries, ten a day for each table, and how many more there are in the last month but one. */
const years = Number(process.env.ARCHIVE_YEARS ?? (isSoak ? 2 : 1 / 6));
const largeMonth = Number(process.env.ARCHIVE_LARGE_MONTH ?? 0);
/** Runs that may be needed after the last kill: those that faults of the store end. */
const maxRuns = 60 * Math.ceil(years);
const tables = ['members', 'organizations', 'member_employments', 'grievances', 'users'];
const asOf = '2026-10-01';
/** The lease on the archive's work, and what takes it. */
const leaseNumber = 4_927_004;
const leaseModule = resolve('dist/libs/platform/database/lease.js');
const monthsWritten = Math.round(12 * years);
const end = '2026-07-01';
const firstMonth = years < 1 ? `2026-0${7 - monthsWritten}-01` : `${2026 - years}-07-01`;
/** A run is killed after at most so many steps, and so many ms later: about what a step takes. */
const stepsPerKill = 4;
const betweenStepsMs = 60;
/** How often the steps are looked at, in ms: a step takes longer. */
const pollMs = 10;
/** Every so many kills the run gets time for a large month, in ms: about what one of two million takes. */
const patientEvery = 40;
const patientMs = 150_000;

let server: OwnServer;
let folder: string;

beforeAll(async () => {
  server = await OwnServer.start();
  folder = mkdtempSync(join(tmpdir(), 'ip2a-kill-'));
});
afterAll(async () => {
  await server.drop();
  rmSync(folder, { recursive: true, force: true });
});

interface Site {
  database: Client;
  clone: TestDatabase;
  /** DATA_DIR. */
  folder: string;
  env: NodeJS.ProcessEnv;
  /** The ids of all entries of the old months, in order. */
  written: string[];
}

/** A database of its own with years of entries, in every month some of each table. */
async function siteOf(name: string, env: NodeJS.ProcessEnv): Promise<Site> {
  const clone = await server.clone(name);
  const database = new Client({ connectionString: clone.superuserUrl });
  database.on('error', () => undefined);
  await database.connect();
  const owner = new Client({ connectionString: clone.ownerUrl });
  await owner.connect();
  for (let month = 0; month < monthsWritten; month += 1) {
    const first = await owner.query<{ day: string }>(
      `SELECT audit_make_month(timestamp '${firstMonth}' + $1 * interval '1 month'),
         (timestamp '${firstMonth}' + $1 * interval '1 month')::date::text AS day`,
      [month],
    );
    const day = first.rows[0]?.day;
    const add = (each: number, seconds: number) =>
      database.query(
        `INSERT INTO audit_logs (action, source, table_name, record_id, new_values, changed_at)
         SELECT 'UPDATE', 'api', t, n % 10000, jsonb_build_object('n', n), ($1 || 'T06:00:00Z')::timestamptz + n * $3::float8 * interval '1 second'
         FROM unnest($2::text[]) AS t, generate_series(1, $4::integer) AS n`,
        [day, tables, seconds, each],
      );
    await add(280, 8_500);
    if (month === monthsWritten - 2 && largeMonth > 0) {
      await add(Math.ceil(largeMonth / tables.length), 2_300_000 / (largeMonth / tables.length));
    }
  }
  await owner.end();
  const { rows } = await database.query<{ id: string }>(
    `SELECT id::text AS id FROM audit_logs WHERE changed_at < '${end}' ORDER BY audit_logs.id`,
  );
  const data = join(folder, name);
  mkdirSync(data);
  const settings = { ...environmentOf(clone, data), LOG_LEVEL: 'silent', ...env };
  const site = { database, clone, folder: data, env: settings, written: rows.map(({ id }) => id) };
  // Entries of years were sealed long ago; that sealing is killed is another spec's.
  if (largeMonth > 0) await run(site, ['archive', 'run', '--as-of', '2000-01-01']);
  return site;
}

/** Runs a command to its end. */
function run(site: Site, args: string[]) {
  return runCommand(site.clone, args, site);
}

/** How many entries each month was written with; the large one has more. */
const writtenIn = (month: string) =>
  280 * tables.length +
  (month === '2026-05' && largeMonth > 0 ? Math.ceil(largeMonth / tables.length) * tables.length : 0);

/** Every entry is in PostgreSQL or in an object that was taken for whole (or was destroyed after seven years), never in both, never in none. */
async function expectNothingLost({ database }: Site): Promise<void> {
  const { rows } = await database.query<{ month: string; hot: number; archived: number }>(
    `SELECT to_char(m, 'YYYY-MM') AS month,
       (SELECT count(*)::integer FROM audit_logs WHERE changed_at >= m AND changed_at < m + interval '1 month') AS hot,
       (SELECT coalesce(sum(entry_count), 0)::integer FROM archives WHERE month = m::date
          AND (state = 'archived' OR state = 'destroyed' AND month < date '2019-10-01' AND certificate IS NOT NULL)) AS archived
     FROM generate_series(timestamp '${firstMonth}', timestamp '${end}' - interval '1 month', interval '1 month') AS m`,
  );
  expect(
    rows.filter(({ month, hot, archived }) => {
      const each = writtenIn(month);
      return !((hot === each && archived === 0) || (hot === 0 && archived === each));
    }),
  ).toEqual([]);
}

/** What a run changes step by step: the archives' rows, and the tables of the months. */
const progressSql = `SELECT md5(concat((SELECT string_agg(a::text, ',' ORDER BY id) FROM archives a),
  (SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relname LIKE 'audit\\_logs\\_%' AND relkind = 'r'))) AS progress`;

/** Runs the archive, and kills it so long after it has made so many steps, if it has not ended. Null when it was killed. */
async function runKilledAtStep(site: Site, steps: number, delayMs: number): Promise<number | null> {
  const command = start(site.clone, ['archive', 'run', '--as-of', asOf], site);
  const { child } = command;
  const ended = command.gone();
  const progress = async () => (await site.database.query<{ progress: string }>(progressSql)).rows[0]?.progress;
  let before = await progress();
  for (let made = 0; made < steps && child.exitCode === null;) {
    const after = await progress();
    if (after !== before) made += 1;
    before = after;
    await sleep(pollMs);
  }
  await Promise.race([ended, sleep(delayMs)]);
  child.kill('SIGKILL');
  return ended;
}

async function survives(site: Site, seed: number): Promise<void> {
  const random = new Random(seed);
  for (let round = 0; round < kills; round += 1) {
    const { rowCount: left } = await site.database.query(`SELECT FROM audit_logs WHERE changed_at < '${end}' LIMIT 1`);
    if (!left) break;
    const isPatient = largeMonth > 0 && round % patientEvery === patientEvery - 1;
    // Most kills fall between two steps, a large month's in the middle of its file.
    const status = await runKilledAtStep(
      site,
      random.between(1, stepsPerKill),
      random.next() * (isPatient ? patientMs : betweenStepsMs),
    );
    expect(status).toBeNull();
    await expectNothingLost(site);
  }
  for (let round = 0; ; round += 1) {
    const { status, stdout } = await run(site, ['archive', 'run', '--as-of', asOf, '--json']);
    await expectNothingLost(site);
    if (status === 0 && (JSON.parse(stdout) as { months: unknown[] }).months.length === 0) break;
    if (round === maxRuns) throw new Error(`The archive did not come to an end: ${stdout}`);
  }
  const { rows: left } = await site.database.query(`SELECT FROM audit_logs WHERE changed_at < '${end}'`);
  const { rows: tablesLeft } = await site.database.query(
    `SELECT FROM pg_class WHERE relname LIKE 'audit_logs_released%' AND relkind = 'r'`,
  );
  expect([left.length, tablesLeft.length]).toEqual([0, 0]);
}

/** Every entry is read again, from wherever it is, and found in its place, once; but for those that were destroyed. */
async function verifies(site: Site): Promise<void> {
  const { rows: cold } = await site.database.query<{ id: number }>(
    `SELECT id FROM archives WHERE state = 'archived' AND storage_class = 'GLACIER'`,
  );
  for (const { id } of cold) expect((await run(site, ['archive', 'restore', String(id)])).status).toBe(0);
  const { status, stdout } = await run(site, ['audit', 'verify', '--json']);
  const verdict = JSON.parse(stdout) as { treeSize: number; entriesCompared: number; unread: number };
  expect([status, verdict]).toMatchObject([0, { valid: true, rows: [] }]);
  const { rows } = await site.database.query<Record<'lowest' | 'highest' | 'entries' | 'destroyed', string>>(
    `SELECT min(lowest_id)::text AS lowest, max(highest_id)::text AS highest, sum(entry_count)::text AS entries,
       coalesce(sum(entry_count) FILTER (WHERE state = 'destroyed'), 0)::text AS destroyed
     FROM archives WHERE state IN ('archived', 'destroyed')`,
  );
  const { written } = site;
  const [found] = rows;
  expect(found).toMatchObject({ lowest: written[0], highest: written.at(-1), entries: String(written.length) });
  expect(verdict.unread).toBe(Number(found?.destroyed));
  expect(verdict.entriesCompared).toBe(verdict.treeSize - verdict.unread);
}

it(`is killed ${kills} times on a folder, and loses nothing, doubles nothing`, async () => {
  const site = await siteOf('on_folder', {});
  await survives(site, 5);
  await verifies(site);
  await site.database.end();
});

describe('two runs at once', () => {
  /** Another process has the lease and keeps it; only when it is killed a run gets to work. */
  async function takesTurns(site: Site): Promise<void> {
    const args = ['archive', 'run', '--as-of', asOf, '--json'];
    const holders = async (): Promise<number> => {
      const held = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${leaseNumber} AND granted`;
      return (await site.database.query(held)).rowCount ?? 0;
    };
    const holding = `require(${JSON.stringify(leaseModule)}).withLease(process.env.DATABASE_OWNER_URL, ${leaseNumber}, () => new Promise(() => {}))`;
    const holder = spawn(process.execPath, ['-e', holding], { env: site.env, stdio: 'ignore' });
    try {
      while ((await holders()) === 0) {
        expect(holder.exitCode).toBeNull();
        await sleep(10);
      }
      expect([(await run(site, args)).status, await holders()]).toEqual([2, 1]);
      await expectNothingLost(site);
    } finally {
      holder.kill('SIGKILL');
    }
    const begun = performance.now();
    while ((await holders()) > 0) await sleep(10);
    expect(performance.now() - begun).toBeLessThan(15_000);
    const runs = await Promise.all([run(site, args), run(site, args), run(site, args)]);
    expect(runs.map(({ status }) => status)).toContain(0);
    await expectNothingLost(site);
    await verifies(site);
    await site.database.end();
  }

  it(`one works, the others say so and change nothing; who is killed is followed${noPgBouncer ? '' : ', through PgBouncer'}`, async () => {
    const site = await siteOf('two_at_once', {});
    const pooled = async (name: string) => ({ name, ...(await startPgBouncer(site.env[name] ?? '')) });
    const poolers = noPgBouncer ? [] : await Promise.all(['DATABASE_URL', 'DATABASE_OWNER_URL'].map(pooled));
    const env = { ...site.env, ...Object.fromEntries(poolers.map(({ name, url }) => [name, url])) };
    try {
      await takesTurns({ ...site, env });
    } finally {
      for (const pooler of poolers) await pooler.stop();
    }
  });
});

const missing = missingPrograms();
if (missing.length > 0) {
  process.stderr.write(`SKIPPED: the archive is not killed on S3, because ${missing.join(', ')} is not installed.\n`);
}

(missing.length > 0 ? describe.skip : describe)('on S3 that fails', () => {
  let radosgw: Radosgw;
  let glacier: Glacier;
  beforeAll(async () => {
    radosgw = await startRadosgw();
    glacier = await startGlacier(radosgw, { restoreMs: 0 });
    const { accessKeyId, secretAccessKey } = radosgw;
    const client = new S3Client({
      endpoint: radosgw.endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey },
    });
    await client.send(new CreateBucketCommand({ Bucket: 'ledger' }));
    client.destroy();
  });
  afterAll(async () => {
    await glacier.stop();
    await radosgw.stop();
  });

  const s3 = (prefix: string) => ({
    ARCHIVE_URL: `s3://ledger/${prefix}`,
    S3_ENDPOINT: glacier.endpoint,
    S3_REGION: 'us-east-1',
    S3_FORCE_PATH_STYLE: 'true',
    AWS_ACCESS_KEY_ID: radosgw.accessKeyId,
    AWS_SECRET_ACCESS_KEY: radosgw.secretAccessKey,
  });

  it(`is killed ${kills} times, and loses nothing, doubles nothing`, async () => {
    const site = await siteOf('on_s3', s3('local-17'));
    glacier.faults.randomly(0.1, 11);
    // Each waits for the limit of a call to pass. s3-faults.spec.ts tries the same with shorter limits.
    if (isSoak) glacier.faults.next('timeout', { method: 'PUT', times: 2 });
    if (isSoak) glacier.faults.next('timeout', { method: 'GET', times: 2 });
    await survives(site, 7);
    expect(Object.keys(glacier.faults.met).length).toBeGreaterThan(0);
    glacier.faults.none();
    await verifies(site);
    await site.database.end();
  });

  it('while it can not be reached nothing is dropped, and the run says so and ends with 1', async () => {
    const reachable = await siteOf('unreachable', s3('local-18'));
    // Nothing is old enough yet, but it is sealed.
    expect((await run(reachable, ['archive', 'run', '--as-of', '2025-07-01'])).status).toBe(0);
    const site = { ...reachable, env: { ...reachable.env, S3_ENDPOINT: 'http://127.0.0.1:1' } };
    const { status, stdout } = await run(site, ['archive', 'run', '--as-of', asOf, '--json']);
    const { months } = JSON.parse(stdout) as { months: { action: string }[] };
    expect([status, new Set(months.map(({ action }) => action))]).toEqual([1, new Set(['failed'])]);
    await expectNothingLost(site);
    const { rows } = await site.database.query(`SELECT FROM audit_logs WHERE changed_at < '${end}'`);
    expect(rows).toHaveLength(site.written.length);
    await site.database.end();
  });
});
