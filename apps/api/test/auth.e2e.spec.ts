import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';
import { inParallel } from '../../../test/support/load';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const logIn = ({ email, password }: { email: string; password: string }) =>
  api.anonymous.post('/auth/login', { email, password });
const refresh = (refreshToken: string) => api.anonymous.post('/auth/refresh', { refreshToken });
/** What counts for no account is counted all the same. */
const standIn = { action: 'UPDATE', tableName: 'stand_in_accounts' };
const failed = [401, 'auth.login-failed'];
const invalid = [401, 'auth.token-invalid'];

async function userRow(id: number) {
  const [row] = await api.query<{ failures: number; isLocked: boolean; lastLogin: Date | null }>(
    `SELECT failed_login_attempts AS failures, coalesce(locked_until > now(), false) AS "isLocked", last_login_at AS "lastLogin" FROM users WHERE id = $1`,
    [id],
  );
  return row;
}

describe('logging in', () => {
  it('begins a session, on record', async () => {
    const account = await api.account(['staff']);
    const reply = await logIn({ ...account, email: ` ${account.email.toUpperCase()} ` });
    expect([reply.status, reply.json()]).toEqual([
      200,
      {
        accessToken: expect.stringMatching(/^ey/) as string,
        refreshToken: expect.any(String) as string,
        tokenType: 'Bearer',
        expiresIn: 900,
      },
    ]);
    const entries = await api.entries({ requestId: reply.requestId });
    expect(entries.map(({ action, tableName }) => `${action} ${tableName}`)).toEqual([
      'UPDATE users',
      'LOGIN users',
      'CREATE refresh_tokens',
    ]);
    expect(entries[1]).toMatchObject({
      recordId: account.id,
      changedBy: account.id,
      actorEmail: account.email,
      route: 'auth:login',
      outcome: 'success',
    });
    expect((await userRow(account.id))?.lastLogin).not.toBeNull();
  });

  it('keeps no token that could be stolen from the database or the ledger', async () => {
    const { session } = await api.somebody(['staff']);
    const stored = JSON.stringify([await api.query('SELECT * FROM refresh_tokens'), await api.entries()]);
    expect(stored).not.toContain(session.refreshToken);
    expect(stored).not.toContain(session.accessToken);
  });

  const closed: [what: string, sql: string, note: string][] = [
    ['not verified', 'UPDATE users SET email_verified_at = NULL WHERE id = $1', 'e-mail not verified'],
    ['inactive', 'UPDATE users SET is_active = false WHERE id = $1', 'account inactive'],
    ['removed', 'UPDATE users SET deleted_at = now() WHERE id = $1', 'account deleted'],
    ['locked', `UPDATE users SET locked_until = now() + interval '1 hour' WHERE id = $1`, 'account locked'],
  ];
  it.each(closed)(
    'is refused to an account that is %s, in the words of a wrong password',
    async (_what, sql, notes) => {
      const account = await api.account(['staff']);
      await api.query(sql, [account.id]);
      const right = await logIn(account);
      const wrong = await logIn({ ...account, password: 'wrong' });
      const nobody = await logIn({ email: 'nobody@local.example', password: 'wrong' });
      expect([codeOf(right), codeOf(wrong), codeOf(nobody)]).toEqual([failed, failed, failed]);
      expect([wrong.json()['detail'], nobody.json()['detail']]).toEqual([
        right.json()['detail'],
        right.json()['detail'],
      ]);
      await api.expectAudit(right, standIn, {
        action: 'LOGIN_FAILED',
        outcome: 'failed',
        tableName: 'users',
        recordId: account.id,
        notes,
        changedBy: null,
      });
      await api.expectAudit(nobody, standIn, {
        action: 'LOGIN_FAILED',
        outcome: 'failed',
        recordId: null,
        filters: { email: 'nobody@local.example' },
        notes: 'no such account',
      });
    },
  );

  it('waits after five wrong passwords, for a time, and then counts anew', async () => {
    const account = await api.account(['staff']);
    const wrong = { ...account, password: 'wrong' };
    for (let count = 1; count <= 5; count += 1) {
      const reply = await logIn(wrong);
      expect([codeOf(reply), await userRow(account.id)]).toMatchObject([failed, { failures: count, isLocked: false }]);
      await api.expectAudit(
        reply,
        { action: 'UPDATE', tableName: 'users' },
        { action: 'LOGIN_FAILED', notes: 'wrong password' },
      );
    }
    const waiting = await logIn(account);
    expect(codeOf(waiting)).toEqual(failed);
    await api.expectAudit(waiting, standIn, { action: 'LOGIN_FAILED', notes: 'too many guesses' });
    expect((await userRow(account.id))?.failures).toBe(5);

    await api.query(`UPDATE login_guesses SET waits_until = now() WHERE account_id = $1`, [account.id]);
    expect(codeOf(await logIn(wrong))).toEqual(failed);
    expect(await userRow(account.id)).toMatchObject({ failures: 6 });
    expect((await logIn(account)).status).toBe(200);
    expect(await userRow(account.id)).toMatchObject({ failures: 0, isLocked: false });
  });

  it('forgets wrong passwords after a right one', async () => {
    const account = await api.account(['staff']);
    for (let count = 0; count < 4; count += 1) await logIn({ ...account, password: 'wrong' });
    await logIn(account);
    for (let count = 0; count < 4; count += 1) await logIn({ ...account, password: 'wrong' });
    expect((await logIn(account)).status).toBe(200);
  });

  it('waits although the guesses come all at once, and lets none of them in', async () => {
    const account = await api.account(['staff']);
    const replies = await inParallel(40, 12, () => logIn({ ...account, password: 'wrong' }));
    // They wait for one another; for whom that took too long, nothing was decided.
    const decided = replies.filter(({ status }) => status !== 503);
    expect(decided.filter(({ status }) => status !== 401)).toEqual([]);
    const failures = await api.entries({ action: 'LOGIN_FAILED', tableName: 'users', recordId: account.id });
    expect(failures.map(({ requestId }) => requestId).sort()).toEqual(decided.map(({ requestId }) => requestId).sort());
    expect(codeOf(await logIn(account))).toEqual(failed);
  });

  it('tells from outside nothing about which accounts exist by the work it does', async () => {
    const account = await api.account(['staff']);
    const entry = (reply: Reply) => ({ ...reply.json(), instance: '', requestId: '' });
    const replies = [
      await logIn({ ...account, password: 'wrong' }),
      await logIn({ email: 'nobody@local.example', password: 'wrong' }),
    ];
    expect(entry(replies[0]!)).toEqual(entry(replies[1]!));
    expect(Object.keys(replies[0]!.headers)).toEqual(Object.keys(replies[1]!.headers));
  });
});

