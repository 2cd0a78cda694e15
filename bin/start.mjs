import { ensureBuilt, ensureInstalled, runCompiled } from './ensure.mjs';

await ensureInstalled();
await ensureBuilt();
await runCompiled('api');
