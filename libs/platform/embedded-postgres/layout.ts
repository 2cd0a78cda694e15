import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.error';

/** What is where in the folder of an embedded PostgreSQL. Only `data` ever belongs to another OS user. */
export interface Layout {
  readonly folder: string;
  readonly data: string;
  readonly credentials: string;
  readonly log: string;
}

/** Whether a server was started in the folder before. */
export function holdsDatabase(folder: string): boolean {
  return existsSync(join(folder, 'data'));
}

/** Makes the folder; its real path, because the server's own is compared with it. */
export function layOut(folder: string): Layout {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new EmbeddedPostgresError(`cannot make ${folder} (${(error as NodeJS.ErrnoException).code}): set DATA_DIR`);
  }
  const real = realpathSync(folder);
  return {
    folder: real,
    data: join(real, 'data'),
    credentials: join(real, 'credentials.json'),
    log: join(real, 'postgres.log'),
  };
}

/** Keeps the log of the last run beside the new one, and no more. */
export function rotateLog({ log }: Layout): void {
  rmSync(`${log}.1`, { force: true });
  try {
    renameSync(log, `${log}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The last line of the log that says why, for the error's one line. */
export function reasonInLog({ log }: Layout): string {
  const lines = readFileSync(log, 'utf8').split('\n').reverse();
  const reason = lines.find((line) => /FATAL:|PANIC:|error:/.test(line)) ?? lines.find((line) => line !== '');
  return `${reason?.replace(/^.*?(FATAL|PANIC|error): +/, '') ?? 'it said nothing'} (see ${log})`;
}
