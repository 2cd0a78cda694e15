import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Credentials, urlOf } from './credentials';
import { EmbeddedPostgresError } from './embedded-postgres.error';
import { runGuarded } from './guardian';
import { type Layout, reasonInLog } from './layout';
import { isAlive, thisProcess, waitUntil } from './processes';
import { type Programs } from './programs';
import { type RunAs } from './run-as';

/**
 * Makes the cluster in a folder beside its place and renames it when it is complete, so that a cluster which is there is
 * whole. Where two processes do it at once, the first to finish wins and the other throws its own away.
 */
export async function makeCluster(
  layout: Layout,
  programs: Programs,
  runAs: RunAs,
  credentials: Credentials,
  options: { sync: boolean },
): Promise<void> {
  await removeAbandonedDrafts(layout);
  const draft = join(layout.folder, draftName());
  const passwordFile = join(draft, 'password');
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, `${credentials.postgres}\n`, { mode: 0o600 });
  for (const path of [draft, passwordFile]) chownSync(path, runAs.fileOwner.uid, runAs.fileOwner.gid);

  const logFile = openSync(layout.log, 'a', 0o600);
  const initdb = runGuarded(
    [
      ...[programs.initdb, '-D', join(draft, 'data'), '--username=postgres', `--pwfile=${passwordFile}`],
      ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'],
      ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--data-checksums', '--no-instructions'],
      ...(options.sync ? [] : ['--no-sync']),
    ],
    { runAs, folder: draft, logFile, signal: 'TERM' },
  );
  closeSync(logFile);
  if ((await initdb.ended) !== 0) {
    throw new EmbeddedPostgresError(`cannot make the database in ${layout.folder}: ${reasonInLog(layout)}`);
  }
  moveIntoPlace(join(draft, 'data'), layout);
  rmSync(draft, { recursive: true, force: true });
}

/** Creates what is missing of the roles and the database; a first start that was cut short anywhere is healed. */
export async function provision(credentials: Credentials, port: number): Promise<void> {
  const client = new Client({ connectionString: urlOf('postgres', credentials, port) });
  await client.connect();
  try {
    for (const role of ['ip2a_owner', 'ip2a_app'] as const) {
      const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
      const password = client.escapeLiteral(credentials[role]);
      if (rowCount === 0) await client.query(`CREATE ROLE ${role} LOGIN PASSWORD ${password}`);
    }
    const { rowCount } = await client.query("SELECT FROM pg_database WHERE datname = 'ip2a'");
    if (rowCount === 0) await client.query('CREATE DATABASE ip2a OWNER ip2a_owner');
  } finally {
    await client.end();
  }
}

/** Why a client cannot work there: the SQLSTATE or the system's error code; undefined when it can. */
export async function refusalOf(url: string): Promise<string | undefined> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).message;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function draftName(): string {
  const { pid, startedAt } = thisProcess();
  return `draft-${pid}@${startedAt}`;
}

async function removeAbandonedDrafts({ folder }: Layout): Promise<void> {
  for (const name of readdirSync(folder)) {
    const [, pid, startedAt] = /^draft-(\d+)@(.+)$/.exec(name) ?? [];
    if (startedAt === undefined || (isAlive({ pid: Number(pid), startedAt }) && name !== draftName())) continue;
    // The initdb of a killed process may still be writing for a moment; what cannot be removed now, the next start removes.
    await waitUntil(() => isRemoved(join(folder, name)), 5_000);
  }
}

function isRemoved(path: string): boolean {
  try {
    rmSync(path, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

function moveIntoPlace(made: string, layout: Layout): void {
  try {
    renameSync(made, layout.data);
  } catch (error) {
    if (!existsSync(layout.data)) throw error;
  }
  const folder = openSync(layout.folder, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
