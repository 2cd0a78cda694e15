import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer, type ServerChild } from './child';
import type { Cleanup } from './cleanup';

const admin = { email: 'admin@bench.example', password: randomBytes(12).toString('base64url') };
const staff = { email: 'staff@bench.example', password: randomBytes(12).toString('base64url') };

/** More than can be sent in any run. */
const noLimit = '100000000';

interface Surroundings {
  folder: string;
  databaseUrl: string;
  databaseOwnerUrl: string;
  poolSize: number;
}

/** The compiled API with one worker, as an office would run it, and with one staff account. */
export async function startOurs(surroundings: Surroundings, cleanup: Cleanup): Promise<ServerChild> {
  const { folder, databaseUrl, databaseOwnerUrl, poolSize } = surroundings;
  const env = {
    PORT: '0',
    WORKERS: '1',
    LOG_LEVEL: 'warn',
    DATABASE_URL: databaseUrl,
    DATABASE_OWNER_URL: databaseOwnerUrl,
    ADMIN_MFA_REQUIRED: 'false',
    DATABASE_POOL_SIZE: String(poolSize),
    DATA_DIR: join(folder, 'ours'),
    JWT_PRIVATE_KEY_FILE: writeKey(
      join(folder, 'jwt.pem'),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    ),
    LEDGER_PRIVATE_KEY_FILE: writeKey(join(folder, 'ledger.pem'), generateKeyPairSync('ed25519').privateKey),
    SECRETS_KEY_FILE: makeSecretsKey(join(folder, 'secrets.key')),
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    RATE_LIMIT_STAFF: noLimit,
    RATE_LIMIT_MEMBER: noLimit,
    RATE_LIMIT_PUBLIC: noLimit,
    ARCHIVE_CRON: 'off',
  };
  const server = await startServer({ name: 'IP2A', file: join(__dirname, '../apps/api/src/main.js'), env }, cleanup);
  // What it warns of belongs to the result.
  server.process.stdout?.pipe(process.stderr);
  server.process.stderr?.pipe(process.stderr);
  const account = { ...staff, firstName: 'Bench', lastName: 'Staff', roles: ['staff'], emailVerified: true };
  await post(`${server.url}/api/v1/users`, account, await signIn(server.url, admin));
  return server;
}

/** A fresh token before each turn, because one is good for minutes only. */
export function staffToken(url: string): Promise<string> {
  return signIn(url, staff);
}

/** Of one who may read the ledger. */
export function adminToken(url: string): Promise<string> {
  return signIn(url, admin);
}

async function signIn(url: string, { email, password }: typeof staff): Promise<string> {
  const session = (await post(`${url}/api/v1/auth/login`, { email, password })) as { accessToken: string };
  return session.accessToken;
}

/** A connection kept for the next turn may be closed by the server just as that begins. */
export const oneOff = { connection: 'close' };

async function post(url: string, body: object, token?: string): Promise<unknown> {
  const headers = {
    ...oneOff,
    'content-type': 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok)
    throw new Error(`POST ${new URL(url).pathname} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

function writeKey(file: string, key: KeyObject): string {
  writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return file;
}

function makeSecretsKey(file: string): string {
  writeFileSync(file, randomBytes(32), { mode: 0o600 });
  return file;
}
