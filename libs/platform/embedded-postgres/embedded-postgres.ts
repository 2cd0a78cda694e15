import { closeSync, existsSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeCluster, provision, refusalOf } from './cluster';
import { type Credentials, readCredentials, readOrMakeCredentials, urlOf } from './credentials';
import { EmbeddedPostgresError } from './embedded-postgres.error';
import { type GuardedCommand, runGuarded } from './guardian';
import { type Layout, layOut, reasonInLog, rotateLog } from './layout';
import {
  type Postmaster,
  clearStaleLock,
  endAbandonedBackends,
  findPostmaster,
  isOwned,
  ownerSetting,
  stopOrphan,
} from './postmaster';
import { type Programs, findPrograms } from './programs';
import { type RunAs, chooseRunAs } from './run-as';
import { SupervisedServer } from './supervision';

export interface EmbeddedPostgres {
  /** Role postgres, database postgres. */
  readonly superuserUrl: string;
  /** Role ip2a_owner, which owns the database ip2a. */
  readonly ownerUrl: string;
  /** Role ip2a_app, which owns nothing, on the database ip2a. */
  readonly applicationUrl: string;
  /** Stops the server if this process started it; otherwise does nothing. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Its data, passwords and log; made when missing. */
  readonly folder: string;
  /** Whether a server that another process runs in this folder is a reason to refuse, or is used. */
  readonly mode: 'own' | 'attach';
  /** PostgreSQL settings that differ from ours. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Is told, in one line, of a server that ended by itself and of each attempt to start it again. */
  readonly report?: (line: string) => void;
}

const defaultSettings = {
  shared_buffers: '256MB',
  max_connections: '100',
  fsync: 'on',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  unix_socket_directories: '',
  // Details and statements in the log would carry personal data.
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
};

/** Crash recovery of a large database may take minutes. */
const startTimeoutMs = 300_000;
/** What else may be in the way of a start passes within seconds: a port taken meanwhile, a killed server's children. */
const retryTimeoutMs = 15_000;

/**
 * PostgreSQL without an installation. It listens on 127.0.0.1 only. It stops when this process ends, even by kill -9. When it
 * ends by itself it is started again on the same port. Refuses, in mode `own`, a folder that another process is using.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const programs = findPrograms();
  const layout = layOut(options.folder);
  const deadline = Date.now() + retryTimeoutMs;
  let isLogRotated = false;
  for (;;) {
    const running = findPostmaster(layout.data);
    if (running !== undefined) {
      const attached = await dealWith(running, layout, options);
      if (attached !== undefined) return attached;
      continue;
    }
    const runAs = chooseRunAs(layout.folder, layout.data, programs.postgres);
    if (!isLogRotated) rotateLog(layout);
    isLogRotated = true;
    const credentials = await prepareCluster(layout, programs, runAs, options);
    const port = await findFreePort();
    const start = (): Promise<GuardedCommand | undefined> =>
      launch(layout, programs, runAs, credentials, port, options.settings);
    const server = await start();
    if (server !== undefined) {
      const supervised = new SupervisedServer(server, layout, start, options.report ?? (() => undefined));
      return { ...urlsOf(credentials, port), stop: () => supervised.stop() };
    }
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(`PostgreSQL does not start in ${layout.folder}: ${reasonInLog(layout)}`);
    }
    endAbandonedBackends(layout.data);
    await sleep(100);
  }
}

/** Undefined when the running server is gone afterwards, so that one can be started. */
async function dealWith(
  running: Postmaster,
  layout: Layout,
  { mode }: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres | undefined> {
  if (running.owner === undefined) {
    throw new EmbeddedPostgresError(
      `a PostgreSQL (pid ${running.pid}) that IP2A did not start is using ${layout.folder}: stop it, or set DATA_DIR`,
    );
  }
  if (!isOwned(running)) {
    await stopOrphan(running, layout.data);
    return undefined;
  }
  if (mode === 'attach') return attach(running, layout);
  throw new EmbeddedPostgresError(
    `another IP2A (pid ${running.owner.pid}) is using ${layout.folder}: ` +
      'stop it, or set DATA_DIR to another folder',
  );
}

/** The database comes last in a first start: when the application is let in, all is there. */
async function attach(running: Postmaster, layout: Layout): Promise<EmbeddedPostgres | undefined> {
  const credentials = readCredentials(layout);
  if (credentials === undefined) throw credentialsLost(layout);
  const urls = urlsOf(credentials, running.port);
  const deadline = Date.now() + startTimeoutMs;
  while (findPostmaster(layout.data)?.pid === running.pid && isOwned(running)) {
    const refusal = await refusalOf(urls.applicationUrl);
    if (refusal === undefined) return { ...urls, stop: () => Promise.resolve() };
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(`PostgreSQL (pid ${running.pid}) lets nobody in: ${refusal} (see ${layout.log})`);
    }
    await sleep(50);
  }
  return undefined;
}

