import { Secret, TOTP } from 'otpauth';
import type { Role } from '#access';
import { type Account, type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';
import { isRedacted } from '../../../test/support/ledger';
import { inParallel } from '../../../test/support/load';
import { Mailbox } from '../../../test/support/mailbox';

let api: LocalApi;
/** Moves the server's clock, so that codes of the steps to come can be had without waiting. */
let offsetMs = 0;
const clock = { now: () => new Date(Date.now() + offsetMs) };
beforeAll(async () => {
  api = await startApi({ clock });
});
afterAll(() => api.close());

const stepMs = 30_000;
const failed = [401, 'auth.login-failed'];
const invalid = [401, 'auth.token-invalid'];
const actionsOf = async (reply: Reply) =>
  (await api.entries({ requestId: reply.requestId })).map(({ action, tableName }) => `${action} ${tableName}`);

interface Enrolled {
  client: Client;
  account: Account;
  secret: string;
  recoveryCodes: string[];
}

const codeAt = (secret: string, steps = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret), digits: 6, period: 30 }).generate({
    timestamp: clock.now().getTime() + steps * stepMs,
  });
const enroll = (client: Client) => client.post('/auth/mfa/enroll', { currentPassword: client.account.password });
const firstStep = async ({ email, password }: Account) =>
  (await api.anonymous.post('/auth/login', { email, password })).json<{ mfaToken: string }>().mfaToken;
const verify = (mfaToken: string, proof: object) => api.anonymous.post('/auth/mfa/verify', { mfaToken, ...proof });

/** Somebody with a second factor, in a step of the clock that no code was used in yet. */
async function enrolled(roles: Role[]): Promise<Enrolled> {
  const client = await api.somebody(roles);
  const { secret } = (await enroll(client)).json<{ secret: string }>();
  const confirmed = await client.post('/auth/mfa/confirm', { code: codeAt(secret) });
  expect(confirmed.status).toBe(200);
  offsetMs += 2 * stepMs;
  const { recoveryCodes } = confirmed.json<{ recoveryCodes: string[] }>();
  return { client: await finish(client.account, secret), account: client.account, secret, recoveryCodes };
}

async function finish(account: Account, secret: string): Promise<Client> {
  const reply = await verify(await firstStep(account), { code: codeAt(secret) });
  expect(reply.status).toBe(200);
  offsetMs += 2 * stepMs;
  return api.client(account, reply.json());
}

describe('setting up a second factor', () => {
  it('takes the password and then a code, and hands out recovery codes once', async () => {
    const client = await api.somebody(['staff']);
    const begun = await enroll(client);
    const { secret, otpauthUrl } = begun.json<{ secret: string; otpauthUrl: string }>();
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(otpauthUrl).toMatch(/^otpauth:\/\/totp\/IP2A:/);
    await api.expectAudit(begun, {
      action: 'UPDATE',
      tableName: 'users',
      changedBy: client.account.id,
      newValues: { mfa_secret: isRedacted() },
    });
    expect((await api.login(client.account)).session.accessToken).toMatch(/^ey/);
    const confirmed = await client.post('/auth/mfa/confirm', { code: codeAt(secret) });
    const { recoveryCodes } = confirmed.json<{ recoveryCodes: string[] }>();
    expect(new Set(recoveryCodes).size).toBe(10);
    expect(recoveryCodes[0]).toMatch(/^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$/);
    expect(codeOf(await client.post('/auth/mfa/confirm', { code: codeAt(secret, 1) }))).toEqual([
      409,
      'auth.mfa-enrolled',
    ]);
    expect(codeOf(await enroll(client))).toEqual([409, 'auth.mfa-enrolled']);
    expect(await actionsOf(confirmed)).toEqual([
      'UPDATE users',
      ...Array<string>(10).fill('CREATE mfa_recovery_codes'),
    ]);
  });

  it('keeps neither secret nor codes where they could be read', async () => {
    const { account, secret, recoveryCodes } = await enrolled(['staff']);
    const stored = JSON.stringify([
      await api.query('SELECT * FROM users'),
      await api.query('SELECT * FROM mfa_recovery_codes'),
      await api.entries(),
    ]);
    expect([secret, ...recoveryCodes].filter((text) => stored.includes(text))).toEqual([]);
    const admin = await api.somebody(['admin']);
    const shown = await admin.get(`/users/${account.id}`);
    expect(shown.text).not.toMatch(/secret|v1\./i);
    expect(shown.json()['mfaEnabledAt']).toEqual(expect.any(String));
    await api.expectAudit(shown, { action: 'READ', tableName: 'users', recordId: account.id });
  });

  it('is refused with a wrong password or code, each of which counts', async () => {
    const client = await api.somebody(['staff']);
    const reply = await client.post('/auth/mfa/enroll', { currentPassword: 'wrong' });
    expect(codeOf(reply)).toEqual(failed);
    expect(await actionsOf(reply)).toEqual(['UPDATE users', 'LOGIN_FAILED users']);
    expect(codeOf(await client.post('/auth/mfa/confirm', { code: '000000' }))).toEqual([409, 'auth.mfa-not-enrolled']);
    const { secret } = (await enroll(client)).json<{ secret: string }>();
    const wrong = await client.post('/auth/mfa/confirm', { code: codeAt(secret, 40) });
    expect(codeOf(wrong)).toEqual(failed);
    await api.expectAudit(
      wrong,
      { action: 'UPDATE', tableName: 'users' },
      { action: 'LOGIN_FAILED', notes: 'wrong code' },
    );
    const [row] = await api.query<{ failures: number }>(
      'SELECT failed_login_attempts AS failures FROM users WHERE id = $1',
      [client.account.id],
    );
    expect(row?.failures).toBe(2);
  });
});

