import { Secret, TOTP } from 'otpauth';
import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const needed = [403, 'auth.password-needed'];

/** The id of the session of the client. */
function sessionOf({ session }: Client): string {
  const [, claims = ''] = session.accessToken.split('.');
  return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { sid: string }).sid;
}

/** Everything that happened in the session was so many minutes ago. */
const age = (client: Client, minutes: number) =>
  api.query(
    `UPDATE refresh_tokens SET created_at = created_at - make_interval(mins => $2),
       password_proved_at = password_proved_at - make_interval(mins => $2) WHERE family_id = $1`,
    [sessionOf(client), minutes],
  );

const confirm = (client: Client, password = client.account.password) =>
  client.post('/auth/confirm-password', { password });

const works = async (client: Client) => (await client.get('/auth/me')).status === 200;

async function member(): Promise<Client> {
  const { id } = (await (await api.as('staff')).post('/members', aMember())).json<{ id: number }>();
  return api.somebody(['member'], id);
}

/** Each way to do harm at a screen that was left open, and whom it takes. */
const ways: [string, () => Promise<Client>, (client: Client, other: Client) => Promise<Reply>][] = [
  ['ending every session', () => api.somebody(['staff']), (client) => client.post('/auth/logout-all')],
  [
    'ending another session',
    () => api.somebody(['staff']),
    (client, other) => client.delete(`/auth/sessions/${sessionOf(other)}`),
  ],
  ['changing the own contact address', member, (client) => client.patch('/me', { email: 'new@local.example' })],
  [
    'changing it as a member',
    member,
    async (client) => {
      const { id } = (await client.get('/me')).json<{ id: number }>();
      return client.patch(`/members/${id}`, { email: 'new@local.example' });
    },
  ],
  [
    'changing the address of the own account',
    () => api.somebody(['admin']),
    (client) => client.patch(`/users/${client.account.id}`, { email: `new-${client.account.email}` }),
  ],
];

describe.each(ways)('%s', (_what, somebody, act) => {
  it('takes nothing more soon after the log-in', async () => {
    const client = await somebody();
    const other = await api.login(client.account);
    await age(client, 14);
    expect([200, 204]).toContain((await act(client, other)).status);
  });

  it('is refused after 15 minutes, on record, and nothing ends or changes', async () => {
    const client = await somebody();
    const other = await api.login(client.account);
    await age(client, 16);
    const before = await stateOf(client);
    const reply = await act(client, other);
    expect(codeOf(reply)).toEqual(needed);
    expect(await stateOf(client)).toEqual(before);
    expect([await works(client), await works(other)]).toEqual([true, true]);
    await api.expectAudit(reply, {
      action: 'ACCESS_DENIED',
      outcome: 'denied',
      tableName: 'refresh_tokens',
      recordId: expect.any(Number) as number,
      changedBy: client.account.id,
      notes: 'auth.password-needed',
    });
  });

  it('is done after the password was proved again, in this session and in no other', async () => {
    const client = await somebody();
    const other = await api.login(client.account);
    await age(client, 60);
    await age(other, 60);
    expect((await confirm(client)).status).toBe(204);
    expect(codeOf(await act(other, client))).toEqual(needed);
    await age(client, 16);
    expect(codeOf(await act(client, other))).toEqual(needed);
    expect((await confirm(client)).status).toBe(204);
    expect([200, 204]).toContain((await act(client, other)).status);
  });
});

/** What a refused request must leave alone. */
async function stateOf({ account }: Client): Promise<unknown[]> {
  return Promise.all([
    api.query('SELECT id, revoked_at FROM refresh_tokens WHERE user_id = $1 ORDER BY id', [account.id]),
    api.query(
      'SELECT u.email, m.email AS contact FROM users u LEFT JOIN members m ON m.id = u.member_id WHERE u.id = $1',
      [account.id],
    ),
  ]);
}

