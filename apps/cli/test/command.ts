import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { environmentOf } from '../../api/test/harness';
import type { TestDatabase } from '../../../test/setup/database';

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

  /** Resolves with the first line of either output that matches; rejects when the command ends before. */
  async line(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      for (const input of [this.child.stdout, this.child.stderr]) {
        if (input) createInterface({ input }).on('line', (line) => pattern.test(line) && resolve(line));
      }
      this.child.once('close', () => reject(new Error(`It ended without ${pattern.source}: ${this.stderr}`)));
    });
  }
}

/** Starts a command on a test's database. `npm run build` comes before the tests. */
export function start(database: TestDatabase, folder: string, ...args: string[]): Command {
  if (!existsSync(entryPoint)) throw new Error(`${entryPoint} is missing: run "npm run build" first.`);
  const env = environmentOf(database, folder);
  const child = spawn(process.execPath, [entryPoint, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  process.once('exit', () => child.kill('SIGKILL'));
  return new Command(child);
}

/** Gives a command and waits for its end. */
export async function run(database: TestDatabase, folder: string, ...args: string[]) {
  const command = start(database, folder, ...args);
  const status = await command.gone();
  return { status, stdout: command.stdout, stderr: command.stderr };
}
