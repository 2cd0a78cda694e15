import { linkSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.error';
import {
  type ProcessIdentity,
  commandLineOf,
  isAlive,
  isInUse,
  processesIn,
  sendSignal,
  thisProcess,
  waitUntil,
  workingFolderOf,
} from './processes';

/** A running server of one data folder. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** The process that started it; undefined when it was not IP2A. */
  readonly owner: ProcessIdentity | undefined;
  /** False while it starts, recovers or stops. */
  readonly isReady: boolean;
}

const orphanPatienceMs = 5_000;
const shutdownPatienceMs = 60_000;

/**
 * The owner is kept on the server's own command line, as a setting: unlike a file it cannot outlive the server, be lost,
 * or name the owner of another run.
 */
export function ownerSetting(): string {
  const { pid, startedAt } = thisProcess();
  return `ip2a.owner=${pid}@${startedAt}`;
}

/** What postmaster.pid says, if the process it names really is the server of this folder. */
export function findPostmaster(dataFolder: string): Postmaster | undefined {
  const [pid, , , port, , , , status] = readLockFile(dataFolder)?.split('\n') ?? [];
  if (!Number(pid) || !Number(port) || !isServerOf(Number(pid), dataFolder)) return undefined;
  const [, ownerPid, startedAt] = / ip2a\.owner=(\d+)@(\S+)/.exec(commandLineOf(Number(pid)) ?? '') ?? [];
  const owner = startedAt === undefined ? undefined : { pid: Number(ownerPid), startedAt };
  return { pid: Number(pid), port: Number(port), owner, isReady: ['ready', 'standby'].includes(status?.trim() ?? '') };
}

export function isOwned(postmaster: Postmaster): boolean {
  return postmaster.owner !== undefined && isAlive(postmaster.owner);
}

/** Ends a server whose owner is gone: the guardian usually does, and what it left is told to. */
export async function stopOrphan(postmaster: Postmaster, dataFolder: string): Promise<void> {
  const isGone = (): boolean => !isServerOf(postmaster.pid, dataFolder);
  if (await waitUntil(isGone, orphanPatienceMs)) return;
  await stopServer(postmaster, dataFolder);
}

/** A fast shutdown, and if that takes longer than a minute an immediate one, which the next start recovers from. */
export async function stopServer(postmaster: Postmaster, dataFolder: string): Promise<void> {
  const isGone = (): boolean => !isServerOf(postmaster.pid, dataFolder);
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (isGone()) return;
    sendSignal(postmaster.pid, signal);
    if (await waitUntil(isGone, shutdownPatienceMs)) return;
  }
  throw new EmbeddedPostgresError(`PostgreSQL (pid ${postmaster.pid}) in ${dataFolder} does not stop: end it by hand`);
}

/**
 * A backend that outlived its killed server in the middle of a long query holds up the next start until it looks up from
 * it. Without its server it has nobody to answer to: all of this folder's are told to stop at once.
 */
export function endAbandonedBackends(dataFolder: string): void {
  const pids = processesIn(dataFolder);
  if (pids.some((pid) => isServerOf(pid, dataFolder))) return;
  for (const pid of pids) if (commandLineOf(pid)?.startsWith('postgres: ')) sendSignal(pid, 'SIGQUIT');
}

/**
 * PostgreSQL refuses to start while the number in postmaster.pid belongs to any process of its user, also to another
 * program after a crash, and when a crash left the file empty. A file that it can judge by itself is left to it.
 */
export function clearStaleLock(dataFolder: string): void {
  const lockFile = join(dataFolder, 'postmaster.pid');
  const content = readLockFile(dataFolder);
  if (content === undefined || !isStale(content, lockFile, dataFolder)) return;
  const aside = `${lockFile}.${process.pid}`;
  renameSync(lockFile, aside);
  // Between the look and the renaming, another process may have started the server: its file goes back.
  if (readFileSync(aside, 'utf8') !== content) linkSync(aside, lockFile);
  rmSync(aside);
}

function isStale(content: string, lockFile: string, dataFolder: string): boolean {
  const pid = Number(content.split('\n')[0]);
  if (pid > 0) return isInUse(pid) && !isServerOf(pid, dataFolder);
  const isBeingWritten = Date.now() - statSync(lockFile).mtimeMs < 1_000;
  return !isBeingWritten;
}

function readLockFile(dataFolder: string): string | undefined {
  try {
    return readFileSync(join(dataFolder, 'postmaster.pid'), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new EmbeddedPostgresError(`cannot read ${dataFolder} (${code}): start IP2A as its owner, or set DATA_DIR`);
  }
}

/** Its children are called "postgres: <what they do>" and name no folder. */
function isServerOf(pid: number, dataFolder: string): boolean {
  const commandLine = commandLineOf(pid) ?? '';
  if (!commandLine.includes('postgres -D ')) return false;
  const workingFolder = workingFolderOf(pid);
  return workingFolder === undefined ? commandLine.includes(` -D ${dataFolder} `) : workingFolder === dataFolder;
}