describe('a proof of the password', () => {
  it('is an entry of the session', async () => {
    const client = await api.somebody(['staff']);
    const reply = await confirm(client);
    expect([reply.status, reply.text]).toEqual([204, '']);
    await api.expectAudit(reply, {
      action: 'UPDATE',
      tableName: 'refresh_tokens',
      changedFields: ['password_proved_at'],
      changedBy: client.account.id,
      route: 'auth:confirm-password',
    });
  });

  it('with a wrong password is refused, counts and proves nothing', async () => {
    const client = await api.somebody(['staff']);
    await age(client, 16);
    for (const failures of [1, 2]) {
      const reply = await confirm(client, 'not the password');
      expect(codeOf(reply)).toEqual([401, 'auth.login-failed']);
      const [user] = await api.query<{ failures: number }>(
        'SELECT failed_login_attempts AS failures FROM users WHERE id = $1',
        [client.account.id],
      );
      expect(user?.failures).toBe(failures);
      await api.expectAudit(
        reply,
        { action: 'UPDATE', tableName: 'users' },
        { action: 'LOGIN_FAILED', recordId: client.account.id, notes: 'wrong password' },
      );
    }
    expect(codeOf(await client.post('/auth/logout-all'))).toEqual(needed);
  });

  it.each<object>([{}, { password: '' }, { password: 7 }, { password: 'x'.repeat(257) }])(
    'is refused for %j',
    async (body) => {
      const client = await api.as('staff');
      expect(codeOf(await client.post('/auth/confirm-password', body))).toEqual([422, 'request.invalid']);
    },
  );

  it('goes on with the session when that is refreshed, and so does its age', async () => {
    const client = await api.somebody(['staff']);
    const refreshed = async (from: Client) =>
      api.client(from.account, (await from.post('/auth/refresh', { refreshToken: from.session.refreshToken })).json());
    await age(client, 60);
    const next = await refreshed(client);
    expect(codeOf(await next.post('/auth/logout-all'))).toEqual(needed);
    expect((await confirm(next)).status).toBe(204);
    expect((await (await refreshed(next)).post('/auth/logout-all')).status).toBe(204);
  });

  it('is a log-in with a second factor, too', async () => {
    const client = await api.somebody(['staff']);
    const { account } = client;
    const { secret } = (await client.post('/auth/mfa/enroll', { currentPassword: account.password })).json<{
      secret: string;
    }>();
    const codeAt = (steps: number) =>
      new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 });
    expect((await client.post('/auth/mfa/confirm', { code: codeAt(0) })).status).toBe(200);
    await age(client, 60);
    const { email, password } = account;
    const { mfaToken } = (await api.anonymous.post('/auth/login', { email, password })).json<{ mfaToken: string }>();
    const verified = await api.anonymous.post('/auth/mfa/verify', { mfaToken, code: codeAt(1) });
    expect(codeOf(await client.post('/auth/logout-all'))).toEqual(needed);
    expect((await api.client(account, verified.json()).post('/auth/logout-all')).status).toBe(204);
  });

  it('is not needed to end this session', async () => {
    const [one, two] = [await api.somebody(['staff']), await api.somebody(['staff'])];
    await age(one, 60);
    await age(two, 60);
    expect((await one.post('/auth/logout')).status).toBe(204);
    expect((await two.delete(`/auth/sessions/${sessionOf(two)}`)).status).toBe(204);
    expect([await works(one), await works(two)]).toEqual([false, false]);
  });

  it('is not needed for other contact details, or for the address of somebody else', async () => {
    const own = await member();
    await age(own, 60);
    expect((await own.patch('/me', { phone: '555-7' })).status).toBe(200);
    const staff = await api.somebody(['staff']);
    await age(staff, 60);
    const { id } = (await staff.post('/members', aMember())).json<{ id: number }>();
    expect((await staff.patch(`/members/${id}`, { email: 'theirs@local.example' })).status).toBe(200);
  });
});
