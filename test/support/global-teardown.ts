import { rmSync } from 'node:fs';
import { type TestServer, testServerKey } from './test-server';

// eslint-disable-next-line no-restricted-syntax -- Jest calls the default export
export default async function globalTeardown(): Promise<void> {
  const server = (globalThis as { [testServerKey]?: TestServer })[testServerKey];
  if (server === undefined) return;
  await server.stop();
  rmSync(server.folder, { recursive: true, force: true, maxRetries: 10 });
}
