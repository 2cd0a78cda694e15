/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

/** Packages that ship ES modules only, or import() what Jest can not; Jest runs CommonJS, so they are transformed. */
const esmPackages = [
  '@opentelemetry',
  ...['@nestjs', 'cookie', 'jose', 'uid', 'lru-cache', 'content-disposition'],
  ...['file-type', 'strtok3', 'token-types', '@tokenizer', '@borewit', 'uint8array-extras'],
];

const config: Config = {
  testMatch: ['**/*.spec.ts'],
  // These have a run of their own: npm run test:topology.
  testPathIgnorePatterns: ['/node_modules/', '\\.topology\\.spec\\.ts$'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.data/'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['ip2a-source', 'require', 'node', 'default'] },
  transform: {
    '^.+\\.(ts|js|mjs)$': [
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
  transformIgnorePatterns: [`/node_modules/(?!(${esmPackages.join('|')})/)`],
  globalSetup: '<rootDir>/test/setup/global-setup.ts',
  globalTeardown: '<rootDir>/test/setup/global-teardown.ts',
  // Many specs start programs and servers of their own; what takes longer hangs.
  testTimeout: 240_000,
  maxWorkers: 2,
};

export default config;
