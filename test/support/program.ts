import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestDatabase } from './database';
import { Api } from './api';
import { write } from './keys';
import { killAtExit } from './processes';

const entryPoint = resolve('dist/apps/api/src/main.js');

/** A program that is started again has the keys it had before. */
const keys = {
  'jwt.pem': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
  'ledger.pem': generateKeyPairSync('ed25519').privateKey,
};

/** The API as operators run it: the compiled program in a process of its own, which a test may kill. */
export class Program extends Api {
  constructor(
    url: string,
    database: TestDatabase,
    readonly child: ChildProcess,
    readonly output: readonly string[],
    folder: string,
  ) {
    super(url, database, async () => {
      await this.end('SIGTERM');
      rmSync(folder, { recursive: true });
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The memory the process occupies now. Linux only, as the tests that ask for it. */
  get residentMiB(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  /** Waits for the process to be gone; answers its exit status, or null after a kill. */
  async gone(): Promise<number | null> {
    if (this.isRunning) await once(this.child, 'exit');
    return this.child.exitCode;
  }

  /** Sends the signal and waits for the process to be gone. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.isRunning) this.child.kill(signal);
    return this.gone();
  }
}

/** Starts the program on an existing database and waits until it listens. `npm run build` comes before the tests. */
export async function spawnApi(database: TestDatabase, env: NodeJS.ProcessEnv = {}): Promise<Program> {
  if (!existsSync(entryPoint)) throw new Error(`${entryPoint} is missing: run "npm run build" first.`);
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-program-'));
  const child = spawn(process.execPath, [entryPoint], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...environmentOf(database, folder), ...env },
  });
  // The worker does not wait for a program that a failed test did not end.
  killAtExit(child);
  child.unref();
  for (const pipe of [child.stdout, child.stderr]) (pipe as Socket).unref();
  const output: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => output.push(line));
  const url = await listening(child, output);
  return new Program(url, database, child, output, folder);
}

/** The settings of a program of ours on this database, whose DATA_DIR is the folder. */
export function environmentOf(
  database: Pick<TestDatabase, 'applicationUrl' | 'ownerUrl'>,
  folder: string,
): NodeJS.ProcessEnv {
  // Another program may be reading them.
  for (const [name, key] of Object.entries(keys)) if (!existsSync(join(folder, name))) write(join(folder, name), key);
  return {
    PATH: process.env.PATH,
    DATABASE_URL: database.applicationUrl,
    DATABASE_OWNER_URL: database.ownerUrl,
    JWT_PRIVATE_KEY_FILE: join(folder, 'jwt.pem'),
    LEDGER_PRIVATE_KEY_FILE: join(folder, 'ledger.pem'),
    DATA_DIR: folder,
    PORT: '0',
    ARCHIVE_CRON: 'off',
    ADMIN_MFA_REQUIRED: 'false',
    LOG_LEVEL: 'warn',
    RATE_LIMIT_STAFF: '100000000',
    RATE_LIMIT_MEMBER: '100000000',
    RATE_LIMIT_PUBLIC: '100000000',
  };
}

async function listening(child: ChildProcess, output: string[]): Promise<string> {
  if (!child.stdout) throw new Error('The program has no output.');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      output.push(line);
      const [, url] = /^IP2A listens on (\S+)/.exec(line) ?? [];
      if (url) resolve(url);
    });
    child.once('exit', (code) => reject(new Error(`The program ended with ${code}:\n${output.join('\n')}`)));
  });
}
