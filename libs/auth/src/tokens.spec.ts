import { createHmac, createPublicKey, generateKeyPairSync, sign as signBytes, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Clock } from '#kernel';
import type { Config } from '#platform/config';
import { codeOf, errorOf } from '../../../test/support/unconnected';
import { accessTokenSeconds, TokensService } from './tokens.service';

class FixedClock extends Clock {
  seconds = 1_790_000_000;
  override now(): Date {
    return new Date(this.seconds * 1000);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'ip2a-tokens-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sessionId = '0b9f2c64-1c5e-4a57-8a53-6a1d3f6b7c11';
const begun = 1_790_000_000;

const keys = {
  EdDSA: generateKeyPairSync('ed25519').privateKey,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
};
type Algorithm = keyof typeof keys;
const strangers = {
  EdDSA: generateKeyPairSync('ed25519').privateKey,
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
};

function serviceWith(algorithm: Algorithm = 'EdDSA') {
  const file = join(folder, `${algorithm}.pem`);
  writeFileSync(file, keys[algorithm].export({ type: 'pkcs8', format: 'pem' }));
  const clock = new FixedClock();
  return { tokens: new TokensService(clock, { JWT_PRIVATE_KEY_FILE: file } as Config), clock };
}

const base64 = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const partsOf = (token: string) =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>);

/** A token made by hand: of a good one, save what is changed. */
function forged(
  { header = {}, claims = {} }: { header?: object; claims?: object },
  { key, algorithm = 'EdDSA' }: { key?: KeyObject; algorithm?: Algorithm } = {},
): string {
  const payload = {
    ...{ sid: sessionId, tier: 'staff', iss: 'ip2a', aud: 'ip2a', sub: '7' },
    ...{ iat: begun, exp: begun + 900, jti: 'x' },
    ...claims,
  };
  const signed = `${base64({ alg: algorithm, typ: 'at+jwt', ...header })}.${base64(payload)}`;
  const hash = algorithm === 'ES256' ? 'sha256' : null;
  const signature = signBytes(hash, Buffer.from(signed), { key: key ?? keys[algorithm], dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

const verify = (token: string, algorithm?: Algorithm) => codeOf(() => serviceWith(algorithm).tokens.verify(token));

describe.each<Algorithm>(['EdDSA', 'ES256'])('a token signed with %s', (algorithm) => {
  it('tells its user, session, tier and end', async () => {
    const { tokens } = serviceWith(algorithm);
    const token = await tokens.sign(7, sessionId, 'staff');
    expect(await tokens.verify(token)).toEqual({ userId: 7, sessionId, tier: 'staff', expiresAt: begun + 900 });
    expect(accessTokenSeconds).toBe(900);
  });

  it('says its algorithm, type and key, and holds no more than it must', async () => {
    const { tokens } = serviceWith(algorithm);
    const [header = {}, claims = {}] = partsOf(await tokens.sign(7, sessionId, 'member'));
    const { keys: set } = await tokens.keySet();
    expect(header).toEqual({ alg: algorithm, kid: set[0]?.kid, typ: 'at+jwt' });
    const { jti, ...rest } = claims;
    expect(rest).toEqual({
      ...{ sid: sessionId, tier: 'member', iss: 'ip2a', aud: 'ip2a', sub: '7' },
      ...{ iat: begun, exp: begun + 900 },
    });
    expect(jti).toMatch(/^[\w-]{12}$/);
  });

  it('is checked with the public key that the key set shows, which holds nothing private', async () => {
    const { tokens } = serviceWith(algorithm);
    const { keys: set } = await tokens.keySet();
    expect(set).toHaveLength(1);
    expect(set[0]).toMatchObject({ alg: algorithm, use: 'sig' });
    expect(set[0]).not.toHaveProperty('d');
    const shown = createPublicKey({ key: set[0] as never, format: 'jwk' });
    expect(shown.equals(createPublicKey(keys[algorithm]))).toBe(true);
  });

  it('is refused when another key signed it, or when one bit of it was changed', async () => {
    expect(await verify(forged({}, { algorithm }), algorithm)).toBe('fine');
    expect(await verify(forged({}, { algorithm, key: strangers[algorithm] }), algorithm)).toBe('auth.token-invalid');
    const [header, , signature] = forged({}, { algorithm }).split('.');
    const other = forged({ claims: { sub: '8' } }, { algorithm }).split('.')[1];
    expect(await verify([header, other, signature].join('.'), algorithm)).toBe('auth.token-invalid');
    expect(await verify([header, other, ''].join('.'), algorithm)).toBe('auth.token-invalid');
  });
});

describe('a token', () => {
  it.each<[string, string]>([
    ['has no signature', `${base64({ alg: 'none', typ: 'at+jwt' })}.${forged({}).split('.')[1]}.`],
    ['has none, in capitals', `${base64({ alg: 'NONE', typ: 'at+jwt' })}.${forged({}).split('.')[1]}.`],
    ['is of the other algorithm of ours', forged({}, { algorithm: 'ES256' })],
    ['says another algorithm than it has', forged({ header: { alg: 'ES256' } })],
    // Good for the same key (RFC 9864), and not the one that we sign with.
    ['names the algorithm otherwise', forged({ header: { alg: 'Ed25519' } })],
    ['brings its own key', withOwnKey()],
    ['was signed with the public key as a secret', hmac('spki')],
    ['was signed with the raw public key as a secret', hmac('raw')],
    ['is no token', 'abc'],
    ['is empty', ''],
    ['is empty in three parts', '..'],
    ['has four parts', `${forged({})}.x`],
  ])('that %s is refused', async (_what, token) => {
    expect(await verify(token)).toBe('auth.token-invalid');
  });

  function withOwnKey(): string {
    const jwk = createPublicKey(strangers.EdDSA).export({ format: 'jwk' });
    return forged({ header: { jwk } }, { key: strangers.EdDSA });
  }

  function hmac(form: 'spki' | 'raw'): string {
    const publicKey = createPublicKey(keys.EdDSA);
    const secret =
      form === 'spki'
        ? publicKey.export({ type: 'spki', format: 'pem' })
        : Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    const signed = `${base64({ alg: 'HS256', typ: 'at+jwt' })}.${forged({}).split('.')[1]}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  }

  it.each<[string, object, string]>([
    ['our own type', {}, 'fine'],
    ['our own type in full', { typ: 'application/at+jwt' }, 'fine'],
    ['the type of an ID token', { typ: 'JWT' }, 'auth.token-invalid'],
    ['no type', { typ: undefined }, 'auth.token-invalid'],
    ['an extension that must be understood', { crit: ['exp'], exp: 1 }, 'auth.token-invalid'],
    // There is one key; who names another has no other checked.
    ['the name of another key', { kid: '../../etc/passwd' }, 'fine'],
  ])('with %s: %j is %s', async (_what, header, code) => {
    expect(await verify(forged({ header }))).toBe(code);
  });

  it.each<[string, object, string]>([
    ['another audience', { aud: 'portal' }, 'auth.token-invalid'],
    ['no audience', { aud: undefined }, 'auth.token-invalid'],
    ['another issuer', { iss: 'https://elsewhere.example' }, 'auth.token-invalid'],
    ['no issuer', { iss: undefined }, 'auth.token-invalid'],
    ['no end', { exp: undefined }, 'auth.token-invalid'],
    ['an end in words', { exp: 'tomorrow' }, 'auth.token-invalid'],
    ['no tier', { tier: undefined }, 'auth.token-invalid'],
    ['no session', { sid: undefined }, 'auth.token-invalid'],
    ['a session that is no id', { sid: 'x' }, 'auth.token-invalid'],
    ['no user', { sub: undefined }, 'auth.token-invalid'],
    ['the user 0', { sub: '0' }, 'auth.token-invalid'],
    ['a user below', { sub: '-7' }, 'auth.token-invalid'],
    ['a user in fractions', { sub: '7.5' }, 'auth.token-invalid'],
    ['a user in words', { sub: '7 OR 1=1' }, 'auth.token-invalid'],
    ['a user as a number', { sub: 7 }, 'auth.token-invalid'],
    ['the last user that fits a column', { sub: '2147483647' }, 'fine'],
    ['one user more', { sub: '2147483648' }, 'auth.token-invalid'],
    ['a time before which it does not count', { nbf: begun + 60 }, 'auth.token-invalid'],
  ])('that claims %s: %j is %s', async (_what, claims, code) => {
    expect(await verify(forged({ claims }))).toBe(code);
  });

  it.each([
    [null, 'member'],
    ['public', 'member'],
    ['member', 'member'],
    ['staff', 'staff'],
  ])('that claims the tier %j is limited as %s', async (tier, expected) => {
    expect((await serviceWith().tokens.verify(forged({ claims: { tier } }))).tier).toBe(expected);
  });

  it('is refused from the second on in which it ends, however often it was found good before', async () => {
    const { tokens, clock } = serviceWith();
    const token = await tokens.sign(7, sessionId, 'staff');
    expect(tokens.known(token)).toBeUndefined();
    await tokens.verify(token);
    clock.seconds = begun + 899;
    expect(tokens.known(token)?.userId).toBe(7);
    expect((await tokens.verify(token)).userId).toBe(7);
    clock.seconds = begun + 900;
    expect(tokens.known(token)).toBeUndefined();
    expect(await codeOf(() => tokens.verify(token))).toBe('auth.token-invalid');
  });

  it('is known only after it was found good, and to the letter', async () => {
    const { tokens } = serviceWith();
    const bad = forged({ claims: { aud: 'portal' } });
    await codeOf(() => tokens.verify(bad));
    expect(tokens.known(bad)).toBeUndefined();
    const good = forged({});
    await tokens.verify(good);
    expect(tokens.known(`${good}A`)).toBeUndefined();
    expect(tokens.known(good)).toBeDefined();
  });

  it('that is refused says nothing of why', async () => {
    const reasons = await Promise.all(
      [forged({ claims: { exp: 1 } }), forged({}, { key: strangers.EdDSA }), 'abc'].map((token) =>
        errorOf(() => serviceWith().tokens.verify(token)),
      ),
    );
    expect(new Set(reasons.map((error) => error?.message)).size).toBe(1);
  });
});
