import { ConfigError, parseEnvironment } from './config';

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