describe('who I am', () => {
  it('is told of the account and its roles, and is a reading of it', async () => {
    const client = await api.somebody(['staff', 'organizer']);
    const reply = await client.get('/auth/me');
    expect(reply.json()).toEqual({
      id: client.account.id,
      email: client.account.email,
      roles: ['staff', 'organizer'],
      memberId: null,
      mustChangePassword: false,
    });
    await api.expectAudit(reply, { action: 'READ', tableName: 'users', recordId: client.account.id, route: 'auth:me' });
  });
});

describe('refreshing', () => {
  it('gives the next pair of tokens, and the old access token works until it expires', async () => {
    const client = await api.somebody(['staff']);
    const reply = await refresh(client.session.refreshToken);
    const next = api.client(client.account, reply.json());
    expect([(await next.get('/auth/me')).status, (await client.get('/auth/me')).status]).toEqual([200, 200]);
    const entries = await api.entries({ requestId: reply.requestId });
    expect(entries.map(({ action, tableName }) => `${action} ${tableName}`)).toEqual([
      'UPDATE refresh_tokens',
      'CREATE refresh_tokens',
    ]);
    expect(entries.map(({ changedBy }) => changedBy)).toEqual([client.account.id, client.account.id]);
  });

  type Pair = Client['session'];
  const pairOf = (reply: Reply) => reply.json<Pair>();
  /** The tokens of the client were used so many seconds earlier than they were. */
  const age = ({ account }: Client, seconds: number) =>
    api.query('UPDATE refresh_tokens SET rotated_at = rotated_at - make_interval(secs => $2) WHERE user_id = $1', [
      account.id,
      seconds,
    ]);
  const works = async ({ account }: Client, pair: Pair) => (await api.client(account, pair).get('/auth/me')).status;
  const listed = async (client: Client) => (await client.get('/auth/sessions')).json<{ items: object[] }>().items;

  it('ends the whole session when a token is used again after ten seconds, and only that session', async () => {
    const client = await api.somebody(['staff']);
    const elsewhere = await api.login(client.account);
    const next = pairOf(await refresh(client.session.refreshToken));
    await age(client, 10);
    const reused = await refresh(client.session.refreshToken);
    expect(codeOf(reused)).toEqual([401, 'auth.refresh-reused']);
    const denied = (await api.entries({ requestId: reused.requestId })).filter(
      ({ action }) => action === 'ACCESS_DENIED',
    );
    expect(denied).toEqual([
      expect.objectContaining({ tableName: 'users', recordId: client.account.id, outcome: 'denied' }),
    ]);
    expect(codeOf(await refresh(next.refreshToken))).toEqual(invalid);
    expect(codeOf(await client.get('/auth/me'))).toEqual(invalid);
    expect(await works(client, next)).toBe(401);
    expect((await elsewhere.get('/auth/me')).status).toBe(200);
  });

  it.each([
    ['many tabs at once', (token: string) => inParallel(10, 10, () => refresh(token))],
    [
      'one tab whose replies were lost',
      async (token: string) => [await refresh(token), await refresh(token), await refresh(token)],
    ],
  ])('by %s gives each a pair of its own, in one session', async (_who, ask) => {
    const client = await api.somebody(['staff']);
    const pairs = (await ask(client.session.refreshToken)).map(pairOf);
    expect(new Set(pairs.map(({ refreshToken }) => refreshToken)).size).toBe(pairs.length);
    for (const pair of pairs) expect(await works(client, pair)).toBe(200);
    expect(await listed(client)).toHaveLength(1);
    // Each goes on by itself, and its next token may be raced for, too.
    const [first, second] = await inParallel(pairs.length, 10, (index) => refresh(pairs[index]!.refreshToken));
    expect([first?.status, second?.status]).toEqual([200, 200]);
    const again = await refresh(pairs[0]!.refreshToken);
    expect(again.status).toBe(200);
    expect(await listed(client)).toHaveLength(1);
    expect((await client.post('/auth/logout')).status).toBe(204);
    for (const pair of [pairOf(first!), pairOf(second!), pairOf(again)]) {
      expect([await works(client, pair), codeOf(await refresh(pair.refreshToken))]).toEqual([401, invalid]);
    }
  });

  it('takes any of the tokens of a race for theft once its ten seconds are over', async () => {
    const client = await api.somebody(['staff']);
    const [one, other] = (await inParallel(2, 2, () => refresh(client.session.refreshToken))).map(pairOf);
    const next = pairOf(await refresh(one!.refreshToken));
    await age(client, 10);
    expect((await refresh(other!.refreshToken)).status).toBe(200);
    expect(codeOf(await refresh(one!.refreshToken))).toEqual([401, 'auth.refresh-reused']);
    expect([await works(client, next), await works(client, other!)]).toEqual([401, 401]);
  });

  it.each([
    ['was never given', () => 'no token of ours'],
    [
      'has expired',
      async (client: Client) => {
        await api.query(`UPDATE refresh_tokens SET expires_at = now() - interval '1 second' WHERE user_id = $1`, [
          client.account.id,
        ]);
        return client.session.refreshToken;
      },
    ],
    ['is an access token', (client: Client) => client.session.accessToken.slice(0, 200)],
  ])('is refused for a token that %s', async (_what, token) => {
    const client = await api.somebody(['staff']);
    const reply = await refresh(await token(client));
    expect(codeOf(reply)).toEqual(invalid);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', outcome: 'denied', notes: 'auth.token-invalid' });
  });
});

