import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './sources';

/**
 * Holds a committed file to what it is made from, so that a change of the one is read as a diff of the other. `npm run
 * generate` runs the same specs with GENERATE=1, which writes the file instead.
 */
export function expectCommitted(path: string, made: string): void {
  const file = join(root, path);
  if (process.env.GENERATE === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, made);
  }
  expect(`${path}\n\n${readFileSync(file, 'utf8')}`).toBe(`${path}\n\n${made}`);
}
