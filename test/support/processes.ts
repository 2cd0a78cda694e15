import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The processes that a process started and that still run. Linux only. */
export function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && parentOf(pid) === parent);
}

/** Kills a child when the worker ends, so that a test that failed before it ended its child leaves nothing behind. */
export function killAtExit(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}

/** Signals processes, and those that they have started meanwhile. One that has ended is left out. */
export function signalAll(processes: () => number[], signal: NodeJS.Signals): void {
  const signalled = new Set<number>();
  for (;;) {
    const others = processes().filter((pid) => !signalled.has(pid));
    if (others.length === 0) return;
    for (const pid of others) {
      signalled.add(pid);
      signalOne(pid, signal);
    }
  }
}

/** Whether the process was there to be signalled. */
export function signalOne(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
}

export function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
}

export function isAlive(pid: number): boolean {
  return /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`));
}

function parentOf(pid: number): number {
  return isAlive(pid) ? Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1]) : 0;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
