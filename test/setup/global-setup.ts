import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestServer, environmentNames, testServerKey } from './test-server';
// A global setup runs outside Jest's module system, where the alias would lead to the compiled library.
import { startEmbeddedPostgres } from '../../libs/platform/embedded-postgres';

/** One PostgreSQL for the whole run; its databases are made by `createTestDatabase`. */
export default async function globalSetup(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-test-'));
  const server = await startEmbeddedPostgres({
    folder,
    mode: 'own',
    settings: { fsync: 'off', full_page_writes: 'off', max_connections: '200' },
  });
  process.env[environmentNames.superuserUrl] = server.superuserUrl;
  process.env[environmentNames.ownerUrl] = server.ownerUrl;
  process.env[environmentNames.applicationUrl] = server.applicationUrl;
  (globalThis as { [testServerKey]?: TestServer })[testServerKey] = { folder, stop: () => server.stop() };
}