async function prepareCluster(
  layout: Layout,
  programs: Programs,
  runAs: RunAs,
  { settings }: EmbeddedPostgresOptions,
): Promise<Credentials> {
  if (existsSync(layout.data)) {
    clearStaleLock(layout.data);
    const credentials = readCredentials(layout);
    if (credentials === undefined) throw credentialsLost(layout);
    return credentials;
  }
  const credentials = readOrMakeCredentials(layout);
  await makeCluster(layout, programs, runAs, credentials, { sync: settings?.fsync !== 'off' });
  return credentials;
}

/** Undefined when something was in the way that may pass: the port was taken, or another process was quicker. */
async function launch(
  layout: Layout,
  programs: Programs,
  runAs: RunAs,
  credentials: Credentials,
  port: number,
  differences: EmbeddedPostgresOptions['settings'],
): Promise<GuardedCommand | undefined> {
  const settings = { ...defaultSettings, ...differences, listen_addresses: '127.0.0.1', port: String(port) };
  const logFile = openSync(layout.log, 'a', 0o600);
  const server = runGuarded(
    [
      ...[programs.postgres, '-D', layout.data, '-c', ownerSetting()],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { runAs, folder: layout.data, logFile, signal: 'INT' },
  );
  closeSync(logFile);
  try {
    if (!(await waitUntilReady(server, credentials, port, layout))) return undefined;
    await provision(credentials, port);
  } catch (error) {
    server.release();
    await server.ended;
    throw error;
  }
  server.unref();
  return server;
}

async function waitUntilReady(
  server: GuardedCommand,
  credentials: Credentials,
  port: number,
  layout: Layout,
): Promise<boolean> {
  const deadline = Date.now() + startTimeoutMs;
  while (!server.hasEnded()) {
    const refusal = findPostmaster(layout.data)?.isReady
      ? await refusalOf(urlOf('postgres', credentials, port))
      : 'it is not ready';
    if (refusal === undefined) return true;
    if (refusal === invalidPassword) throw credentialsLost(layout);
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(`PostgreSQL lets nobody in: ${refusal} (see ${layout.log})`);
    }
    await sleep(20);
  }
  const reason = reasonInLog(layout);
  if (passingReasons.test(reason)) return false;
  throw new EmbeddedPostgresError(`PostgreSQL does not start in ${layout.folder}: ${reason}`);
}

const invalidPassword = '28P01';
const passingReasons =
  /could not create any TCP\/IP sockets|lock file .* (already exists|is empty)|pre-existing shared memory block/;

function urlsOf(credentials: Credentials, port: number): Omit<EmbeddedPostgres, 'stop'> {
  return {
    superuserUrl: urlOf('postgres', credentials, port),
    ownerUrl: urlOf('ip2a_owner', credentials, port),
    applicationUrl: urlOf('ip2a_app', credentials, port),
  };
}

function credentialsLost({ credentials, folder }: Layout): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `${credentials} is missing or not of this database: put it back, or set DATA_DIR to another folder than ${folder}`,
  );
}

/** The system chooses; between here and the server's start somebody else may take it. */
function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
