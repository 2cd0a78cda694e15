export { ConfigError, derivedKey, parseEnvironment, readLedgerKey, readTokenKey, type Config } from './config';
export { environmentOfWorkers, openRuntime, type Runtime } from './runtime';
export { CONFIG } from './config.token';
