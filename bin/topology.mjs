import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, root } from './ensure.mjs';

await ensureInstalled();
await ensureBuilt();
// What it shares with the tests is TypeScript, and not part of the build.
const require = createRequire(import.meta.url);
require('esbuild-register/dist/node').register({ target: 'node20' });
require(join(root, 'test', 'topology', process.argv[2] === 'outages' ? 'outages.ts' : 'main.ts'));
