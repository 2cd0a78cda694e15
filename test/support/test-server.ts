/** How the global setup hands its server to the workers, which are processes of their own. */
export const environmentNames = {
  superuserUrl: 'IP2A_TEST_SUPERUSER_URL',
  ownerUrl: 'IP2A_TEST_OWNER_URL',
  applicationUrl: 'IP2A_TEST_APPLICATION_URL',
  folder: 'IP2A_TEST_FOLDER',
} as const;

/** How it hands it to the global teardown, which runs in the same process. */
export const testServerKey = Symbol.for('ip2a.test-server');

export interface TestServer {
  readonly folder: string;
  stop(): Promise<void>;
}

/** Throws outside of Jest. */
export function ofTestServer(name: keyof typeof environmentNames): string {
  const value = process.env[environmentNames[name]];
  if (value === undefined) throw new Error('There is no test server: run Jest with its globalSetup.');
  return value;
}
