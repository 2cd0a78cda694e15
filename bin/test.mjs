import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

await ensureInstalled();
// Some tests start the compiled program.
await ensureBuilt();
process.chdir(root);
process.argv[1] = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
createRequire(import.meta.url)(process.argv[1]);
