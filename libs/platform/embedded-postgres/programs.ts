import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EmbeddedPostgresError } from './embedded-postgres.error';

/** Absolute paths of PostgreSQL's own programs. */
export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
}

const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;

export function findPrograms(): Programs {
  const packageFolder = findPackage();
  restoreLinks(packageFolder);
  const programs = join(packageFolder, 'native', 'bin');
  return { initdb: join(programs, 'initdb'), postgres: join(programs, 'postgres') };
}

/** Resolved and never loaded: the module only computes these paths, and its being an ES module would bind the callers. */
function findPackage(): string {
  try {
    return dirname(dirname(require.resolve(packageName)));
  } catch {
    throw new EmbeddedPostgresError(
      `there is no embedded PostgreSQL (${packageName}) here: set DATABASE_URL, or run npm ci on a platform that has one`,
    );
  }
}

/** npm packages cannot carry symbolic links; an install without scripts leaves them unmade. */
function restoreLinks(packageFolder: string): void {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { target: string }[];
  const areMade = (): boolean => links.every(({ target }) => existsSync(join(packageFolder, target)));
  if (areMade()) return;
  execFileSync(process.execPath, [join(packageFolder, 'scripts', 'hydrate-symlinks.js')], { cwd: packageFolder });
  if (!areMade()) {
    throw new EmbeddedPostgresError(`cannot restore the links in ${packageFolder}/native/lib: run npm rebuild there`);
  }
}
