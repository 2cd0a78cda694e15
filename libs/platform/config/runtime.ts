import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { holdsDatabase, startEmbeddedPostgres } from '#platform/embedded-postgres';
import { ConfigError, parseEnvironment, toConfig, type Config } from './config';

/** The configuration, and the servers that were started for it. */
export interface Runtime {
  config: Config;
  /** The superuser of the embedded server, in the database of the program. */
  superuserUrl?: string;
  /** Stops what was started; does nothing where the database is somebody else's. */
  readonly stop: () => Promise<void>;
}

/**
 * Validates the environment. Where no DATABASE_URL is set it brings the embedded PostgreSQL: `own`, for the server, makes
 * database and keys below DATA_DIR where there are none; `attach`, for commands, makes no database, and joins a server that runs
 * already.
 */
export async function openRuntime(
  mode: 'own' | 'attach',
  { env = process.env, needsKeys = true }: { env?: NodeJS.ProcessEnv; needsKeys?: boolean } = {},
): Promise<Runtime> {
  const values = parseEnvironment(env, { needsKeys });
  if (values.DATABASE_URL) {
    const databaseUrl = values.DATABASE_URL;
    const config = toConfig(values, { databaseUrl, databaseOwnerUrl: values.DATABASE_OWNER_URL ?? databaseUrl });
    return { config, stop: async () => {} };
  }
  const folder = resolve(values.DATA_DIR);
  if (mode === 'attach' && !holdsDatabase(join(folder, 'postgres'))) {
    throw new ConfigError('DATA_DIR', `holds no database yet (${folder}): "npm start" makes one, or set DATABASE_URL`);
  }
  try {
    mkdirSync(join(folder, 'keys'), { recursive: true });
  } catch (error) {
    throw new ConfigError('DATA_DIR', `can not be written (${(error as Error).message})`);
  }
  values.JWT_PRIVATE_KEY_FILE ??= ensureKey(join(folder, 'keys', 'jwt-es256.pem'), makeTokenKey);
  values.LEDGER_PRIVATE_KEY_FILE ??= ensureKey(join(folder, 'keys', 'ledger.pem'), makeLedgerKey);
  values.SECRETS_KEY_FILE ??= ensureKey(join(folder, 'keys', 'secrets.key'), makeSecretsKey);
  const settings = { max_connections: String(connectionsOf(values)) };
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  const server = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), mode, settings, report });
  const config = toConfig(values, { databaseUrl: server.applicationUrl, databaseOwnerUrl: server.ownerUrl });
  const superuserUrl = new URL(new URL(server.ownerUrl).pathname, server.superuserUrl).href;
  return { config, superuserUrl, stop: () => server.stop() };
}

/** The settings alone, validated; no database is opened. */
export function readSettings(env: NodeJS.ProcessEnv = process.env): ReturnType<typeof parseEnvironment> {
  return parseEnvironment(env);
}

/** What a process needs beside our environment to use the same database and keys. */
export function environmentOfWorkers(config: Config): Record<string, string> {
  const { databaseUrl, databaseOwnerUrl, JWT_PRIVATE_KEY_FILE, LEDGER_PRIVATE_KEY_FILE, SECRETS_KEY_FILE } = config;
  const files = { JWT_PRIVATE_KEY_FILE, LEDGER_PRIVATE_KEY_FILE, SECRETS_KEY_FILE };
  const set = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    DATABASE_URL: databaseUrl,
    DATABASE_OWNER_URL: databaseOwnerUrl,
    // Its default depends on who started the database.
    ADMIN_MFA_REQUIRED: String(config.ADMIN_MFA_REQUIRED),
    ...Object.fromEntries(set),
  };
}

/** Connections of the embedded server: what all workers may open, twice, because each is replaced by one that starts before it ends. */
function connectionsOf({ WORKERS, DATABASE_POOL_SIZE }: { WORKERS: number; DATABASE_POOL_SIZE: number }): number {
  const besidePool = 8;
  return WORKERS === 1 ? 100 : Math.min(2_000, Math.max(100, 2 * WORKERS * (DATABASE_POOL_SIZE + besidePool)));
}

/** Makes a key once; written aside and renamed, so that a crash leaves a whole key or none. */
function ensureKey(file: string, make: () => string): string {
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, make(), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return file;
}

function makeTokenKey(): string {
  return pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

function makeLedgerKey(): string {
  return pemOf(generateKeyPairSync('ed25519').privateKey);
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function makeSecretsKey(): string {
  return `${randomBytes(32).toString('base64')}\n`;
}
