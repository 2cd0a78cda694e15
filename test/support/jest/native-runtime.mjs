import { Module, createRequire } from 'node:module';
import jestRuntime from 'jest-runtime';

const require = createRequire(import.meta.url);
const { getBuiltinModule } = process;
const transformOptions = { coverageProvider: 'v8', supportsDynamicImport: false, supportsStaticESM: false };

/** Compiled TypeScript and its source maps, shared by all spec files of this worker. */
const sourceMaps = new Map();
let transformer;

Module._extensions['.ts'] = (module, filename) => {
  const { code, sourceMapPath } = transformer.transform(filename, transformOptions);
  if (sourceMapPath) sourceMaps.set(filename, sourceMapPath);
  module._compile(code, filename);
};

/**
 * Loads specs and sources by Node's own `require`. Nest, TypeORM and the project are so loaded once per worker; Jest's
 * runtime would load them once per spec file. Module mocks do not exist here: specs use real servers.
 */
export default class NativeRuntime extends jestRuntime {
  constructor(...parameters) {
    super(...parameters);
    if (!process.execArgv.includes('--conditions=ip2a-source')) {
      throw new Error(
        'Run the specs by `npm test -- <file>`: Node needs --conditions=ip2a-source to find the sources.',
      );
    }
    transformer = parameters[3];
    // Jest's runtime puts its own loader in this place.
    process.getBuiltinModule = getBuiltinModule;
  }

  /** Jest's test framework keeps the state of one spec file, so each spec file gets a new one. */
  requireInternalModule(path) {
    return requireAgain(path);
  }

  requireModule(path) {
    return requireAgain(path);
  }

  getSourceMaps() {
    return sourceMaps;
  }
}

function requireAgain(path) {
  delete require.cache[path];
  return require(path);
}
