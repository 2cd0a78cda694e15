import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  jwtVerify,
  SignJWT,
  type JWTHeaderParameters,
  type JWTPayload,
} from 'jose';
import { CONFIG, type Config } from '#platform/config';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { writeTokenKey } from '../../../test/support/keys';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const invalid = [401, 'auth.token-invalid'];

describe('access tokens', () => {
  it('are checked by anybody with the published key', async () => {
    const client = await api.somebody(['staff']);
    const keys = createRemoteJWKSet(new URL(`${api.url}/api/v1/auth/jwks.json`));
    const { payload, protectedHeader } = await jwtVerify(client.session.accessToken, keys, {
      issuer: 'ip2a',
      audience: 'ip2a',
    });
    expect(payload.sub).toBe(String(client.account.id));
    expect(payload.exp! - payload.iat!).toBe(900);
    expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    const published = (await api.anonymous.get('/auth/jwks.json')).text;
    expect(JSON.parse(published)).toEqual({
      keys: [expect.objectContaining({ kty: 'EC', crv: 'P-256', use: 'sig', kid: protectedHeader.kid })],
    });
    expect(published).not.toContain('"d"');
  });

  const { privateKey: strange } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const headerOf = ({ session }: Client) => decodeProtectedHeader(session.accessToken) as JWTHeaderParameters;
  const signed = (client: Client, key: KeyObject) =>
    new SignJWT(decodeJwt(client.session.accessToken)).setProtectedHeader(headerOf(client)).sign(key);
  const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const none = (client: Client, alg: string) =>
    `${encoded({ ...headerOf(client), alg })}.${client.session.accessToken.split('.')[1]}.`;
  const confused = async (client: Client) => {
    const { keys } = (await api.anonymous.get('/auth/jwks.json')).json<{ keys: { x: string }[] }>();
    const text = `${encoded({ ...headerOf(client), alg: 'HS256' })}.${client.session.accessToken.split('.')[1]}`;
    return `${text}.${createHmac('sha256', Buffer.from(keys[0]!.x, 'base64url')).update(text).digest('base64url')}`;
  };
  const bad: [what: string, token: (client: Client) => Promise<string> | string][] = [
    ['signed by somebody else', (client) => signed(client, strange)],
    ['signed by nobody', (client) => none(client, 'none')],
    ['signed by Nobody', (client) => none(client, 'nOnE')],
    ['signed with the public key as a secret', confused],
    ['with a spoilt signature', ({ session }) => `${session.accessToken.slice(0, -6)}AAAAAA`],
    ['without its signature', ({ session }) => session.accessToken.split('.').slice(0, 2).join('.')],
    [
      'with another payload',
      ({ session }) =>
        session.accessToken.replace(/\.[^.]+\./, `.${encoded({ ...decodeJwt(session.accessToken), sub: '1' })}.`),
    ],
    ['that is garbled', () => 'not.a.token'],
    ['that is empty', () => ''],
    ['that is a refresh token', ({ session }) => session.refreshToken],
  ];
  it.each(bad)('are refused, on record, when %s', async (_what, token) => {
    const client = await api.as('staff');
    const reply = await api.anonymous.get('/auth/me', { Authorization: `Bearer ${await token(client)}` });
    expect(codeOf(reply)).toEqual(invalid);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', outcome: 'denied', changedBy: null });
  });

  it.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Token abc', 'Bearer a b'])(
    'are not the header %j',
    async (Authorization) => {
      const reply = await api.anonymous.get('/auth/me', { Authorization });
      expect(reply.status).toBe(401);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED' });
    },
  );

  it('are needed no longer for what needs none: a bad one does not keep anybody from logging in', async () => {
    const account = await api.account(['staff']);
    const reply = await api.anonymous.post(
      '/auth/login',
      { email: account.email, password: account.password },
      { Authorization: 'Bearer bad' },
    );
    expect(reply.status).toBe(200);
  });
});

