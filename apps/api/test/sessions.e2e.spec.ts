import { OutsideTransaction } from '../../../test/support/outside-transaction';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';

interface Session {
  id: string;
  createdAt: string;
  lastUsedAt: string;
  ipAddress: string | null;
  userAgent: string | null;
  isCurrent: boolean;
}

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const sessionsOf = async (client: Client) => (await client.get('/auth/sessions')).json<{ items: Session[] }>().items;

describe('my sessions', () => {
  it('are listed with where they were used last, and tell which is this one', async () => {
    const client = await api.somebody(['staff']);
    const { email, password } = client.account;
    const phone = { 'User-Agent': 'Phone 1' };
    const other = api.client(
      client.account,
      (await api.anonymous.post('/auth/login', { email, password }, phone)).json(),
    );
    await api.anonymous.post(
      '/auth/refresh',
      { refreshToken: other.session.refreshToken },
      { 'User-Agent': 'Phone 2' },
    );
    const reply = await client.get('/auth/sessions');
    const { items } = reply.json<{ items: Session[] }>();
    expect(items).toMatchObject([
      { userAgent: 'Phone 2', ipAddress: '127.0.0.1', isCurrent: false },
      { userAgent: null, ipAddress: '127.0.0.1', isCurrent: true },
    ]);
    expect(items[0]!.lastUsedAt > items[0]!.createdAt).toBe(true);
    expect(reply.text).not.toMatch(/hash|token/i);
    await api.expectAudit(reply, {
      action: 'BULK_READ',
      tableName: 'refresh_tokens',
      recordIds: expect.arrayContaining([expect.any(Number)]) as number[],
      changedBy: client.account.id,
    });
  });

  it('leave the list when they end, expire, or belong to somebody else', async () => {
    const client = await api.somebody(['staff']);
    const [gone, late] = [await api.login(client.account), await api.login(client.account)];
    const [expired] = await sessionsOf(late);
    await gone.post('/auth/logout');
    await api.query(`UPDATE refresh_tokens SET expires_at = now() - interval '1 second' WHERE family_id = $1`, [
      expired?.id,
    ]);
    const reply = await client.get('/auth/sessions');
    expect(reply.json<{ items: Session[] }>().items).toMatchObject([{ isCurrent: true }]);
    await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'refresh_tokens' });
  });

  it.each([31, 400])('end %d days after the log-in, however often they were refreshed', async (days) => {
    const client = await api.somebody(['staff']);
    const refresh = ({ session }: Client) => client.post('/auth/refresh', { refreshToken: session.refreshToken });
    const refreshed = api.client(client.account, (await refresh(client)).json());
    const age = (by: number) =>
      api.query(
        `UPDATE refresh_tokens SET created_at = now() - make_interval(days => $2) WHERE user_id = $1 AND rotated_at IS NOT NULL`,
        [client.account.id, by],
      );
    await age(29);
    const again = api.client(client.account, (await refresh(refreshed)).json());
    await age(days);
    expect(codeOf(await refresh(again))).toEqual([401, 'auth.token-invalid']);
    expect(await sessionsOf(await api.login(client.account))).toHaveLength(1);
  });

  it('are ended one by one, at once and on record', async () => {
    const client = await api.somebody(['staff']);
    const other = await api.login(client.account);
    const [session] = (await sessionsOf(client)).filter(({ isCurrent }) => !isCurrent);
    const reply = await client.delete(`/auth/sessions/${session?.id}`);
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(codeOf(await other.get('/auth/me'))).toEqual([401, 'auth.token-invalid']);
    expect((await client.get('/auth/me')).status).toBe(200);
    await api.expectAudit(
      reply,
      { action: 'UPDATE', tableName: 'refresh_tokens', changedBy: client.account.id },
      { action: 'LOGOUT', tableName: 'users', recordId: client.account.id },
    );
  });

  it('are nobody else’s to end', async () => {
    const [client, stranger] = [await api.somebody(['staff']), await api.somebody(['admin'])];
    const [session] = await sessionsOf(client);
    const reply = await stranger.delete(`/auth/sessions/${session?.id}`);
    expect(codeOf(reply)).toEqual([404, 'record.not-found']);
    expect(codeOf(await stranger.delete('/auth/sessions/7'))).toEqual([422, 'request.invalid']);
    expect((await client.get('/auth/me')).status).toBe(200);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', outcome: 'denied', changedBy: stranger.account.id });
  });
});

describe('a refresh and a log-out at the same moment', () => {
  const refresh = (client: Client) =>
    api.anonymous.post('/auth/refresh', { refreshToken: client.session.refreshToken });
  const ways: [string, (client: Client) => Promise<Reply>][] = [
    ['of this session', (client) => client.post('/auth/logout')],
    ['of every session', (client) => client.post('/auth/logout-all')],
    ['by a lock', async (client) => (await api.as('admin')).post(`/users/${client.account.id}/lock`)],
  ];

  it.each(ways)('%s leave no session, whoever waits for whom', async (_what, logOut) => {
    await api.as('admin');
    for (const isRefreshFirst of [true, false]) {
      const client = await api.somebody(['staff']);
      // Whoever issues a token waits for the row of its user, so the second comes while the first is under way.
      const outside = await OutsideTransaction.begin(api.database);
      await outside.query('SELECT FROM users WHERE id = $1 FOR UPDATE', [client.account.id]);
      const first = isRefreshFirst ? refresh(client) : logOut(client);
      await outside.waiting(1);
      const second = isRefreshFirst ? logOut(client) : refresh(client);
      await outside.waiting(2);
      await outside.end();
      const [refreshed, loggedOut] = isRefreshFirst
        ? await Promise.all([first, second])
        : await Promise.all([second, first]);
      expect([200, 204]).toContain(loggedOut.status);
      expect(refreshed.status).toBe(isRefreshFirst ? 200 : 401);
      const left = await api.query('SELECT FROM refresh_tokens WHERE user_id = $1 AND revoked_at IS NULL', [
        client.account.id,
      ]);
      expect(left).toEqual([]);
      if (!isRefreshFirst) continue;
      const next = api.client(client.account, refreshed.json());
      expect(codeOf(await next.get('/auth/me'))).toEqual([401, 'auth.token-invalid']);
      expect(codeOf(await refresh(next))).toEqual([401, 'auth.token-invalid']);
    }
  });
});
