export { ConfigError, derivedKey, readLedgerKey, readTokenKey, type Config } from './config';
export { environmentOfWorkers, openRuntime, readSettings, type Runtime } from './runtime';
export { CONFIG } from './config.token';
