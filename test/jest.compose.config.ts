/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
import whole from '../jest.config';

/** compose.yaml, built and run by podman; `npm run test:compose`. */
const config: Config = {
  ...whole,
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/*.compose.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: undefined,
  globalTeardown: undefined,
  testTimeout: 120_000,
  maxWorkers: 1,
};

export default config;
