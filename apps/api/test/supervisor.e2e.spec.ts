import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client as DatabaseClient } from 'pg';
import { openRuntime } from '#platform/config';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { environmentOf, spawnApi, type Client, type Program, type Reply } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
import { childrenOf, isAlive, killAtExit } from '../../../test/support/processes';
import { seedMembers } from '../../../test/support/seed';

const WORKERS = '2';
const lanes = 4;
/** Each reader and writer waits so long between two requests, in ms, that new workers find time to start on a busy machine. */
const pauseMs = 20;
const settings = { WORKERS, DATABASE_POOL_SIZE: '10' };
/** A start takes seconds, on a machine that does other things a minute. */
const startMs = 240_000;

interface Outcome {
  phone: string;
  isChange: boolean;
  reply?: Reply;
  error?: string;
}

let database: TestDatabase;
let ids: number[];
beforeAll(async () => {
  database = await createTestDatabase();
  ids = await seedMembers(database, 200);
});
afterAll(() => database.drop());

const workersOf = (api: Program) => childrenOf(api.child.pid!);
const isOk = ({ reply }: Outcome) => reply?.status === 200;

/** Readers and writers, each with connections of its own, who go on until they are told to end. */
class Load {
  readonly outcomes: Outcome[] = [];
  private isOver = false;
  private readonly done: Promise<unknown>;
  private readonly clients: Client[];

  constructor(api: Program, staff: Client) {
    this.clients = Array.from({ length: lanes }, () => api.client(staff.account, staff.session));
    this.done = Promise.all(this.clients.map((client, lane) => this.run(client, lane)));
  }

  get answered(): number {
    return this.outcomes.length;
  }

  async end(): Promise<Outcome[]> {
    this.isOver = true;
    await this.done;
    for (const client of this.clients) client.close();
    return this.outcomes;
  }

  private async run(client: Client, lane: number): Promise<void> {
    for (let round = 0; !this.isOver; round += 1) {
      const outcome: Outcome = { phone: `555-${lane}-${round}`, isChange: round % 4 === 0 };
      const path = `/members/${ids[lane]}`;
      try {
        outcome.reply = await (outcome.isChange ? client.patch(path, { phone: outcome.phone }) : client.get(path));
      } catch (error) {
        outcome.error = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
      }
      this.outcomes.push(outcome);
      await sleep(pauseMs);
      if (outcome.error === 'ECONNREFUSED') return;
    }
  }
}

async function loadOn(api: Program): Promise<Load> {
  const load = new Load(api, await api.as('staff'));
  await until(() => load.answered > 5 * lanes);
  return load;
}

async function expectAcknowledgedOnRecord(outcomes: Outcome[]): Promise<void> {
  const entries = await database.query<{ id: string; phone: string | null }>(
    `SELECT request_id AS id, new_values ->> 'phone' AS phone FROM audit_logs WHERE table_name = 'members' AND request_id IS NOT NULL`,
  );
  const recorded = new Map(entries.map((entry) => [entry.id, entry.phone]));
  const missing = outcomes
    .filter(isOk)
    .filter(({ reply, isChange, phone }) => recorded.get(reply!.requestId) !== (isChange ? phone : null));
  expect(missing).toEqual([]);
}

/** How often this has been answered, as whichever worker answers says. */
async function liveCount(api: Program): Promise<number> {
  return countIn((await api.anonymous.get('/../../metrics')).text);
}

function countIn(page: string): number {
  return Number(/^ip2a_request_seconds_count\{operation="system:live",status="200"\} (\d+)$/m.exec(page)?.[1] ?? 0);
}

