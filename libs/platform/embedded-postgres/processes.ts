import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that is not mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque text without spaces: clock ticks since boot on Linux, elsewhere what `ps` says. */
  readonly startedAt: string;
}

const isLinux = process.platform === 'linux';

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? 'unknown' };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return startOf(identity.pid) === identity.startedAt;
}

/** Whether any process has this number, even one of another user or one that only waits to be reaped. */
export function isInUse(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The arguments of a process joined by spaces; undefined when it is gone or nobody else may look at it. */
export function commandLineOf(pid: number): string | undefined {
  return isLinux ? read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') : ps('command=', pid);
}

/** Only Linux tells; elsewhere, and for another user's process, undefined. */
export function workingFolderOf(pid: number): string | undefined {
  return isLinux ? attempt(() => readlinkSync(`/proc/${pid}/cwd`)) : undefined;
}

/** Every process that works in this folder; none where the system does not tell (see `workingFolderOf`). */
export function processesIn(folder: string): number[] {
  const pids = isLinux ? readdirSync('/proc').map(Number) : [];
  return pids.filter((pid) => pid > 0 && workingFolderOf(pid) === folder);
}

/** Sends a signal; a process that has ended meanwhile is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  attempt(() => process.kill(pid, signal));
}

/** Looks every 20 ms; false when the condition does not hold within the time. */
export async function waitUntil(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Undefined for a process that is gone; one that only waits to be reaped (a zombie) is gone as well. */
function startOf(pid: number): string | undefined {
  if (!isLinux) {
    const [state, ...start] = ps('stat=,lstart=', pid)?.trim().split(/\s+/) ?? [];
    return state === undefined || state.startsWith('Z') ? undefined : start.join('_');
  }
  // The second field, the program's name in parentheses, may itself contain spaces and parentheses.
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function read(file: string): string | undefined {
  return attempt(() => readFileSync(file, 'utf8'));
}

function ps(columns: string, pid: number): string | undefined {
  return attempt(() =>
    execFileSync('ps', ['-o', columns, '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
}

/** A process may end between any two looks at it, so every look may fail. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
