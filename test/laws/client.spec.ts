import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { expectCommitted } from '../support/committed';
import { root } from '../support/sources';

describe('libs/client/src/paths.ts', () => {
  it('is made from docs/openapi.json (npm run generate)', () => {
    const program = join(dirname(require.resolve('openapi-typescript/package.json')), 'bin/cli.js');
    const made = execFileSync(process.execPath, [program, join(root, 'docs/openapi.json')], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expectCommitted('libs/client/src/paths.ts', made);
  });
});
