import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import { resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { environmentOf } from './harness';
import type { TestDatabase } from './database';

const entryPoint = resolve('dist/apps/cli/src/main.js');

/** A command as operators give it: the compiled program in a process of its own, which a test may kill. */
export class Command {
  stdout = '';
  stderr = '';

  constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
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

/** Without colours and the line breaks of a narrow terminal. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ');
}

/** A test that failed before its command ended neither leaves it behind nor waits for it. */
function letGo(child: ChildProcess): Command {
  process.once('exit', () => child.kill('SIGKILL'));
  child.unref();
  for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
  return new Command(child);
}

/** Starts a command on a test's database. `npm run build` comes before the tests. */
export function start(database: TestDatabase, folder: string, ...args: string[]): Command {
  if (!existsSync(entryPoint)) throw new Error(`${entryPoint} is missing: run "npm run build" first.`);
  const env = environmentOf(database, folder);
  const child = spawn(process.execPath, [entryPoint, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return letGo(child);
}

/** Gives a command and waits for its end. */
export async function run(database: TestDatabase, folder: string, ...args: string[]) {
  const command = start(database, folder, ...args);
  const status = await command.gone();
  return { status, stdout: command.stdout, stderr: command.stderr };
}

/** Gives a command at a terminal of its own, made by script(1) of util-linux, which hands on what is written to its input. */
export function startAtTerminal(database: TestDatabase, folder: string, ...args: string[]): Command {
  const env = { ...environmentOf(database, folder), TERM: 'xterm', SHELL: '/bin/sh' };
  const line = [process.execPath, entryPoint, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qefc', line, '/dev/null'], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  return letGo(child);
}

const known = spawnSync('script', ['--version'], { encoding: 'utf8' });
export const hasTerminals = known.error === undefined && known.stdout.includes('util-linux');
