import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exists, read, root } from './sources';

/**
 * Holds a committed file to what it is made from, so that a change of the one is read as a diff of the other. `npm run
 * generate` runs the same specs with GENERATE=1, which writes the file first.
 */
export function expectCommitted(path: string, made: string): void {
  if (process.env.GENERATE === '1') writeFileSync(join(root, path), made);
  expect(exists(path) ? read(path) : `nothing: run npm run generate`).toBe(made);
}