describe('several workers', () => {
  let api: Program;
  beforeAll(async () => {
    api = await spawnApi(database, settings);
  });
  afterAll(() => api.close());

  it('are as many as asked for, and know of one another what they measured', async () => {
    expect(workersOf(api)).toHaveLength(Number(WORKERS));
    const clients = Array.from({ length: 30 }, () =>
      api.client({ id: 0, email: '', password: '' }, api.anonymous.session),
    );
    const before = await liveCount(api);
    await Promise.all(clients.map((client) => client.get('/../../health/live')));
    // Each connection may be to another worker.
    const pages = await Promise.all(clients.slice(0, 6).map((client) => client.get('/../../metrics')));
    const counts = pages.map(({ text: one }) => countIn(one));
    expect(new Set(counts)).toEqual(new Set([before + clients.length]));
    const page = (await api.anonymous.get('/../../metrics')).text;
    expect(page).toContain(`ip2a_workers_serving ${WORKERS}\n`);
    expect(page).toContain('ip2a_database_pool_size 20\n');
    expect(page).toMatch(/^ip2a_audit_partition_months_ahead [2-9]$/m);
    expect(page).toMatch(/^ip2a_audit_weaknesses 0$/m);
    for (const client of clients) client.close();
  });

  it('lose with one that is killed only what it had open, and are soon as many again', async () => {
    const counted = await liveCount(api);
    const load = await loadOn(api);
    const [victim] = workersOf(api) as [number, ...number[]];
    process.kill(victim, 'SIGKILL');
    await until(() => workersOf(api).length === Number(WORKERS) && !workersOf(api).includes(victim), startMs);
    const atReturn = load.answered;
    await until(() => load.answered > atReturn + 5 * lanes, startMs);
    const outcomes = await load.end();
    const failed = outcomes.filter((outcome) => !isOk(outcome));
    expect(failed.filter(({ error }) => error !== 'ECONNRESET')).toEqual([]);
    expect(failed.length).toBeLessThanOrEqual(lanes);
    await expectAcknowledgedOnRecord(outcomes);
    // Sums never shrink, or Prometheus would take it for a restart.
    expect(await liveCount(api)).toBeGreaterThanOrEqual(counted);
    expect((await api.anonymous.get('/../../metrics')).text).toContain('ip2a_worker_restarts_total 1\n');
  });

  it('are replaced on SIGHUP without a request that fails', async () => {
    const before = workersOf(api);
    // A worker that is replaced waits for clients that keep a connection without using it.
    for (const idle of [api.anonymous, await api.as('staff')]) idle.close();
    const load = await loadOn(api);
    (await api.as('staff')).close();
    api.child.kill('SIGHUP');
    await until(() => api.output.includes('Every worker was replaced.'), startMs);
    await until(() => workersOf(api).every((pid) => !before.includes(pid)), startMs);
    const outcomes = await load.end();
    expect(outcomes.filter((outcome) => !isOk(outcome))).toEqual([]);
    expect(workersOf(api)).toHaveLength(Number(WORKERS));
    await expectAcknowledgedOnRecord(outcomes);
  });

  it('answer on SIGTERM what was asked before', async () => {
    const workers = workersOf(api);
    const load = await loadOn(api);
    const before = load.answered;
    expect(await api.end('SIGTERM')).toBe(0);
    const outcomes = await load.end();
    expect(outcomes.slice(0, before).filter((outcome) => !isOk(outcome))).toEqual([]);
    const errors = new Set(outcomes.filter((outcome) => !isOk(outcome)).map(({ error }) => error));
    expect([...errors].filter((error) => error !== 'ECONNREFUSED' && error !== 'ECONNRESET')).toEqual([]);
    expect(workers.filter(isAlive)).toEqual([]);
    await expectAcknowledgedOnRecord(outcomes);
  });
});

it('end when their supervisor is killed', async () => {
  const api = await spawnApi(database, settings);
  const workers = workersOf(api);
  expect(workers).toHaveLength(Number(WORKERS));
  expect(await api.end('SIGKILL')).toBeNull();
  await until(() => workers.filter(isAlive).length === 0, 5_000);
  await expect(api.anonymous.get('/../../health/live')).rejects.toThrow();
  await api.close();
});

it('say why they can not start, once', async () => {
  const api = await spawnApi(database, { WORKERS: '1' });
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-supervisor-'));
  const env = { ...environmentOf(database, folder), ...settings, PORT: new URL(api.url).port };
  const child = spawn(process.execPath, [resolve('dist/apps/api/src/main.js')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect(said).toMatch(/EADDRINUSE/);
  expect(said.match(/^IP2A can not start: a worker \d+ ended with 1 before it listened\.$/gm)).toHaveLength(1);
  expect(code).toBe(1);
  rmSync(folder, { recursive: true });
  await api.close();
});

it('use the embedded server of their supervisor, which starts it again when it is killed and ends it with itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-supervisor-'));
  const env = { PATH: process.env.PATH, DATA_DIR: folder, PORT: '0', WORKERS, LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, [resolve('dist/apps/api/src/main.js')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  killAtExit(child);
  let said = '';
  let reported = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (reported += chunk.toString()));
  await until(() => /^ {2}member/m.test(said), startMs);
  const [, url] = /^IP2A listens on (http:\/\/127\.0\.0\.1:\d+) /.exec(said)!;
  const [, email, password] = /^ {2}admin\S*\s+(\S+@\S+)\s+(\S+)/m.exec(said)!;
  const logIn = () =>
    fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    }).then(({ status }) => status);
  const isReady = () => fetch(`${url}/health/ready`).then(({ ok }) => ok);
  expect(await logIn()).toBe(200);
  // Only its superuser can make event triggers.
  const { config, stop } = await openRuntime('attach', { env });
  const owner = new DatabaseClient({ connectionString: config.databaseOwnerUrl });
  await owner.connect();
  expect((await owner.query(`SELECT FROM pg_event_trigger WHERE evtname LIKE 'ip2a%'`)).rowCount).toBe(2);
  await owner.end();
  await stop();
  const [postmaster] = readFileSync(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(postmaster), 'SIGKILL');
  await until(() => reported.includes('PostgreSQL runs again.'), startMs);
  await until(isReady, startMs);
  expect(await logIn()).toBe(200);

  const everybody = childrenOf(child.pid!).flatMap((pid) => [pid, ...childrenOf(pid)]);
  expect(childrenOf(child.pid!)).toHaveLength(1 + Number(WORKERS));
  child.kill('SIGKILL');
  await until(() => everybody.filter(isAlive).length === 0, 30_000);
  rmSync(folder, { recursive: true });
});
