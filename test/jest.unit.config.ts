/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';
import whole from '../jest.config';

/** The specs that need no server: rules in memory, and the laws over the sources. One that asks for a database fails here. */
const config: Config = {
  ...whole,
  rootDir: '..',
  testMatch: [
    '<rootDir>/{apps/*/src,libs}/**/*.spec.ts',
    '<rootDir>/test/laws/{architecture,declarations,ensure,errors,exemptions,views}.spec.ts',
    '!**/*.{db,e2e}.spec.ts',
  ],
  globalSetup: undefined,
  globalTeardown: undefined,
};

export default config;