describe('logging out', () => {
  it('ends this session at once, on record, and no other', async () => {
    const client = await api.somebody(['staff']);
    const elsewhere = await api.login(client.account);
    const reply = await client.post('/auth/logout');
    expect([reply.status, reply.text]).toEqual([204, '']);
    const entries = await api.entries({ requestId: reply.requestId });
    expect(entries.map(({ action, changedBy }) => `${action} ${changedBy}`)).toEqual([
      `UPDATE ${client.account.id}`,
      `LOGOUT ${client.account.id}`,
    ]);
    expect(codeOf(await client.get('/auth/me'))).toEqual(invalid);
    expect(codeOf(await refresh(client.session.refreshToken))).toEqual(invalid);
    expect((await elsewhere.get('/auth/me')).status).toBe(200);
  });

  it('everywhere ends every session', async () => {
    const client = await api.somebody(['staff']);
    const elsewhere = await api.login(client.account);
    const reply = await client.post('/auth/logout-all');
    expect(reply.status).toBe(204);
    expect(
      (await api.entries({ requestId: reply.requestId })).filter(({ action }) => action === 'LOGOUT'),
    ).toHaveLength(1);
    for (const session of [client, elsewhere]) expect(codeOf(await session.get('/auth/me'))).toEqual(invalid);
  });
});

