import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestServer, environmentNames, testServerKey } from './test-server';
// eslint-disable-next-line house/through-the-door -- Jest loads this file with Node's require, where the # name is dist
import { startEmbeddedPostgres } from '../../libs/platform/embedded-postgres';

/** One PostgreSQL for the whole run; its databases are made by `createTestDatabase`. */
// eslint-disable-next-line no-restricted-syntax -- Jest calls the default export
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
  process.env[environmentNames.folder] = folder;
  (globalThis as { [testServerKey]?: TestServer })[testServerKey] = { folder, stop: () => server.stop() };
}
