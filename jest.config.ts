/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testMatch: ['**/*.spec.ts'],
  // These have runs of their own: npm run test:topology, npm run test:compose.
  testPathIgnorePatterns: ['/node_modules/', '\\.(topology|compose)\\.spec\\.ts$'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  // Jest gives each spec file its own copy of every module. These two share them within a worker.
  runtime: '<rootDir>/test/support/jest/native-runtime.mjs',
  testEnvironment: '<rootDir>/test/support/jest/worker-environment.mjs',
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2022',
          keepClassNames: true,
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  // Many specs start programs and servers of their own. In a soak one test may take hours.
  testTimeout: process.env.IP2A_SOAK === '1' ? 12 * 3_600_000 : 240_000,
  maxWorkers: 3,
};

export default config;
