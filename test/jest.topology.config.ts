/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
import whole from '../jest.config';

/** The specs of the whole topology, from the real servers; `npm run test:topology`. One at a time: each has the machine to itself. */
const config: Config = {
  ...whole,
  rootDir: '..',
  testMatch: ['<rootDir>/test/**/*.topology.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  globalSetup: undefined,
  globalTeardown: undefined,
  testTimeout: 120_000,
  maxWorkers: 1,
};

export default config;
