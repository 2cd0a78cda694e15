import { createPrivateKey, createSecretKey, type KeyObject, hkdfSync } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { join, resolve } from 'node:path';
import { z } from 'zod';

/** A configuration that can not be used. The program ends with exit status 78 (EX_CONFIG of sysexits.h). */
export class ConfigError extends Error {
  static readonly exitStatus = 78;

  constructor(
    readonly variable: string,
    fault: string,
  ) {
    super(`${variable}: ${fault}`);
    this.name = 'ConfigError';
  }
}

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

const urlWith = (protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL that begins with ${protocols.join(' or ')}`,
  });

const postgresUrl = urlWith(['postgres:', 'postgresql:']);
const storeUrl = z.string().refine((value) => /^(file:.+|s3:\/\/[^/]+)/.test(value), {
  error: 'must be file:FOLDER or s3://BUCKET/PREFIX',
});

const clamdUrl = z.string().refine((value) => URL.canParse(value) && /^(unix:\/.+|tcp:\/\/[^/@?#]+:\d+)$/.test(value), {
  error: 'must be tcp://HOST:PORT or unix:/PATH',
});

const cidrs = z.string().transform((value, context) => {
  const list = new BlockList();
  for (const cidr of value.split(',').map((part) => part.trim())) {
    const [address = '', bits] = cidr.split('/');
    const family = isIP(address);
    const width = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : NaN;
    if (!family || !(prefix <= width)) {
      context.addIssue(`"${cidr}" is not a CIDR such as 10.0.0.0/8`);
      return z.NEVER;
    }
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
});

/** This machine, and addresses that are not routed on the Internet (RFC 1918, RFC 4193). */
const privateNetworks = '127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7';

const mailAddress = z
  .string()
  .refine((value) => z.email().safeParse(/^[^<>\r\n]*<([^<>]+)>$/.exec(value)?.[1] ?? value).success, {
    error: 'must be an e-mail address, or a name and one: IP2A <office@local.example>',
  });

const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .default('false')
  .transform((value) => value === 'true');

const cron = z.string().refine((value) => value === 'off' || /^(\S+\s+){4,5}\S+$/.test(value), {
  error: 'must be a cron expression with five or six fields, or off',
});

const origins = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim()))
  .refine(
    (list) =>
      list.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin && /^https?:/.test(origin)),
    {
      error: 'must be a comma-separated list of origins such as https://portal.local.example, without a path',
    },
  );

/** `name=value` pairs, as OpenTelemetry writes headers: values are percent-encoded. */
const otelHeaders = z
  .string()
  .regex(/^[\w-]+=[!-~]*?(,[\w-]+=[!-~]*?)*$/, 'must be a comma-separated list of name=value')
  .refine((value) => !/%(?![0-9a-fA-F]{2})/.test(value), { error: 'must be percent-encoded' })
  .transform((value) =>
    Object.fromEntries(
      value.split(',').map((pair): [string, string] => {
        const cut = pair.indexOf('=');
        return [pair.slice(0, cut), decodeURIComponent(pair.slice(cut + 1))];
      }),
    ),
  );

const roleNames = ['admin', 'officer', 'staff', 'organizer', 'instructor', 'member'];
const roles = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim()))
  .refine((names) => names.every((name) => roleNames.includes(name)), {
    error: `must be a comma-separated list of ${roleNames.join(', ')}`,
  });

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Every variable of the environment that IP2A reads, with its default. An empty variable counts as unset. */
const environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: integer(0, 65535).default(3000),
  WORKERS: integer(1, 64).default(1),
  DATABASE_URL: postgresUrl.optional(),
  DATABASE_OWNER_URL: postgresUrl.optional(),
  DATABASE_ARCHIVER_URL: postgresUrl.optional(),
  DATABASE_REPLICA_URLS: z
    .string()
    .transform((value) => value.split(',').map((part) => part.trim()))
    .pipe(z.array(postgresUrl))
    .optional(),
  DATABASE_POOL_SIZE: integer(3, 1000).default(20),
  DATA_DIR: z.string().default('./.data'),
  REDIS_URL: urlWith(['redis:', 'rediss:']).optional(),
  ARCHIVE_URL: storeUrl.optional(),
  ATTACHMENTS_URL: storeUrl.optional(),
  S3_ENDPOINT: urlWith(['http:', 'https:']).optional(),
  S3_REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'must be a region such as us-east-1')
    .optional(),
  S3_FORCE_PATH_STYLE: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((value) => value === 'true'),
  S3_SSE: z.enum(['none', 'AES256', 'aws:kms'], 'must be none, AES256 or aws:kms').default('none'),
  S3_SSE_KMS_KEY_ID: z
    .string()
    .regex(/^[!-~]{1,2048}$/, 'must be the id, alias or ARN of a key')
    .optional(),
  JWT_PRIVATE_KEY_FILE: z.string().optional(),
  JWT_PREVIOUS_KEY_FILE: z.string().optional(),
  LEDGER_PRIVATE_KEY_FILE: z.string().optional(),
  LOCAL_TIME_ZONE: z
    .string()
    .refine(isTimeZone, 'must be a time zone such as America/Los_Angeles')
    .default(() => new Intl.DateTimeFormat().resolvedOptions().timeZone),
  LEDGER_ORIGIN: z
    .string()
    .regex(/^[a-z0-9][a-z0-9./_-]{0,199}$/, 'must be a name such as local.example/ledger')
    .default('ip2a/ledger'),
  WITNESS_URL: urlWith(['http:', 'https:']).optional(),
  WITNESS_KEY: z
    .string()
    .regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/, 'must be a verifier key: <name>+<id>+<base64>')
    .optional(),
  SECRETS_KEY_FILE: z.string().optional(),
  SMTP_URL: urlWith(['smtp:', 'smtps:']).optional(),
  MAIL_FROM: mailAddress.default('IP2A <no-reply@localhost.localdomain>'),
  LOCAL_NAME: z.string().trim().min(1).max(200).optional(),
  PORTAL_URL: urlWith(['http:', 'https:']).default('http://127.0.0.1:3000'),
  ADMIN_EMAIL: z.email('must be an e-mail address').optional(),
  ADMIN_PASSWORD: z.string().min(12, 'must have at least 12 characters').max(256).optional(),
  TRUSTED_PROXIES: cidrs.optional(),
  OPERATOR_NETWORKS: cidrs.prefault(privateNetworks),
  CORS_ORIGINS: origins.default([]),
  SLOW_CLIENT_SECONDS: integer(1, 600).default(20),
  CLAMD_URL: clamdUrl.optional(),
  CLAMD_TIMEOUT_SECONDS: integer(1, 600).default(20),
  OTEL_EXPORTER_OTLP_ENDPOINT: urlWith(['http:', 'https:']).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: otelHeaders.optional(),
  OTEL_SERVICE_NAME: z.string().max(100).default('ip2a'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0(\.\d{1,6})?|1(\.0*)?)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .default(1),
  RATE_LIMIT_STAFF: integer(1, 100_000_000).default(1000),
  RATE_LIMIT_MEMBER: integer(1, 100_000_000).default(100),
  RATE_LIMIT_PUBLIC: integer(1, 100_000_000).default(20),
  AUDIT_HOT_DAYS: integer(1, 36500).default(90),
  AUDIT_COLD_YEARS: integer(1, 100).default(3),
  AUDIT_RETENTION_YEARS: integer(1, 100).default(7),
  ARCHIVE_CRON: cron.default('0 2 * * *'),
  ARCHIVE_FORMAT: z
    .enum(['parquet', 'jsonl-zstd', 'jsonl-gzip'], 'must be parquet, jsonl-zstd or jsonl-gzip')
    .default('parquet'),
  ARCHIVE_WARM_CLASS: z.enum(['STANDARD', 'STANDARD_IA', 'GLACIER_IR']).default('STANDARD_IA'),
  ARCHIVE_COLD_CLASS: z.enum(['GLACIER', 'DEEP_ARCHIVE']).default('GLACIER'),
  ARCHIVE_OBJECT_LOCK: flag,
  ARCHIVE_AS_OF_DESTROYS: flag,
  ARCHIVE_CACHE_MB: integer(64, 10_000_000).default(2_048),
  ARCHIVE_PART_MB: integer(1, 1_024).default(1_024),
  ACCESS_REASON_REQUIRED: roles.default([]),
  ADMIN_MFA_REQUIRED: z
    .enum(['true', 'false'], 'must be true or false')
    .transform((value) => value === 'true')
    .optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

type Environment = z.infer<typeof environment>;

/** The validated settings. `embedded` tells that no DATABASE_URL was given, so the program brings its own server. */
export interface Config extends Omit<
  Environment,
  'DATABASE_URL' | 'DATABASE_OWNER_URL' | 'DATA_DIR' | 'ATTACHMENTS_URL' | 'ARCHIVE_URL' | 'ADMIN_MFA_REQUIRED'
> {
  dataFolder: string;
  ATTACHMENTS_URL: string;
  ARCHIVE_URL: string;
  /** Whether administrators and officers must enrol a second factor: by default where the database is not the embedded one. */
  ADMIN_MFA_REQUIRED: boolean;
  embedded: boolean;
  databaseUrl: string;
  databaseOwnerUrl: string;
  /** False when one role owns the schema and serves the application, so that P4's grants protect nothing. */
  rolesAreSeparate: boolean;
}

/** Parses the environment. Throws ConfigError naming the first variable at fault. Who only migrates needs no keys. */
export function parseEnvironment(env: NodeJS.ProcessEnv, { needsKeys = true } = {}): Environment {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError(String(issue?.path[0]), issue?.message ?? 'is not valid');
  }
  const values = parsed.data;
  requireTogether(values, 'DATABASE_OWNER_URL', 'DATABASE_URL');
  requireTogether(values, 'DATABASE_ARCHIVER_URL', 'DATABASE_URL');
  requireTogether(values, 'DATABASE_REPLICA_URLS', 'DATABASE_URL');
  requireTogether(values, 'ADMIN_PASSWORD', 'ADMIN_EMAIL');
  requireTogether(values, 'ADMIN_EMAIL', 'ADMIN_PASSWORD');
  requireTogether(values, 'WITNESS_URL', 'WITNESS_KEY');
  requireTogether(values, 'WITNESS_KEY', 'WITNESS_URL');
  if (values.S3_SSE_KMS_KEY_ID && values.S3_SSE !== 'aws:kms') {
    throw new ConfigError('S3_SSE', 'must be aws:kms when S3_SSE_KMS_KEY_ID is set');
  }
  if (existsSync(values.DATA_DIR) && !statSync(values.DATA_DIR).isDirectory()) {
    throw new ConfigError('DATA_DIR', 'must be a folder');
  }
  if (values.DATABASE_URL && needsKeys) {
    for (const variable of ['JWT_PRIVATE_KEY_FILE', 'LEDGER_PRIVATE_KEY_FILE'] as const) {
      if (!values[variable]) throw new ConfigError(variable, 'is required when DATABASE_URL is set');
    }
  }
  // Without it secrets are kept under the key of the tokens, and would be lost with that.
  requireTogether(values, 'JWT_PREVIOUS_KEY_FILE', 'SECRETS_KEY_FILE');
  for (const variable of ['JWT_PRIVATE_KEY_FILE', 'JWT_PREVIOUS_KEY_FILE'] as const) {
    if (values[variable]) readTokenKey(variable, values[variable]);
  }
  if (values.LEDGER_PRIVATE_KEY_FILE) readLedgerKey(values.LEDGER_PRIVATE_KEY_FILE);
  if (values.SECRETS_KEY_FILE) readSecretsKey(values.SECRETS_KEY_FILE);
  return values;
}

export function toConfig(values: Environment, urls: { databaseUrl: string; databaseOwnerUrl: string }): Config {
  const { DATABASE_URL, DATABASE_OWNER_URL: _owner, DATA_DIR, ...rest } = values;
  const dataFolder = resolve(DATA_DIR);
  return {
    ...rest,
    ...urls,
    dataFolder,
    ATTACHMENTS_URL: rest.ATTACHMENTS_URL ?? `file:${join(dataFolder, 'attachments')}`,
    ARCHIVE_URL: rest.ARCHIVE_URL ?? `file:${join(dataFolder, 'archive')}`,
    ADMIN_MFA_REQUIRED: rest.ADMIN_MFA_REQUIRED ?? DATABASE_URL !== undefined,
    embedded: !DATABASE_URL,
    rolesAreSeparate: new URL(urls.databaseUrl).username !== new URL(urls.databaseOwnerUrl).username,
  };
}

/** Reads a P-256 private key, which ES256 signs tokens with, from a PEM file. Throws ConfigError naming the variable. */
export function readTokenKey(variable: string, file: string): KeyObject {
  const key = readPrivateKey(variable, file);
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key;
  const kind = key.asymmetricKeyType === 'ed25519' ? 'holds an Ed25519 key, and' : 'holds no P-256 key, and';
  throw new ConfigError(
    variable,
    `${kind} tokens are signed with ES256: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out jwt.pem (${file})`,
  );
}

/** Reads LEDGER_PRIVATE_KEY_FILE: an Ed25519 private key, which checkpoints are signed with. Throws ConfigError. */
export function readLedgerKey(file: string): KeyObject {
  const key = readPrivateKey('LEDGER_PRIVATE_KEY_FILE', file);
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw new ConfigError(
    'LEDGER_PRIVATE_KEY_FILE',
    `must hold an Ed25519 key, which checkpoints are signed with (${file})`,
  );
}

function readPrivateKey(variable: string, file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file));
  } catch (error) {
    const fault = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'holds no private key';
    throw new ConfigError(variable, `${fault} (${file})`);
  }
}

/**
 * A key of 32 bytes for one purpose, derived (HKDF, RFC 5869) from SECRETS_KEY_FILE or, where that is not set, from
 * JWT_PRIVATE_KEY_FILE. Changing that file makes what was kept under the key unreadable.
 */
export function derivedKey(
  config: Pick<Config, 'SECRETS_KEY_FILE' | 'JWT_PRIVATE_KEY_FILE'>,
  purpose: string,
): KeyObject {
  const { SECRETS_KEY_FILE, JWT_PRIVATE_KEY_FILE = '' } = config;
  const source = SECRETS_KEY_FILE
    ? readSecretsKey(SECRETS_KEY_FILE)
    : derOf(readTokenKey('JWT_PRIVATE_KEY_FILE', JWT_PRIVATE_KEY_FILE));
  return createSecretKey(Buffer.from(hkdfSync('sha256', source, '', `ip2a ${purpose}`, 32)));
}

/**
 * Reads SECRETS_KEY_FILE: 32 bytes, in base64 or as they are, or the private key (PEM) that tokens were signed with before
 * there was a key for secrets. Throws ConfigError.
 */
function readSecretsKey(file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    throw new ConfigError('SECRETS_KEY_FILE', `there is no such file (${file})`);
  }
  if (bytes.toString('latin1').startsWith('-----BEGIN')) return derOf(readPrivateKey('SECRETS_KEY_FILE', file));
  const key = bytes.length === 32 ? bytes : Buffer.from(bytes.toString('latin1').trim(), 'base64');
  if (key.length !== 32) throw new ConfigError('SECRETS_KEY_FILE', `must hold 32 bytes (${file})`);
  return key;
}

function derOf(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' });
}

function requireTogether(values: Environment, variable: keyof Environment, needs: keyof Environment): void {
  if (values[variable] && !values[needs]) throw new ConfigError(needs, `is required when ${variable} is set`);
}
