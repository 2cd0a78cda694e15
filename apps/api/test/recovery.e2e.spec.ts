import { statSync } from 'node:fs';
import { join } from 'node:path';
import { aMember } from '../../../libs/members/src/member.factory';
import { startApi, type Client, type LocalApi, type Reply } from './harness';
import { inParallel, until } from './load';
import { Mailbox } from './mailbox';

let api: LocalApi;
let mailbox: Mailbox;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  mailbox = new Mailbox(api.folder);
  admin = await api.as('admin');
});
afterAll(() => api.close());

const password = 'correct horse battery staple';
const another = 'another horse battery staple';
const codeOf = (reply: Reply) => [reply.status, String(reply.json()['type']).replace('/docs/errors#', '')];
const invalid = [401, 'auth.token-invalid'];
const post = (path: string, body: object) => api.anonymous.post(`/auth/${path}`, body);
const logIn = (email: string, secret = password) => post('login', { email, password: secret });
const actionsOf = async (reply: Reply) =>
  (await api.entries({ requestId: reply.requestId })).map(({ action, tableName }) => `${action} ${tableName}`);
const expire = (email: string) =>
  api.query(
    `UPDATE one_time_tokens SET expires_at = now() - interval '1 second'
     WHERE user_id = (SELECT id FROM users WHERE email = $1)`,
    [email],
  );

let made = 0;
async function aCandidate() {
  made += 1;
  const dateOfBirth = '1980-05-17';
  const { id, memberNumber } = (await admin.post('/members', { ...aMember(), dateOfBirth })).json<{
    id: number;
    memberNumber: string;
  }>();
  return { id, registration: { memberNumber, dateOfBirth, email: `candidate${made}@local.example`, password } };
}

/** All that somebody outside can tell two answers by. */
const seen = (reply: Reply) => {
  const { 'x-request-id': _id, date: _date, ...headers } = reply.headers;
  return { status: reply.status, text: reply.text, headers };
};

describe('registering', () => {
  it('opens an account for a member, which works once the address is verified', async () => {
    const { id, registration } = await aCandidate();
    const reply = await post('register', registration);
    expect(reply.status).toBe(202);
    expect(await actionsOf(reply)).toEqual(['CREATE users', 'CREATE user_roles', 'CREATE one_time_tokens']);
    expect(codeOf(await logIn(registration.email))).toEqual([401, 'auth.login-failed']);
    const token = await mailbox.token(registration.email);
    const verified = await post('verify-email', { token });
    expect([verified.status, verified.text]).toEqual([204, '']);
    const [user] = await api.query<{ id: number }>('SELECT id FROM users WHERE member_id = $1', [id]);
    await api.expectAudit(
      verified,
      { action: 'UPDATE', tableName: 'one_time_tokens', changedBy: user?.id },
      { action: 'UPDATE', tableName: 'users', changedFields: ['email_verified_at'], changedBy: user?.id },
    );
    const client = await api.login({ id: user?.id ?? 0, email: registration.email, password });
    expect((await client.get('/auth/me')).json()).toMatchObject({ memberId: id, roles: ['member'] });
    expect((await client.get('/me')).status).toBe(200);
  });

  it('answers the same and as late whether or not there is such a member, account or address', async () => {
    const { registration } = await aCandidate();
    const { registration: other } = await aCandidate();
    const first = await post('register', registration);
    const replies = [
      first,
      await post('register', registration),
      await post('register', { ...registration, email: 'elsewhere@local.example' }),
      await post('register', { ...registration, dateOfBirth: '1980-05-18' }),
      await post('register', { ...registration, memberNumber: 'NOBODY' }),
      await post('register', { ...other, email: registration.email }),
    ];
    expect(replies.map(seen)).toEqual(replies.map(() => seen(first)));
    expect(replies.filter(({ ms }) => ms < 295)).toEqual([]);
    expect(await actionsOf(replies[3]!)).toEqual(['ACCESS_DENIED members']);
    const users = await api.query('SELECT FROM users WHERE email = ANY ($1)', [
      [registration.email, other.email, 'elsewhere@local.example'],
    ]);
    expect(users).toHaveLength(1);
    await api.expectAudit(replies[4]!, {
      action: 'ACCESS_DENIED',
      outcome: 'denied',
      notes: 'registration: no such member',
      filters: { memberNumber: 'NOBODY', email: registration.email },
    });
  });

  it('tells the owner of the address, and nobody else, that there is an account already', async () => {
    const { registration } = await aCandidate();
    await post('register', registration);
    await post('verify-email', { token: await mailbox.token(registration.email) });
    const again = await post('register', registration);
    await post('register', { ...registration, email: 'stranger@local.example' });
    expect(again.status).toBe(202);
    await until(() => mailbox.to(registration.email).length === 2);
    expect(mailbox.to(registration.email).at(-1)).toContain('there is one already');
    expect(mailbox.to('stranger@local.example')).toEqual([]);
    await api.expectAudit(again, { action: 'ACCESS_DENIED', notes: 'registration: there is an account' });
  });

  it('by many at once for one member opens one account', async () => {
    const { id, registration } = await aCandidate();
    const replies = await inParallel(6, 6, (index) =>
      post('register', { ...registration, email: `${index}.${registration.email}` }),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array(6).fill(202));
    expect(await api.query('SELECT FROM users WHERE member_id = $1', [id])).toHaveLength(1);
    const denied = await api.entries({ action: 'ACCESS_DENIED', tableName: 'members', recordId: id });
    expect(denied).toHaveLength(5);
  });
});