describe('changing my password', () => {
  const next = 'another horse battery staple';
  it('ends every session, and only the new password works', async () => {
    const client = await api.somebody(['staff']);
    const elsewhere = await api.login(client.account);
    const reply = await client.post('/auth/change-password', {
      currentPassword: client.account.password,
      newPassword: next,
    });
    expect(reply.status).toBe(204);
    const entries = await api.entries({ requestId: reply.requestId });
    expect(entries.map(({ action, tableName }) => `${action} ${tableName}`)).toEqual([
      'UPDATE users',
      'UPDATE refresh_tokens',
      'UPDATE refresh_tokens',
    ]);
    for (const session of [client, elsewhere]) expect(codeOf(await session.get('/auth/me'))).toEqual(invalid);
    expect(codeOf(await logIn(client.account))).toEqual(failed);
    expect((await logIn({ ...client.account, password: next })).status).toBe(200);
  });

  it('takes the current one, and counts a wrong one like a failed log-in', async () => {
    const client = await api.somebody(['staff']);
    const reply = await client.post('/auth/change-password', { currentPassword: 'wrong', newPassword: next });
    expect(codeOf(reply)).toEqual(failed);
    expect((await api.entries({ requestId: reply.requestId })).map(({ action }) => action)).toEqual([
      'UPDATE',
      'LOGIN_FAILED',
    ]);
    expect((await userRow(client.account.id))?.failures).toBe(1);
    expect((await logIn(client.account)).status).toBe(200);
  });

  it.each(['short', 'aaaaaaaaaaaaaaaa', 'x'.repeat(257)])('refuses the new password %j', async (newPassword) => {
    const client = await api.as('officer');
    expect(
      codeOf(await client.post('/auth/change-password', { currentPassword: client.account.password, newPassword })),
    ).toEqual([422, 'request.invalid']);
  });

  it('comes before anything else for an account that must', async () => {
    const account = await api.account(['staff']);
    await api.query('UPDATE users SET must_change_password = true WHERE id = $1', [account.id]);
    const client = await api.login(account);
    const refused = await client.get('/members');
    expect(codeOf(refused)).toEqual([403, 'auth.password-change-required']);
    await api.expectAudit(refused, { action: 'ACCESS_DENIED', changedBy: account.id });
    expect((await client.get('/auth/me')).json()).toMatchObject({ mustChangePassword: true });
    expect(
      (await client.post('/auth/change-password', { currentPassword: account.password, newPassword: next })).status,
    ).toBe(204);
    const again = await api.login({ ...account, password: next });
    expect((await again.get('/members')).status).toBe(200);
  });
});
