/** How the global setup hands its server to the workers, which are processes of their own. */
export const environmentNames = {
  superuserUrl: 'IP2A_TEST_SUPERUSER_URL',
  ownerUrl: 'IP2A_TEST_OWNER_URL',
  applicationUrl: 'IP2A_TEST_APPLICATION_URL',
} as const;

/** How it hands it to the global teardown, which runs in the same process. */
export const testServerKey = Symbol.for('ip2a.test-server');

export interface TestServer {
  readonly folder: string;
  stop(): Promise<void>;
}
