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

export interface ServerChild extends Child {
  url: string;
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

/** Starts a server and waits for it to say where it listens. */
export async function startServer(program: Program, cleanup: Cleanup): Promise<ServerChild> {
  const child = start(program, cleanup);
  const url = new Promise<string>((resolve) => {
    let said = '';
    child.process.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const [, listensOn] = /listens on (http:\/\/[\w.:]+)/.exec(said) ?? [];
      if (listensOn) resolve(listensOn);
    });
  });
  const started = Promise.race([url, child.ended]);
  return { ...child, url: await inTime(started, startPatienceMs, `${program.name} did not start in time.`) };
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
