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