describe('the link that verifies an address', () => {
  it('is good once, and only until it expires or the next one is made', async () => {
    const { registration } = await aCandidate();
    const { email } = registration;
    await post('register', registration);
    const first = await mailbox.token(email);
    const resent = await post('resend-verification', { email });
    expect(await actionsOf(resent)).toEqual(['UPDATE one_time_tokens', 'CREATE one_time_tokens']);
    const second = await mailbox.token(email, 2);
    const replaced = await post('verify-email', { token: first });
    expect(codeOf(replaced)).toEqual(invalid);
    await expire(email);
    expect(codeOf(await post('verify-email', { token: second }))).toEqual(invalid);
    await post('resend-verification', { email });
    const third = await mailbox.token(email, 3);
    const replies = await inParallel(8, 8, () => post('verify-email', { token: third }));
    expect(replies.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(7).fill(401)]);
    expect(codeOf(await post('verify-email', { token: third }))).toEqual(invalid);
    await api.expectAudit(replaced, { action: 'ACCESS_DENIED', notes: 'auth.token-invalid', changedBy: null });
  });

  it('is void once the office has changed the address', async () => {
    const { id, registration } = await aCandidate();
    await post('register', registration);
    const token = await mailbox.token(registration.email);
    const [user] = await api.query<{ id: number }>('SELECT id FROM users WHERE member_id = $1', [id]);
    const changed = await admin.patch(`/users/${user?.id}`, { email: `new.${registration.email}` });
    expect(await actionsOf(changed)).toEqual(['UPDATE users', 'UPDATE one_time_tokens']);
    expect(codeOf(await post('verify-email', { token }))).toEqual(invalid);
  });

  it('is asked for again without learning whether there is such an account', async () => {
    const verified = await api.account(['staff']);
    const nobody = await post('resend-verification', { email: 'nobody@local.example' });
    const somebody = await post('resend-verification', { email: verified.email });
    expect(seen(somebody)).toEqual(seen(nobody));
    expect([nobody.status, nobody.ms > 295, somebody.ms > 295]).toEqual([202, true, true]);
    await api.expectAudit(nobody);
    await api.expectAudit(somebody);
  });
});