describe('logging in with a second factor', () => {
  it('gives a token for the second step, and a session only then', async () => {
    const { account, secret } = await enrolled(['staff']);
    const { email, password } = account;
    const first = await api.anonymous.post('/auth/login', { email, password });
    expect([first.status, first.json()]).toEqual([
      200,
      { mfaRequired: true, mfaToken: expect.any(String) as string, expiresIn: 300 },
    ]);
    await api.expectAudit(first, { action: 'CREATE', tableName: 'one_time_tokens', changedBy: null });
    const { mfaToken } = first.json<{ mfaToken: string }>();
    const bearer = await api.anonymous.get('/auth/me', { Authorization: `Bearer ${mfaToken}` });
    expect(codeOf(bearer)).toEqual(invalid);
    const second = await verify(mfaToken, { code: codeAt(secret) });
    expect((await api.client(account, second.json()).get('/auth/me')).status).toBe(200);
    expect(await actionsOf(second)).toEqual([
      'UPDATE one_time_tokens',
      'UPDATE users',
      'UPDATE users',
      'LOGIN users',
      'CREATE refresh_tokens',
    ]);
    const entries = await api.entries({ requestId: second.requestId });
    expect(new Set(entries.map(({ changedBy }) => changedBy))).toEqual(new Set([account.id]));
    offsetMs += 2 * stepMs;
    expect(codeOf(await verify(mfaToken, { code: codeAt(secret) }))).toEqual(invalid);
  });

  it('takes a code once, in whatever session it is sent again', async () => {
    const { account, secret } = await enrolled(['staff']);
    const [, other] = [await firstStep(account), await firstStep(account)];
    const code = codeAt(secret);
    expect((await verify(other, { code })).status).toBe(200);
    const replayed = await verify(await firstStep(account), { code });
    expect(codeOf(replayed)).toEqual(failed);
    const earlier = await verify(await firstStep(account), { code: codeAt(secret, -1) });
    expect(codeOf(earlier)).toEqual(failed);
    await api.expectAudit(
      replayed,
      { action: 'UPDATE', tableName: 'users' },
      { action: 'LOGIN_FAILED', notes: 'wrong code' },
    );
  });

  it('with one code and token many times at once succeeds once', async () => {
    const { account, secret } = await enrolled(['staff']);
    const mfaToken = await firstStep(account);
    const code = codeAt(secret);
    const replies = await inParallel(8, 8, () => verify(mfaToken, { code }));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(401)]);
    expect(await api.entries({ action: 'LOGIN', recordId: account.id })).toHaveLength(3);
  });

  it('counts every one of many wrong codes at once, and takes none after the fifth', async () => {
    const { account, secret } = await enrolled(['staff']);
    const wrong = codeAt(secret, 40);
    const failures = async () => {
      const [row] = await api.query<{ count: number; waits: boolean }>(
        `SELECT wrong AS count, coalesce(waits_until > now(), false) AS waits FROM login_guesses
         WHERE account_id = $1 AND kind = 'code' AND network <> ''`,
        [account.id],
      );
      return [row?.count, row?.waits];
    };
    const mfaToken = await firstStep(account);
    await inParallel(4, 4, () => verify(mfaToken, { code: wrong }));
    expect(await failures()).toEqual([4, false]);
    const replies = await inParallel(12, 12, (index) =>
      verify(mfaToken, { code: index % 2 ? wrong : codeAt(secret, 41) }),
    );
    expect(replies.map(codeOf)).toEqual(Array(12).fill(failed));
    expect(await failures()).toEqual([5, true]);
    const notes = (await api.entries({ action: 'LOGIN_FAILED', recordId: account.id })).map((entry) => entry.notes);
    expect(notes).toEqual([...Array<string>(5).fill('wrong code'), ...Array<string>(11).fill('too many guesses')]);
    expect(codeOf(await verify(mfaToken, { code: codeAt(secret) }))).toEqual(failed);
  });

  it('keeps its guesses, and their wait, through a new password', async () => {
    const mailbox = new Mailbox(api.folder);
    const { account, secret } = await enrolled(['staff']);
    const reset = async (count: number, newPassword: string) => {
      await api.anonymous.post('/auth/forgot-password', { email: account.email });
      const token = await mailbox.token(account.email, count);
      expect((await api.anonymous.post('/auth/reset-password', { token, newPassword })).status).toBe(204);
      return { ...account, password: newPassword };
    };
    const guess = async (of: Account, count: number) => {
      const mfaToken = await firstStep(of);
      for (let index = 0; index < count; index += 1) await verify(mfaToken, { code: codeAt(secret, 40 + index) });
    };
    await guess(account, 3);
    // Each reset is told by a mail, too.
    const changed = await reset(1, 'another horse battery staple');
    await guess(changed, 2);
    const again = await reset(3, 'third horse battery staple');
    const waiting = await verify(await firstStep(again), { code: codeAt(secret) });
    expect(codeOf(waiting)).toEqual(failed);
    const [last] = (await api.entries({ requestId: waiting.requestId })).slice(-1);
    expect(last).toMatchObject({ action: 'LOGIN_FAILED', notes: 'too many guesses' });
  });

  it('takes each recovery code once', async () => {
    const { account, recoveryCodes } = await enrolled(['staff']);
    const [first = '', second = ''] = recoveryCodes;
    const reply = await verify(await firstStep(account), { recoveryCode: first.toLowerCase().replaceAll('-', ' ') });
    expect(reply.status).toBe(200);
    expect(await actionsOf(reply)).toContain('UPDATE mfa_recovery_codes');
    const again = await verify(await firstStep(account), { recoveryCode: first });
    expect(codeOf(again)).toEqual(failed);
    expect((await verify(await firstStep(account), { recoveryCode: second })).status).toBe(200);
    await api.expectAudit(again, { action: 'UPDATE' }, { action: 'LOGIN_FAILED', recordId: account.id });
  });

  it('waits after five wrong codes, though the password is right each time', async () => {
    const { account, secret } = await enrolled(['staff']);
    for (let count = 0; count < 5; count += 1) {
      expect(codeOf(await verify(await firstStep(account), { code: codeAt(secret, 40 + count) }))).toEqual(failed);
    }
    const waiting = await verify(await firstStep(account), { code: codeAt(secret) });
    expect(codeOf(waiting)).toEqual(failed);
    await api.expectAudit(
      waiting,
      { action: 'UPDATE', tableName: 'stand_in_accounts' },
      { action: 'LOGIN_FAILED', notes: 'too many guesses' },
    );
  });

  it('takes no token that has expired, and no request without one proof', async () => {
    const { account, secret } = await enrolled(['staff']);
    const mfaToken = await firstStep(account);
    for (const proof of [{}, { code: '123456', recoveryCode: 'x' }, { code: '12345' }]) {
      expect(codeOf(await verify(mfaToken, proof))).toEqual([422, 'request.invalid']);
    }
    await api.query(`UPDATE one_time_tokens SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [
      account.id,
    ]);
    const late = await verify(mfaToken, { code: codeAt(secret) });
    expect(codeOf(late)).toEqual(invalid);
    await api.expectAudit(late, { action: 'ACCESS_DENIED', notes: 'auth.token-invalid' });
  });
});

describe('giving a second factor up', () => {
  it('takes password and code', async () => {
    const { client, account, secret } = await enrolled(['staff']);
    const disable = (body: object) => client.post('/auth/mfa/disable', body);
    expect(codeOf(await disable({ password: 'wrong', code: codeAt(secret) }))).toEqual(failed);
    expect(codeOf(await disable({ password: account.password, code: codeAt(secret, 40) }))).toEqual(failed);
    const reply = await disable({ password: account.password, code: codeAt(secret) });
    expect(reply.status).toBe(204);
    expect((await api.login(account)).session.accessToken).toMatch(/^ey/);
    expect(await actionsOf(reply)).toEqual(['UPDATE users', ...Array<string>(10).fill('DELETE mfa_recovery_codes')]);
  });

  it.each(['admin', 'officer'] as const)('is not for an account with the role %s', async (role) => {
    const { client, account, secret } = await enrolled(['staff', role]);
    const reply = await client.post('/auth/mfa/disable', { password: account.password, code: codeAt(secret) });
    expect(codeOf(reply)).toEqual([403, 'access.denied']);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', changedBy: account.id });
  });

  it('is done for one who lost it by an administrator, though not for themselves', async () => {
    const { client, account } = await enrolled(['admin']);
    expect(codeOf(await client.post(`/users/${account.id}/mfa-reset`))).toEqual([403, 'access.denied']);
    const admin = await api.somebody(['admin']);
    const reply = await admin.post(`/users/${account.id}/mfa-reset`);
    expect([reply.status, reply.json()['mfaEnabledAt']]).toEqual([200, null]);
    expect(codeOf(await client.get('/auth/me'))).toEqual(invalid);
    expect((await api.login(account)).session.accessToken).toMatch(/^ey/);
    expect(await actionsOf(reply)).toEqual([
      'UPDATE users',
      ...Array<string>(10).fill('DELETE mfa_recovery_codes'),
      'UPDATE refresh_tokens',
      'UPDATE refresh_tokens',
    ]);
  });
});
