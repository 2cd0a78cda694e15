import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestDatabase } from './database';
import { writeKey } from './keys';

const entryPoint = resolve('dist/apps/cli/src/main.js');

export interface Output {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs an operator's command, as compiled, on an existing database, to its end. */
export async function ip2a(database: TestDatabase, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Output> {
  if (!existsSync(entryPoint)) throw new Error(`${entryPoint} is missing: run "npm run build" first.`);
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-command-'));
  const keyFile = writeKey(folder);
  const settings = {
    PATH: process.env.PATH,
    DATABASE_URL: database.applicationUrl,
    DATABASE_OWNER_URL: database.ownerUrl,
    JWT_PRIVATE_KEY_FILE: keyFile,
    LEDGER_PRIVATE_KEY_FILE: keyFile,
    DATA_DIR: folder,
    ARCHIVE_CRON: 'off',
    ...env,
  };
  try {
    return await new Promise<Output>((done) => {
      const options = { env: settings, maxBuffer: 256 * 1024 * 1024 };
      const child = execFile(process.execPath, [entryPoint, ...args], options, (_error, stdout, stderr) =>
        done({ status: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