describe('a server of its own', () => {
  const keyOf = (server: LocalApi) =>
    server.anonymous.get('/auth/jwks.json').then((reply) => reply.json<{ keys: Record<string, string>[] }>().keys[0]!);

  it('refuses tokens of others', async () => {
    const other = await startApi();
    try {
      expect(await keyOf(other)).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256' });
      const foreign = await api.somebody(['admin']);
      const reply = await other.anonymous.get('/auth/me', { Authorization: `Bearer ${foreign.session.accessToken}` });
      expect(reply.status).toBe(401);
    } finally {
      await other.close();
    }
  });

  it('takes the tokens of the key before until its time is over, and signs with the new one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ip2a-rotation-'));
    const { JWT_PRIVATE_KEY_FILE } = api.app.get<Config>(CONFIG);
    const { database } = api;
    const config = { JWT_PRIVATE_KEY_FILE: writeTokenKey(folder) };
    const client = await api.somebody(['staff']);
    const rotated = await startApi({ database, config: { ...config, JWT_PREVIOUS_KEY_FILE: JWT_PRIVATE_KEY_FILE } });
    const later = await startApi({ database, config });
    try {
      expect((await rotated.client(client.account, client.session).get('/auth/me')).status).toBe(200);
      const { session } = await rotated.somebody(['staff']);
      const { keys } = (await rotated.anonymous.get('/auth/jwks.json')).json<{ keys: { kid: string }[] }>();
      expect(keys).toHaveLength(2);
      expect(decodeProtectedHeader(session.accessToken).kid).toBe(keys[0]?.kid);
      expect(codeOf(await later.client(client.account, client.session).get('/auth/me'))).toEqual(invalid);
      const next = await later.anonymous.post('/auth/refresh', { refreshToken: client.session.refreshToken });
      expect((await later.client(client.account, next.json()).get('/auth/me')).status).toBe(200);
    } finally {
      await later.close();
      await rotated.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('takes an access token for good until it expires by the clock, and not a moment longer', async () => {
    let offsetMs = 0;
    const clock = { now: () => new Date(Date.now() + offsetMs) };
    const other = await startApi({ clock });
    try {
      const client = await other.somebody(['staff']);
      offsetMs = 895_000;
      expect((await client.get('/auth/me')).status).toBe(200);
      offsetMs = 901_000;
      expect(codeOf(await client.get('/auth/me'))).toEqual(invalid);
      const next = await other.anonymous.post('/auth/refresh', { refreshToken: client.session.refreshToken });
      expect((await other.client(client.account, next.json()).get('/auth/me')).status).toBe(200);
    } finally {
      await other.close();
    }
  });
});

describe('a token that the server’s own key signed', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const folder = mkdtempSync(join(tmpdir(), 'ip2a-key-'));
  let own: LocalApi;
  let client: Client;
  beforeAll(async () => {
    const file = join(folder, 'jwt.pem');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    own = await startApi({ config: { JWT_PRIVATE_KEY_FILE: file } });
    client = await own.somebody(['staff']);
  });
  afterAll(async () => {
    await own.close();
    rmSync(folder, { recursive: true });
  });

  const tried = async (payload: JWTPayload, header: object) => {
    const claims = { ...decodeJwt(client.session.accessToken), ...payload };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ ...(decodeProtectedHeader(client.session.accessToken) as JWTHeaderParameters), ...header })
      .sign(privateKey);
    return own.anonymous.get('/auth/me', { Authorization: `Bearer ${token}` });
  };

  it('is good where it says what those of the server say', async () => {
    expect((await tried({}, {})).json()).toMatchObject({ id: client.account.id });
  });

  const cases: [what: string, payload: JWTPayload, header: object][] = [
    ['another issuer', { iss: 'elsewhere' }, {}],
    ['another audience', { aud: 'elsewhere' }, {}],
    ['no expiry', { exp: undefined }, {}],
    ['an expiry in the past', { exp: 1 }, {}],
    ['a beginning in the future', { nbf: 99_999_999_999 }, {}],
    ['no session', { sid: undefined }, {}],
    ['a session of another account', { sub: '999999' }, {}],
    ['a subject that is no number', { sub: 'admin' }, {}],
    ['a subject beyond integer', { sub: '99999999999' }, {}],
    ['a session that is no id', { sid: 'x' }, {}],
    ['another type', {}, { typ: 'JWT' }],
  ];
  it.each(cases)('is refused with %s', async (_what, payload, header) => {
    expect(codeOf(await tried(payload, header))).toEqual(invalid);
  });
});
