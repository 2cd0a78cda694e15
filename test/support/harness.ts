import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createApp } from '#app';
import type { Clock } from '#kernel';
import type { Config } from '#platform/config';
import { createTestDatabase, type TestDatabase } from './database';
import { Api } from './api';
import { writeLedgerKey, writeTokenKey } from './keys';

export { Api } from './api';
export { Client, codeOf, type Account, type Reply } from './client';
export { environmentOf, Program, spawnApi } from './program';

/** More requests than any test sends. */
const unlimited = 100_000_000;

interface ApiOptions {
  clock?: Clock;
  config?: Partial<Config>;
  /** Controllers beside those of the application. */
  controllers?: Type[];
  /** A database that the test made, and drops, itself. */
  database?: TestDatabase;
}

/** Holds the application and the controllers of a test. */
@Module({})
class AroundModule {}

export interface LocalApi extends Api {
  /** What DATA_DIR would be. */
  readonly folder: string;
  readonly app: NestFastifyApplication;
}

/** The whole application in this process, listening on a port of its own with a database of its own. */
export async function startApi(options: ApiOptions = {}): Promise<LocalApi> {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-api-'));
  const database = options.database ?? (await createTestDatabase());
  const config: Config = { ...configOf(database, folder), ...options.config };
  const around = (application: DynamicModule) => ({
    module: AroundModule,
    imports: [application],
    controllers: options.controllers ?? [],
  });
  const app = await createApp(config, options.clock, around);
  await app.listen(0, '127.0.0.1');
  const stop = async () => {
    await app.close();
    if (!options.database) await database.drop();
    rmSync(folder, { recursive: true });
  };
  return Object.assign(new Api(await app.getUrl(), database, stop), { app, folder });
}

function writeSecretsKey(folder: string): string {
  const file = join(folder, 'secrets.key');
  writeFileSync(file, randomBytes(32));
  return file;
}

function loopback(): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8);
  return list;
}

function configOf(database: TestDatabase, dataFolder: string): Config {
  return {
    HOST: '127.0.0.1',
    PORT: 0,
    WORKERS: 1,
    DATABASE_POOL_SIZE: 20,
    JWT_PRIVATE_KEY_FILE: writeTokenKey(dataFolder),
    LEDGER_PRIVATE_KEY_FILE: writeLedgerKey(dataFolder),
    SECRETS_KEY_FILE: writeSecretsKey(dataFolder),
    MAIL_FROM: 'IP2A <office@local.example>',
    PORTAL_URL: 'https://portal.local.example',
    OPERATOR_NETWORKS: loopback(),
    CORS_ORIGINS: [],
    SLOW_CLIENT_SECONDS: 20,
    CLAMD_TIMEOUT_SECONDS: 20,
    OTEL_SERVICE_NAME: 'ip2a',
    OTEL_TRACES_SAMPLER_ARG: 1,
    RATE_LIMIT_STAFF: unlimited,
    RATE_LIMIT_MEMBER: unlimited,
    RATE_LIMIT_PUBLIC: unlimited,
    AUDIT_HOT_DAYS: 90,
    AUDIT_COLD_YEARS: 3,
    AUDIT_RETENTION_YEARS: 7,
    ARCHIVE_CRON: 'off',
    ARCHIVE_FORMAT: 'parquet',
    ARCHIVE_WARM_CLASS: 'STANDARD_IA',
    ARCHIVE_COLD_CLASS: 'GLACIER',
    ARCHIVE_OBJECT_LOCK: false,
    ARCHIVE_AS_OF_DESTROYS: false,
    ARCHIVE_CACHE_MB: 64,
    ARCHIVE_PART_MB: 1_024,
    ACCESS_REASON_REQUIRED: [],
    ADMIN_MFA_REQUIRED: false,
    ATTACHMENTS_URL: `file:${join(dataFolder, 'attachments')}`,
    ARCHIVE_URL: `file:${join(dataFolder, 'archive')}`,
    LOCAL_TIME_ZONE: 'UTC',
    LEDGER_ORIGIN: 'ip2a/test',
    S3_FORCE_PATH_STYLE: false,
    S3_SSE: 'none',
    LOG_LEVEL: 'silent',
    dataFolder,
    embedded: false,
    databaseUrl: database.applicationUrl,
    databaseOwnerUrl: database.ownerUrl,
    rolesAreSeparate: true,
  };
}
