import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startEmbeddedPostgres } from '#platform/embedded-postgres';
import { ConfigError, parseEnvironment, toConfig, type Config } from './config';

/** The configuration, and the servers that were started for it. */
export interface Runtime {
  config: Config;
  /** Stops what was started; does nothing where the database is somebody else's. */
  readonly stop: () => Promise<void>;
}

/**
 * Validates the environment and, where no DATABASE_URL is set, starts the embedded PostgreSQL (`own`, for the server) or
 * joins one that runs already (`attach`, for commands) and makes keys below DATA_DIR.
 */
export async function openRuntime(mode: 'own' | 'attach', env: NodeJS.ProcessEnv = process.env): Promise<Runtime> {
  const values = parseEnvironment(env);
  if (values.DATABASE_URL) {
    const databaseUrl = values.DATABASE_URL;
    const config = toConfig(values, { databaseUrl, databaseOwnerUrl: values.DATABASE_OWNER_URL ?? databaseUrl });
    return { config, stop: async () => {} };
  }
  const folder = resolve(values.DATA_DIR);
  try {
    mkdirSync(join(folder, 'keys'), { recursive: true });
  } catch (error) {
    throw new ConfigError('DATA_DIR', `can not be written (${(error as Error).message})`);
  }
  values.JWT_PRIVATE_KEY_FILE ??= ensureKey(join(folder, 'keys', 'jwt.pem'), makeSigningKey);
  values.LEDGER_PRIVATE_KEY_FILE ??= ensureKey(join(folder, 'keys', 'ledger.pem'), makeSigningKey);
  values.SECRETS_KEY_FILE ??= ensureKey(join(folder, 'keys', 'secrets.key'), makeSecretsKey);
  const server = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), mode });
  const config = toConfig(values, { databaseUrl: server.applicationUrl, databaseOwnerUrl: server.ownerUrl });
  return { config, stop: () => server.stop() };
}

/** Makes a key once; written aside and renamed, so that a crash leaves a whole key or none. */
function ensureKey(file: string, make: () => string): string {
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, make(), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return file;
}

function makeSigningKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function makeSecretsKey(): string {
  return `${randomBytes(32).toString('base64')}\n`;
}
