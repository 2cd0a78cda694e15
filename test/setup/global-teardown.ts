import { rmSync } from 'node:fs';
import { type TestServer, testServerKey } from './test-server';

export default async function globalTeardown(): Promise<void> {
  const server = (globalThis as { [testServerKey]?: TestServer })[testServerKey];
  if (server === undefined) return;
  await server.stop();
  rmSync(server.folder, { recursive: true, force: true, maxRetries: 10 });
}
