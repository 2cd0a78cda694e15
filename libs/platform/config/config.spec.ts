import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { write, writeLedgerKey, writeTokenKey } from '../../../test/support/keys';
import { ConfigError, parseEnvironment, toConfig } from './config';

describe('the keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const token = writeTokenKey(folder);
  const ledger = writeLedgerKey(folder);
  const otherCurve = write(join(folder, 'p384.pem'), generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey);
  const at = (env: NodeJS.ProcessEnv) => () => parseEnvironment({ DATA_DIR: folder, ...env });

  it('are P-256 for tokens and Ed25519 for the ledger', () => {
    const files = { JWT_PRIVATE_KEY_FILE: token, LEDGER_PRIVATE_KEY_FILE: ledger, SECRETS_KEY_FILE: ledger };
    expect(at({ ...files, JWT_PREVIOUS_KEY_FILE: token })()).toMatchObject(files);
  });

  it.each([
    [
      { JWT_PRIVATE_KEY_FILE: ledger },
      /^JWT_PRIVATE_KEY_FILE: holds an Ed25519 key.*openssl genpkey -algorithm EC -pkeyopt/,
    ],
    [{ JWT_PRIVATE_KEY_FILE: otherCurve }, /^JWT_PRIVATE_KEY_FILE: holds no P-256 key/],
    [{ JWT_PRIVATE_KEY_FILE: join(folder, 'none.pem') }, /^JWT_PRIVATE_KEY_FILE: there is no such file/],
    [{ JWT_PREVIOUS_KEY_FILE: ledger, SECRETS_KEY_FILE: ledger }, /^JWT_PREVIOUS_KEY_FILE: holds an Ed25519 key/],
    [{ JWT_PREVIOUS_KEY_FILE: token }, /^SECRETS_KEY_FILE: is required when JWT_PREVIOUS_KEY_FILE is set/],
    [{ LEDGER_PRIVATE_KEY_FILE: token }, /^LEDGER_PRIVATE_KEY_FILE: must hold an Ed25519 key/],
  ])('are refused when they are %j', (env, message) => {
    expect(at(env)).toThrow(message);
  });
});

describe('the settings of S3', () => {
  const at = (env: NodeJS.ProcessEnv) => () => parseEnvironment({ DATA_DIR: 'absent', ...env });

  it('encrypt nothing of their own where nothing is said', () => {
    expect(at({})()).toMatchObject({ S3_SSE: 'none' });
    const own = { S3_SSE: 'aws:kms', S3_SSE_KMS_KEY_ID: 'alias/ip2a' };
    expect(at(own)()).toMatchObject(own);
  });

  it.each([
    [{ S3_SSE: 'AES128' }, 'S3_SSE'],
    [{ S3_SSE: 'AES256', S3_SSE_KMS_KEY_ID: 'alias/ip2a' }, 'S3_SSE'],
    [{ S3_SSE: 'aws:kms', S3_SSE_KMS_KEY_ID: 'two words' }, 'S3_SSE_KMS_KEY_ID'],
  ])('are refused when they are %j', (env, variable) => {
    expect(at(env)).toThrow(ConfigError);
    expect(at(env)).toThrow(variable);
  });
});

describe('the settings of browsers and traces', () => {
  const at = (env: NodeJS.ProcessEnv) => parseEnvironment({ DATA_DIR: 'absent', ...env });

  it('are off where nothing is said', () => {
    expect(at({})).toMatchObject({ CORS_ORIGINS: [], SLOW_CLIENT_SECONDS: 20, OTEL_TRACES_SAMPLER_ARG: 1 });
    expect(at({}).OTEL_EXPORTER_OTLP_ENDPOINT).toBeUndefined();
  });

  it('are read as they are written elsewhere', () => {
    const read = at({
      CORS_ORIGINS: 'https://portal.local.example, http://localhost:5173',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20YWxhZGRpbg==,x-tenant=local',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    });
    expect(read.CORS_ORIGINS).toEqual(['https://portal.local.example', 'http://localhost:5173']);
    expect(read.OTEL_EXPORTER_OTLP_HEADERS).toEqual({ authorization: 'Basic YWxhZGRpbg==', 'x-tenant': 'local' });
    expect(read.OTEL_TRACES_SAMPLER_ARG).toBe(0.25);
  });

  it.each([
    { CORS_ORIGINS: '*' },
    { CORS_ORIGINS: 'https://portal.local.example/' },
    { CORS_ORIGINS: 'https://portal.local.example,null' },
    { CORS_ORIGINS: 'portal.local.example' },
    { SLOW_CLIENT_SECONDS: '0' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' },
    { OTEL_EXPORTER_OTLP_HEADERS: 'authorization' },
    { OTEL_EXPORTER_OTLP_HEADERS: 'a=%zz' },
    { OTEL_TRACES_SAMPLER_ARG: '1.5' },
  ])('are refused when they are %j', (env) => {
    expect(() => at(env)).toThrow(Object.keys(env)[0]);
  });
});

describe('the virus scanner', () => {
  it.each(['tcp://127.0.0.1:3310', 'tcp://[::1]:3310', 'tcp://clamav:3310', 'unix:/run/clamav/clamd.ctl'])(
    'is at %s',
    (CLAMD_URL) => expect(parseEnvironment({ CLAMD_URL })).toMatchObject({ CLAMD_URL, CLAMD_TIMEOUT_SECONDS: 20 }),
  );

  it('is none where nothing is said', () => expect(parseEnvironment({}).CLAMD_URL).toBeUndefined());

  it.each([
    ...['127.0.0.1:3310', 'tcp://127.0.0.1', 'tcp://127.0.0.1:66000', 'tcp://127.0.0.1:3310/scan'],
    ...['unix:', 'unix:run/clamd.ctl', 'http://127.0.0.1:3310'],
  ])('is refused at %s', (CLAMD_URL) => {
    expect(() => parseEnvironment({ CLAMD_URL })).toThrow('CLAMD_URL: must be tcp://HOST:PORT or unix:/PATH');
  });
});

describe('a second factor', () => {
  const databaseUrl = 'postgresql://app@localhost/ip2a';
  const urls = { databaseUrl, databaseOwnerUrl: 'postgresql://owner@localhost/ip2a' };
  const values = parseEnvironment({ DATA_DIR: 'absent' });

  it.each([
    [undefined, undefined, false],
    [undefined, true, true],
    [databaseUrl, undefined, true],
    [databaseUrl, false, false],
  ])('with the database %s and the setting %s is required: %s', (DATABASE_URL, ADMIN_MFA_REQUIRED, required) => {
    const config = toConfig({ ...values, DATABASE_URL, ADMIN_MFA_REQUIRED }, urls);
    expect(config.ADMIN_MFA_REQUIRED).toBe(required);
  });

  it('is required or not, and nothing between', () => {
    expect(() => parseEnvironment({ ADMIN_MFA_REQUIRED: 'yes' })).toThrow('ADMIN_MFA_REQUIRED: must be true or false');
  });
});
