import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { killAtExit } from './processes';
import type { TestDatabase } from './database';
import { runInHost, type Ended } from './command-hosts';
import { environmentOf } from './program';

const entryPoint = resolve('dist/apps/cli/src/main.js');

type Database = Pick<TestDatabase, 'applicationUrl' | 'ownerUrl'>;

interface Site {
  /** DATA_DIR, which exists. */
  folder: string;
  /** Further settings, and others than a command has by itself. */
  env?: NodeJS.ProcessEnv;
  /** What its standard input holds. */
  input?: string;
}

/** A command as operators give it: the compiled program in a process of its own, which a test may kill. */
export class Command {
  stdout = '';
  stderr = '';

  constructor(readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  /** Waits for its end; answers its exit status, or null after a kill. */
  async gone(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }

  /** Resolves once either output holds what matches; rejects where the command ends before. */
  async shows(pattern: RegExp): Promise<void> {
    const has = () => pattern.test(plain(this.stdout)) || pattern.test(plain(this.stderr));
    const { child } = this;
    await new Promise<void>((resolve, reject) => {
      const look = () => has() && resolve();
      child.stdout?.on('data', look);
      child.stderr?.on('data', look);
      child.once('close', () => reject(new Error(`It ended without ${pattern.source}: ${this.stdout}${this.stderr}`)));
      look();
    });
  }
}

/** Starts a command on a test's database, in a process of its own. `npm run build` comes before the tests. */
export function start(database: Database, args: readonly string[], { folder, env, input }: Site): Command {
  if (!existsSync(entryPoint)) throw new Error(`${entryPoint} is missing: run "npm run build" first.`);
  const child = spawn(process.execPath, [entryPoint, ...args], {
    env: { ...environmentOf(database, folder), ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  return detach(child);
}

/** Gives a command and waits for its end. Without a folder it gets one of its own for that time. */
export async function run(
  database: Database,
  args: readonly string[],
  { folder, env, input }: Partial<Site> = {},
): Promise<Ended> {
  const ownFolder = folder ?? mkdtempSync(join(tmpdir(), 'ip2a-command-'));
  try {
    // The host has no input to give.
    if (input === undefined) return await runInHost(args, { ...environmentOf(database, ownFolder), ...env });
    const command = start(database, args, { folder: ownFolder, env, input });
    return { status: await command.gone(), stdout: command.stdout, stderr: command.stderr };
  } finally {
    if (!folder) rmSync(ownFolder, { recursive: true });
  }
}

/**
 * Gives a command at a terminal of its own, made by script(1) of util-linux, which hands on the text that is written to its
 * input.
 */
export function startAtTerminal(database: Database, args: readonly string[], { folder, env }: Site): Command {
  const settings = { ...environmentOf(database, folder), ...env, TERM: 'xterm', SHELL: '/bin/sh' };
  const line = [process.execPath, entryPoint, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', line, '/dev/null'], { env: settings, stdio: ['pipe', 'pipe', 'pipe'] });
  return detach(child);
}

const known = spawnSync('script', ['--version'], { encoding: 'utf8' });
export const hasTerminals = known.error === undefined && known.stdout.includes('util-linux');

/** The worker does not wait for a command that a failed test did not end. */
function detach(child: ChildProcess): Command {
  killAtExit(child);
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
  return new Command(child);
}

/** Without colours and the line breaks of a narrow terminal. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ');
}
