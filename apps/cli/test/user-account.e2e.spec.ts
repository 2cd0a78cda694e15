import { run } from '../../../test/support/cli';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const ip2a = (args: readonly string[], input?: string) => run(api.database, ['user', ...args], { input });
const logIn = ({ account: { email, password } }: Client) => api.anonymous.post('/auth/login', { email, password });
const works = async (client: Client) => (await client.get('/auth/me')).status;
const byCommand = async (filter: { action?: string; tableName?: string; recordId?: number }) =>
  (await api.entries(filter)).filter(({ source }) => source === 'cli');
const guess = async ({ account: { email } }: Client) => {
  for (let count = 0; count < 6; count += 1) await api.anonymous.post('/auth/login', { email, password: 'wrong' });
};

describe('ip2a user', () => {
  it('lock ends the sessions of an account and unlock lets it in again, each on record with its reason', async () => {
    const client = await api.somebody(['staff']);
    const { id, email } = client.account;
    expect(await ip2a(['lock', email.toUpperCase(), '--reason', 'the laptop was stolen'])).toEqual({
      ...{ status: 0, stdout: `Locked user ${id}.\n`, stderr: '' },
    });
    expect([await works(client), (await logIn(client)).status]).toEqual([401, 401]);
    expect(await ip2a(['unlock', '--email', email, '--reason', 'it was found'])).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect((await logIn(client)).status).toBe(200);
    const entries = await byCommand({ tableName: 'users', recordId: id });
    expect(entries).toMatchObject([
      { route: 'user:lock', action: 'UPDATE', reason: 'the laptop was stolen', changedFields: ['locked_until'] },
      { route: 'user:unlock', action: 'UPDATE', reason: 'it was found', changedFields: ['locked_until'] },
    ]);
  });

  it('unlock ends the waits after wrong passwords', async () => {
    const client = await api.somebody(['staff']);
    await guess(client);
    expect(codeOf(await logIn(client))).toEqual([401, 'auth.login-failed']);
    const { status, stdout } = await ip2a(['unlock', String(client.account.id), '--json']);
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { id: client.account.id, failedLoginAttempts: 0 }]);
    expect((await logIn(client)).status).toBe(200);
  });

  it('sessions lists those that are open, and ends them where it is told to', async () => {
    const client = await api.somebody(['staff']);
    const { id, email } = client.account;
    await api.login(client.account);
    const { stdout } = await ip2a(['sessions', email, '--json']);
    const { items } = JSON.parse(stdout) as { items: object[] };
    expect(items).toHaveLength(2);
    expect(Object.keys(items[0]!)).toEqual(['id', 'createdAt', 'lastUsedAt', 'ipAddress', 'userAgent']);
    expect((await ip2a(['sessions', email])).stdout.match(/127\.0\.0\.1/g)).toHaveLength(2);
    const [read] = await byCommand({ action: 'BULK_READ', tableName: 'refresh_tokens' });
    expect(read).toMatchObject({ route: 'user:sessions', recordIds: [expect.any(Number), expect.any(Number)] });

    expect((await ip2a(['sessions', email, '--end', '--reason', 'asked by phone'])).status).toBe(0);
    expect(await works(client)).toBe(401);
    expect((await ip2a(['sessions', email, '--json'])).stdout).toBe('{"items":[]}\n');
    const [logOut] = await byCommand({ action: 'LOGOUT', recordId: id });
    expect(logOut).toMatchObject({ reason: 'asked by phone', notes: 'every session' });
  });

  it('reset-password gives a password from standard input, which its owner must change', async () => {
    const client = await api.somebody(['staff']);
    const { email } = client.account;
    await guess(client);
    const password = 'another horse battery staple';
    expect(await ip2a(['reset-password', email], `${password}\n`)).toMatchObject({ status: 0, stderr: '' });
    expect(await works(client)).toBe(401);
    const session = await api.login({ ...client.account, password });
    expect((await session.get('/auth/me')).json()).toMatchObject({ mustChangePassword: true });
    expect(JSON.stringify(await api.entries({ tableName: 'users' }))).not.toContain(password);
    expect(await ip2a(['reset-password', email], 'password1234\n')).toMatchObject({ status: 2, stdout: '' });
    expect(await ip2a(['reset-password', email], 'short\n')).toMatchObject({ status: 2, stdout: '' });
  });

  it.each([
    ['lock', ['nobody@local.example']],
    ['unlock', ['99999999']],
    ['sessions', []],
    ['lock', ['a@local.example', '--email', 'b@local.example']],
  ])('%s ends with 2 for %j', async (command, args) => {
    const { status, stdout, stderr } = await ip2a([command, ...args]);
    expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^(There is no account|Name one account)/)]);
  });

  it('lock leaves an administrator', async () => {
    const admin = await api.as('admin');
    expect(await ip2a(['lock', admin.account.email])).toMatchObject({ status: 2, stdout: '' });
    expect(await works(admin)).toBe(200);
  });
});