describe('a forgotten password', () => {
  const forgot = (email: string) => post('forgot-password', { email });

  it('is replaced by the link that was mailed, which ends every session and a lock by guesses', async () => {
    const client = await api.somebody(['staff']);
    const { id, email } = client.account;
    for (let count = 0; count < 5; count += 1) await logIn(email, 'wrong');
    const asked = await forgot(email);
    expect(await actionsOf(asked)).toEqual(['CREATE one_time_tokens']);
    const token = await mailbox.token(email);
    const reply = await post('reset-password', { token, newPassword: another });
    expect([reply.status, reply.text]).toEqual([204, '']);
    await api.expectAudit(
      reply,
      { action: 'UPDATE', tableName: 'one_time_tokens', changedBy: id },
      {
        action: 'UPDATE',
        tableName: 'users',
        changedBy: id,
        newValues: expect.objectContaining({ password_hash: '[redacted]' }) as never,
      },
      { action: 'UPDATE', tableName: 'refresh_tokens', changedBy: id },
    );
    expect(codeOf(await client.get('/auth/me'))).toEqual(invalid);
    expect(codeOf(await logIn(email))).toEqual([401, 'auth.login-failed']);
    expect((await logIn(email, another)).status).toBe(200);
    expect(codeOf(await post('reset-password', { token, newPassword: password }))).toEqual(invalid);
  });

  it('is asked for without learning which accounts exist', async () => {
    const account = await api.account(['staff']);
    const nobody = await forgot('nobody@local.example');
    const somebody = await forgot(account.email);
    expect(seen(somebody)).toEqual(seen(nobody));
    expect([nobody.status, nobody.ms > 295, somebody.ms > 295]).toEqual([202, true, true]);
    await api.expectAudit(nobody);
    await api.expectAudit(somebody, { action: 'CREATE', tableName: 'one_time_tokens', changedBy: null });
  });

  it.each([
    ['locked by an administrator', `UPDATE users SET locked_until = '9999-12-31' WHERE id = $1`],
    ['inactive', 'UPDATE users SET is_active = false WHERE id = $1'],
    ['removed', 'UPDATE users SET deleted_at = now() WHERE id = $1'],
    ['not verified', 'UPDATE users SET email_verified_at = NULL WHERE id = $1'],
  ])('does not open an account that is %s, before or after the link was made', async (_what, sql) => {
    const account = await api.account(['staff']);
    await forgot(account.email);
    const token = await mailbox.token(account.email);
    await api.query(sql, [account.id]);
    const reply = await post('reset-password', { token, newPassword: another });
    expect(codeOf(reply)).toEqual(invalid);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'auth.token-invalid' });
    await api.expectAudit(await forgot(account.email));
  });

  it('takes a link once, though many use it at once, and not after it expired', async () => {
    const account = await api.account(['staff']);
    await forgot(account.email);
    await expire(account.email);
    const late = await post('reset-password', { token: await mailbox.token(account.email), newPassword: another });
    expect(codeOf(late)).toEqual(invalid);
    await forgot(account.email);
    const token = await mailbox.token(account.email, 2);
    const replies = await inParallel(8, 8, () => post('reset-password', { token, newPassword: another }));
    expect(replies.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(7).fill(401)]);
    await api.expectAudit(late, { action: 'ACCESS_DENIED', notes: 'auth.token-invalid' });
  });

  it('takes no token of another purpose, and no weak password', async () => {
    const { registration } = await aCandidate();
    await post('register', registration);
    const token = await mailbox.token(registration.email);
    expect(codeOf(await post('reset-password', { token, newPassword: another }))).toEqual(invalid);
    expect(codeOf(await post('reset-password', { token, newPassword: 'short' }))).toEqual([422, 'request.invalid']);
    const verified = await post('verify-email', { token });
    expect(await actionsOf(verified)).toEqual(['UPDATE one_time_tokens', 'UPDATE users']);
  });
});

describe('what was mailed', () => {
  it('stands in the folder for its owner alone, and nowhere else', async () => {
    const account = await api.account(['staff']);
    await post('forgot-password', { email: account.email });
    const token = await mailbox.token(account.email);
    const modes = mailbox.files().map((file) => statSync(join(api.folder, 'mail', file)).mode & 0o777);
    expect(new Set(modes)).toEqual(new Set([0o600]));
    expect(mailbox.to(account.email)[0]).toContain(`https://portal.local.example/reset-password#token=${token}`);
    const stored = JSON.stringify([await api.query('SELECT * FROM one_time_tokens'), await api.entries()]);
    expect(stored).not.toContain(token);
    const [entry] = (await api.entries({ tableName: 'one_time_tokens' })).slice(-1);
    expect(entry?.newValues).toMatchObject({ token_hash: '[redacted]', purpose: 'reset-password' });
  });
});
