import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
  type KeyObject,
} from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JwtService } from '@nestjs/jwt';
import { Clock } from '#kernel';
import type { Config } from '#platform/config';
import { write } from '../../../test/support/keys';
import { codeOf, errorOf } from '../../../test/support/unconnected';
import { JwtKeys, jwtOptions } from './jwt-keys';
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

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const own = newKey();
const previous = newKey();
const stranger = newKey();
const ofLedger = generateKeyPairSync('ed25519').privateKey;
const idOf = (key: KeyObject) =>
  createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('base64url')
    .slice(0, 16);

function serviceWith(signing = own, before?: KeyObject) {
  const config = {
    JWT_PRIVATE_KEY_FILE: write(join(folder, 'jwt.pem'), signing),
    JWT_PREVIOUS_KEY_FILE: before && write(join(folder, 'previous.pem'), before),
  } as Config;
  const jwtKeys = new JwtKeys(config);
  const clock = new FixedClock();
  return { tokens: new TokensService(new JwtService(jwtOptions(jwtKeys)), clock), clock, jwtKeys };
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
  { key = own, algorithm = 'ES256' }: { key?: KeyObject; algorithm?: string } = {},
): string {
  const payload = {
    ...{ sid: sessionId, tier: 'staff', iss: 'ip2a', aud: 'ip2a', sub: '7' },
    ...{ iat: begun, exp: begun + 900, jti: 'x' },
    ...claims,
  };
  const signed = `${base64({ alg: algorithm, typ: 'at+jwt', kid: idOf(own), ...header })}.${base64(payload)}`;
  const hash = key.asymmetricKeyType === 'ec' ? 'sha256' : null;
  const signature = signBytes(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

const verify = (token: string, ...keys: KeyObject[]) => codeOf(() => serviceWith(...keys).tokens.verify(token));

describe('a token of ours', () => {
  it('tells its user, session, tier and end', async () => {
    const { tokens } = serviceWith();
    const token = await tokens.sign(7, sessionId, 'staff');
    expect(await tokens.verify(token)).toEqual({ userId: 7, sessionId, tier: 'staff', expiresAt: begun + 900 });
    expect(accessTokenSeconds).toBe(900);
  });

  it('says its algorithm, type and key, and holds no more than it must', async () => {
    const { tokens, jwtKeys } = serviceWith();
    const [header = {}, claims = {}] = partsOf(await tokens.sign(7, sessionId, 'member'));
    expect(header).toEqual({ alg: 'ES256', kid: jwtKeys.published.keys[0]?.kid, typ: 'at+jwt' });
    const { jti, ...rest } = claims;
    expect(rest).toEqual({
      ...{ sid: sessionId, tier: 'member', iss: 'ip2a', aud: 'ip2a', sub: '7' },
      ...{ iat: begun, exp: begun + 900 },
    });
    expect(jti).toMatch(/^[\w-]{12}$/);
  });

  it('is checked with the public key that the key set shows, which holds nothing private', () => {
    const { keys } = serviceWith().jwtKeys.published;
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ alg: 'ES256', use: 'sig', kid: idOf(own) });
    expect(keys[0]).not.toHaveProperty('d');
    const shown = createPublicKey({ key: keys[0] as never, format: 'jwk' });
    expect(shown.equals(createPublicKey(own))).toBe(true);
  });

  it('is refused when another key signed it, or when one bit of it was changed', async () => {
    expect(await verify(forged({}))).toBe('fine');
    expect(await verify(forged({}, { key: stranger }))).toBe('auth.token-invalid');
    const [header, , signature] = forged({}).split('.');
    const other = forged({ claims: { sub: '8' } }).split('.')[1];
    expect(await verify([header, other, signature].join('.'))).toBe('auth.token-invalid');
    expect(await verify([header, other, ''].join('.'))).toBe('auth.token-invalid');
  });
});

describe('while a key is replaced', () => {
  const old = forged({ header: { kid: idOf(previous) } }, { key: previous });

  it('tokens of both keys are good, and new ones are signed with the new key', async () => {
    expect(await verify(old, own, previous)).toBe('fine');
    expect(await verify(forged({}), own, previous)).toBe('fine');
    const { tokens, jwtKeys } = serviceWith(own, previous);
    const [header] = partsOf(await tokens.sign(7, sessionId, 'staff'));
    expect(header?.['kid']).toBe(idOf(own));
    expect(jwtKeys.published.keys.map(({ kid }) => kid)).toEqual([idOf(own), idOf(previous)]);
    expect(JSON.stringify(jwtKeys.published)).not.toContain('"d"');
  });

  it('a token is checked with the key that it names alone', async () => {
    expect(await verify(forged({ header: { kid: idOf(previous) } }), own, previous)).toBe('auth.token-invalid');
    expect(await verify(forged({}, { key: previous }), own, previous)).toBe('auth.token-invalid');
  });

  it('those of the old key are refused once it is gone', async () => {
    expect(await verify(old, own)).toBe('auth.token-invalid');
  });
});

describe('a token', () => {
  it.each<[string, string]>([
    ['has no signature', `${base64({ alg: 'none', typ: 'at+jwt', kid: idOf(own) })}.${forged({}).split('.')[1]}.`],
    ['has none, in capitals', `${base64({ alg: 'NONE', typ: 'at+jwt', kid: idOf(own) })}.${forged({}).split('.')[1]}.`],
    ['was signed with EdDSA', forged({}, { algorithm: 'EdDSA', key: ofLedger })],
    ['says another algorithm than it has', forged({ header: { alg: 'EdDSA' } })],
    ['says the same algorithm with another hash', forged({ header: { alg: 'ES512' } })],
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
    const jwk = createPublicKey(stranger).export({ format: 'jwk' });
    return forged({ header: { jwk } }, { key: stranger });
  }

  function hmac(form: 'spki' | 'raw'): string {
    const publicKey = createPublicKey(own);
    const secret =
      form === 'spki'
        ? publicKey.export({ type: 'spki', format: 'pem' })
        : Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    const signed = `${base64({ alg: 'HS256', typ: 'at+jwt', kid: idOf(own) })}.${forged({}).split('.')[1]}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  }

  it.each<[string, object, string]>([
    ['our own type', {}, 'fine'],
    ['our own type in full', { typ: 'application/at+jwt' }, 'fine'],
    ['the type of an ID token', { typ: 'JWT' }, 'auth.token-invalid'],
    ['no type', { typ: undefined }, 'auth.token-invalid'],
    ['an extension that must be understood', { crit: ['exp'], exp: 1 }, 'auth.token-invalid'],
    ['the name of another key', { kid: '../../etc/passwd' }, 'auth.token-invalid'],
    ['a name that every object has', { kid: 'constructor' }, 'auth.token-invalid'],
    ['the name of no key', { kid: undefined }, 'auth.token-invalid'],
    ['a name that is none', { kid: [idOf(own)] }, 'auth.token-invalid'],
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
      [forged({ claims: { exp: 1 } }), forged({}, { key: stranger }), 'abc'].map((token) =>
        errorOf(() => serviceWith().tokens.verify(token)),
      ),
    );
    expect(new Set(reasons.map((error) => error?.message)).size).toBe(1);
  });
});
