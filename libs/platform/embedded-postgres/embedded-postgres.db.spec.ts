import { type ChildProcess, type SpawnOptions, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '#platform/embedded-postgres';
import { isSoak } from '../../../test/support/soak';

const nobody = 65534;
const itAsRoot = process.getuid?.() === 0 ? it : it.skip;
/** Guardians are found through /proc. */
const itOnLinux = process.platform === 'linux' ? it : it.skip;

const children: ChildProcess[] = [];
const servers: EmbeddedPostgres[] = [];
let folder: string;
/** What was said of the server, a line each. */
let reports: string[];

/** A folder that a server was started in once, and stopped. Making it takes most of the time of a first start. */
let made: string;
beforeAll(async () => {
  made = mkdtempSync(join(tmpdir(), 'ip2a-embedded-postgres-'));
  await (await startEmbeddedPostgres({ folder: made, mode: 'own' })).stop();
});
afterAll(() => rmSync(made, { recursive: true, force: true }));

beforeEach(() => {
  reports = [];
  folder = mkdtempSync(join(tmpdir(), 'ip2a-embedded-postgres-'));
});

/** The test's folder is one that a server was started in before. */
function notForTheFirstTime(): void {
  execFileSync('cp', ['-a', `${made}/.`, folder]);
}

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  for (const server of servers.splice(0)) await server.stop();
  await waitForTheServersEnd();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

describe('a start and the next', () => {
  it('keeps the data, in roles that are not superusers', async () => {
    const first = await start();
    await query(first.ownerUrl, 'CREATE TABLE kept (note text)');
    await query(first.ownerUrl, "INSERT INTO kept VALUES ('here')");
    await first.stop();
    expect(postmasterPid()).toBeUndefined();

    const second = await start();
    expect(await query(second.ownerUrl, 'SELECT note FROM kept')).toEqual([{ note: 'here' }]);
    expect(
      await query(
        second.superuserUrl,
        `SELECT rolname, rolsuper, rolcanlogin, pg_get_userbyid(datdba) AS owner
         FROM pg_roles, pg_database WHERE rolname LIKE 'ip2a%' AND datname = 'ip2a' ORDER BY rolname`,
      ),
    ).toEqual([
      { rolname: 'ip2a_app', rolsuper: false, rolcanlogin: true, owner: 'ip2a_owner' },
      { rolname: 'ip2a_owner', rolsuper: false, rolcanlogin: true, owner: 'ip2a_owner' },
    ]);
    await expect(query(second.applicationUrl, 'CREATE TABLE mine (note text)')).rejects.toThrow('permission denied');
  });

  it('serves UTF-8, UTC and checksums, with the settings that were asked for', async () => {
    notForTheFirstTime();
    const { applicationUrl } = await start({ max_connections: '17' });
    const [settings] = await query(
      applicationUrl,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('TimeZone') AS zone,
              current_setting('data_checksums') AS checksums, current_setting('fsync') AS fsync,
              current_setting('max_connections') AS connections, current_setting('listen_addresses') AS address,
              upper('é') AS upper`,
    );
    expect(settings).toEqual({
      encoding: 'UTF8',
      zone: 'UTC',
      checksums: 'on',
      fsync: 'on',
      connections: '17',
      address: '127.0.0.1',
      upper: 'É',
    });
  });

  it('keeps the passwords from other users and lets nobody in without one', async () => {
    notForTheFirstTime();
    const { applicationUrl } = await start();
    expect(statSync(join(folder, 'credentials.json')).mode & 0o777).toBe(0o600);
    const url = new URL(applicationUrl);
    url.password = 'guessed';
    await expect(query(url.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  itAsRoot('works for an ordinary user as well', async () => {
    chownSync(folder, nobody, nobody);
    const child = startChild('own', { uid: nobody, gid: nobody });
    const url = await urlFrom(child);
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(statSync(join(folder, 'data')).uid).toBe(nobody);
  });
});

describe('two processes and one folder', () => {
  it('refuses a second owner and names the first', async () => {
    notForTheFirstTime();
    await urlFrom(startChild('own'));
    await expect(startEmbeddedPostgres({ folder, mode: 'own' })).rejects.toThrow(
      `another IP2A (pid ${children[0]?.pid}) is using ${folder}: stop it, or set DATA_DIR to another folder`,
    );
  });

  it('attaches to the running server and leaves it running', async () => {
    notForTheFirstTime();
    const url = await urlFrom(startChild('own'));
    const attached = await startEmbeddedPostgres({ folder, mode: 'attach' });
    expect(attached.applicationUrl).toBe(url);
    await attached.stop();
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('starts the server itself where there is none to attach to, and stops that one', async () => {
    const server = await startEmbeddedPostgres({ folder, mode: 'attach' });
    expect(await query(server.applicationUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
    expect(postmasterPid()).toBeUndefined();
  });

  it('gives both the same server when two first starts attach at once', async () => {
    const urls = await Promise.all([urlFrom(startChild('attach')), urlFrom(startChild('attach'))]);
    expect(urls[0]).toBe(urls[1]);
    expect(readdirSync(folder).filter((name) => name.startsWith('draft'))).toEqual([]);
  });
});

describe('the end of the owner', () => {
  it('lets the process end by itself, and the server ends with it', async () => {
    const child = startChild('leave');
    await urlFrom(child);
    expect(await exitOf(child)).toBe(0);
    await waitForTheServersEnd();
  });

  it('stops the server within seconds of a kill -9', async () => {
    notForTheFirstTime();
    const child = startChild('own');
    await query(await urlFrom(child), 'SELECT 1');
    await kill(child);
    await waitForTheServersEnd();
    expect(await query((await start()).applicationUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('takes the folder over right after a kill -9, while the old server is still stopping', async () => {
    notForTheFirstTime();
    const child = startChild('own');
    await urlFrom(child);
    await kill(child);
    expect(await query((await start()).applicationUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  itOnLinux('ends an orphan whose guardian was killed, too', async () => {
    notForTheFirstTime();
    const child = startChild('own');
    await urlFrom(child);
    const orphan = postmasterPid();
    for (const guardian of guardians()) process.kill(guardian, 'SIGKILL');
    await kill(child);
    const { superuserUrl } = await start();
    expect(await query(superuserUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(postmasterPid()).not.toBe(orphan);
  });

  itOnLinux('stops its server even when the guardian was killed', async () => {
    notForTheFirstTime();
    const server = await start();
    for (const guardian of guardians()) process.kill(guardian, 'SIGKILL');
    await server.stop();
    expect(postmasterPid()).toBeUndefined();
  });

  itOnLinux('keeps committed data when everything is killed at once', async () => {
    const child = startChild('own');
    const url = await urlFrom(child);
    const owner = new URL(url);
    owner.username = 'ip2a_owner';
    const credentials: unknown = JSON.parse(readFileSync(join(folder, 'credentials.json'), 'utf8'));
    owner.password = (credentials as { ip2a_owner: string }).ip2a_owner;
    await query(owner.href, "CREATE TABLE kept AS SELECT 'here' AS note");
    for (const pid of [...guardians(), postmasterPid() ?? 0]) process.kill(pid, 'SIGKILL');
    await kill(child);
    expect(await query((await start()).ownerUrl, 'SELECT note FROM kept')).toEqual([{ note: 'here' }]);
  });
});

describe('a server that ends by itself', () => {
  it('is started again on its port, with what was committed, each time it is killed', async () => {
    notForTheFirstTime();
    const { ownerUrl } = await start();
    await query(ownerUrl, "CREATE TABLE kept AS SELECT 'here' AS note");
    for (const time of [1, 2]) {
      killPostmaster();
      await runsAgain(time);
    }
    expect(await query(ownerUrl, 'SELECT note FROM kept')).toEqual([{ note: 'here' }]);
  });

  itOnLinux('is started again when its guardian was killed before it', async () => {
    notForTheFirstTime();
    const { superuserUrl } = await start();
    const pid = postmasterPid();
    killGuardians();
    expect(await query(superuserUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    killPostmaster();
    await runsAgain();
    expect(postmasterPid()).not.toBe(pid);
  });

  it('is tried again, and says why, until what was in its way is gone', async () => {
    notForTheFirstTime();
    const { superuserUrl } = await start();
    const control = join(folder, 'data', 'global', 'pg_control');
    renameSync(control, `${control}.away`);
    killPostmaster();
    const refused = () => reports.filter((line) => /^PostgreSQL does not start: .*pg_control/.test(line));
    await waitFor(() => refused().length >= 3);
    renameSync(`${control}.away`, control);
    await runsAgain();
    expect(await query(superuserUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('stays stopped when it is stopped between two attempts', async () => {
    notForTheFirstTime();
    const server = await start();
    const control = join(folder, 'data', 'global', 'pg_control');
    renameSync(control, `${control}.away`);
    killPostmaster();
    await waitFor(() => reports.some((line) => line.startsWith('PostgreSQL does not start')));
    await server.stop();
    renameSync(`${control}.away`, control);
    const said = reports.length;
    await sleep(500);
    expect(reports).toHaveLength(said);
    expect(await query((await start()).superuserUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('what a crash leaves behind', () => {
  it.each(['the number of another program', 'an empty file'])('is no obstacle: %s in postmaster.pid', async (what) => {
    notForTheFirstTime();
    const data = join(folder, 'data');
    const { uid, gid } = statSync(data);
    const other = spawn('sleep', ['60'], { uid, gid, stdio: 'ignore' });
    children.push(other);
    const lines = [other.pid, data, 1, 54321, '', '127.0.0.1', '', 'ready'];
    writeFileSync(join(data, 'postmaster.pid'), what === 'an empty file' ? '' : lines.join('\n'));
    chownSync(join(data, 'postmaster.pid'), uid, gid);
    expect(await query((await start()).applicationUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  const instantsMs = isSoak ? [...Array(25).keys()].map((step) => step * 40) : [100, 500];
  it.each(instantsMs)('is healed when the first start was killed after %i ms', async (afterMs) => {
    const child = startChild('own');
    await lineFrom(child, 'starting');
    await sleep(afterMs);
    await kill(child);
    const { ownerUrl, applicationUrl } = await start();
    expect(await query(ownerUrl, 'SELECT current_user::text AS role')).toEqual([{ role: 'ip2a_owner' }]);
    expect(await query(applicationUrl, 'SELECT current_user::text AS role')).toEqual([{ role: 'ip2a_app' }]);
    expect(readdirSync(folder).filter((name) => name.startsWith('draft'))).toEqual([]);
  });

  it('is named in one line when the passwords are gone', async () => {
    notForTheFirstTime();
    rmSync(join(folder, 'credentials.json'));
    await expect(start()).rejects.toThrow(/^\S+credentials\.json is missing or not of this database: put it back.*$/);
  });
});

async function start(settings?: Record<string, string>): Promise<EmbeddedPostgres> {
  const report = (line: string) => void reports.push(line);
  const server = await startEmbeddedPostgres({ folder, mode: 'own', report, ...(settings && { settings }) });
  servers.push(server);
  return server;
}

/** A Node process of its own that starts the server, says so, and stays until it is killed (or, to `leave`, does not). */
function startChild(mode: 'own' | 'attach' | 'leave', user: SpawnOptions = {}): ChildProcess {
  const program = `
    const { startEmbeddedPostgres } = require(${JSON.stringify(resolve('dist/libs/platform/embedded-postgres'))});
    console.log('starting');
    startEmbeddedPostgres({ folder: ${JSON.stringify(folder)}, mode: '${mode === 'attach' ? 'attach' : 'own'}' }).then((server) => {
      console.log(server.applicationUrl);
      if ('${mode}' !== 'leave') setInterval(() => {}, 1000);
    });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'], ...user });
  children.push(child);
  return child;
}

function urlFrom(child: ChildProcess): Promise<string> {
  return lineFrom(child, 'postgresql:');
}

async function lineFrom(child: ChildProcess, start: string): Promise<string> {
  if (child.stdout === null) throw new Error('the child has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith(start)) return line;
  }
  throw new Error(`the child ended before it said "${start}"`);
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await exitOf(child);
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

function postmasterPid(): number | undefined {
  try {
    return Number(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return undefined;
  }
}

async function waitForTheServersEnd(): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (postmasterPid() !== undefined) {
    if (Date.now() > deadline) throw new Error('the server is still there after 5 s');
    await sleep(20);
  }
}

function killPostmaster(): void {
  process.kill(postmasterPid()!, 'SIGKILL');
}

function killGuardians(): void {
  for (const guardian of guardians()) process.kill(guardian, 'SIGKILL');
}

function runsAgain(times = 1): Promise<void> {
  return waitFor(() => reports.filter((line) => line === 'PostgreSQL runs again.').length === times);
}

async function waitFor(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`it did not come within 60 s:\n${reports.join('\n')}`);
    await sleep(20);
  }
}

/** The guardian and its watcher: the shells that have this folder on their command line. */
function guardians(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && commandLineOf(pid).startsWith('/bin/sh') && commandLineOf(pid).includes(folder));
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
