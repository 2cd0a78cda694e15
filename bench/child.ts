import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Cleanup } from './cleanup';

/** How long a process may take to start listening, and to end when told to, in ms. */
const startPatienceMs = 60_000;
const endPatienceMs = 10_000;

interface Program {
  /** In the words of an error message. */
  name: string;
  file: string;
  args?: string[];
  env?: Record<string, string>;
}

export interface Child {
  pid: number;
  process: ChildProcess;
  /** Rejects when the process ends, with what it said last. */
  ended: Promise<never>;
}

/**
 * Starts a program of ours in a process of its own, which never outlives the bench. Options given to Node for the bench,
 * such as --cpu-prof, hold for it, too; variables of the environment do not, so that every run measures the same.
 */
export function start({ name, file, args = [], env = {} }: Program, cleanup: Cleanup): Child {
  const execArgv = [...process.execArgv, '--require', join(__dirname, 'leave-with-parent.js')];
  const child = fork(file, args, { env, execArgv, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let tail = '';
  const keepTail = (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-2_000));
  child.stdout?.on('data', keepTail);
  child.stderr?.on('data', keepTail);
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => reject(new Error(`${name} ended (${signal ?? status}):\n${tail}`)));
  });
  // Whoever waits for something of this process races with its end; where nobody does, the end is expected.
  ended.catch(() => undefined);
  cleanup.defer(() => stop(child));
  return { pid: child.pid ?? 0, process: child, ended };
}

/** The URL that a server says it listens on. */
export async function listeningUrl(child: Child): Promise<string> {
  const said = new Promise<string>((resolve) => {
    let text = '';
    child.process.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /listens on (http:\/\/[\w.:]+)/.exec(text)?.[1];
      if (url) resolve(url);
    });
  });
  return inTime(Promise.race([said, child.ended]), startPatienceMs, 'A server did not start.');
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGTERM');
  await inTime(closed, endPatienceMs, '').catch(() => child.kill('SIGKILL'));
  await closed;
}

async function inTime<T>(work: Promise<T>, limitMs: number, complaint: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(complaint)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
