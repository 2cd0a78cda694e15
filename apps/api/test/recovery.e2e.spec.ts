import { statSync } from 'node:fs';
import { join } from 'node:path';
import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';
import { isRedacted } from '../../../test/support/ledger';
import { inParallel, until } from '../../../test/support/load';
import { Mailbox } from '../../../test/support/mailbox';

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
async function aCandidate({ onFile = true } = {}) {
  made += 1;
  const dateOfBirth = '1980-05-17';
  const email = `candidate${made}@local.example`;
  const member = { ...aMember(), dateOfBirth, email: onFile ? email : null };
  const { id, memberNumber } = (await admin.post('/members', member)).json<{ id: number; memberNumber: string }>();
  return { id, registration: { memberNumber, dateOfBirth, email } };
}
const verify = (token: string, newPassword = password) => post('verify-email', { token, newPassword });
const accountsOf = (memberId: number) =>
  api.query<{ id: number }>('SELECT id FROM users WHERE member_id = $1', [memberId]);

/** All that somebody outside can tell two answers by. */
const seen = (reply: Reply) => {
  const { 'x-request-id': _id, date: _date, ...headers } = reply.headers;
  return { status: reply.status, text: reply.text, headers };
};

describe('registering', () => {
  it('opens an account for a member once the reader of the mail has chosen its password', async () => {
    const { id, registration } = await aCandidate();
    const reply = await post('register', registration);
    expect(reply.status).toBe(202);
    expect(await actionsOf(reply)).toEqual(['CREATE registrations']);
    expect(await accountsOf(id)).toEqual([]);
    const verified = await verify(await mailbox.token(registration.email));
    expect([verified.status, verified.text]).toEqual([204, '']);
    const [user] = await accountsOf(id);
    await api.expectAudit(
      verified,
      { action: 'CREATE', tableName: 'users', recordId: user?.id },
      { action: 'CREATE', tableName: 'user_roles', changedBy: user?.id },
      { action: 'UPDATE', tableName: 'registrations', changedBy: user?.id },
    );
    const client = await api.login({ id: user?.id ?? 0, email: registration.email, password });
    expect((await client.get('/auth/me')).json()).toMatchObject({ memberId: id, roles: ['member'] });
    expect((await client.get('/me')).status).toBe(200);
  });

  it('by a stranger gives the stranger nothing: no password, no mail elsewhere, nothing in the member’s way', async () => {
    const { id, registration } = await aCandidate();
    const withPassword = await post('register', { ...registration, password: another });
    expect(codeOf(withPassword)).toEqual([422, 'request.invalid']);
    const elsewhere = await post('register', { ...registration, email: 'thief@local.example' });
    await api.expectAudit(elsewhere, {
      action: 'ACCESS_DENIED',
      recordId: id,
      notes: 'registration: another address is on file',
    });
    await post('register', registration);
    await post('register', registration);
    await verify(await mailbox.token(registration.email, 2));
    expect(mailbox.to('thief@local.example')).toEqual([]);
    expect((await logIn(registration.email)).status).toBe(200);
    expect(codeOf(await logIn(registration.email, another))).toEqual([401, 'auth.login-failed']);
  });

  it('with a mistyped address is simply done again, where the local has no address on file', async () => {
    const { id, registration } = await aCandidate({ onFile: false });
    await post('register', { ...registration, email: `mistyped.${registration.email}` });
    const again = await post('register', registration);
    expect(await actionsOf(again)).toEqual(['CREATE registrations']);
    const mistyped = await mailbox.token(`mistyped.${registration.email}`);
    expect((await verify(await mailbox.token(registration.email))).status).toBe(204);
    expect(codeOf(await verify(mistyped, another))).toEqual(invalid);
    expect(await accountsOf(id)).toHaveLength(1);
  });

  it('comes to nothing where the office has changed or removed the member meanwhile', async () => {
    const [moved, removed] = [await aCandidate({ onFile: false }), await aCandidate()];
    await post('register', moved.registration);
    await post('register', removed.registration);
    await admin.patch(`/members/${moved.id}`, { email: 'known@local.example' });
    await admin.delete(`/members/${removed.id}`);
    for (const { id, registration } of [moved, removed]) {
      const reply = await verify(await mailbox.token(registration.email));
      expect(codeOf(reply)).toEqual(invalid);
      expect(await accountsOf(id)).toEqual([]);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'auth.token-invalid' });
    }
  });

  it('answers the same and as late whether or not there is such a member, account or address', async () => {
    const { registration } = await aCandidate();
    const { registration: other } = await aCandidate({ onFile: false });
    const first = await post('register', registration);
    await verify(await mailbox.token(registration.email));
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
    await api.expectAudit(replies[4]!, {
      action: 'ACCESS_DENIED',
      outcome: 'denied',
      notes: 'registration: no such member',
      filters: { memberNumber: 'NOBODY', email: registration.email },
    });
    await api.expectAudit(replies[5]!, { action: 'ACCESS_DENIED', notes: 'registration: the address has an account' });
  });

  it('tells the owner of the address, and nobody else, that there is an account already', async () => {
    const { registration } = await aCandidate();
    await post('register', registration);
    await verify(await mailbox.token(registration.email));
    const again = await post('register', registration);
    await post('register', { ...registration, email: 'stranger@local.example' });
    expect(again.status).toBe(202);
    await until(() => mailbox.to(registration.email).length === 3);
    for (const mail of mailbox.to(registration.email).slice(1)) expect(mail).toContain('there is one already');
    expect(mailbox.to('stranger@local.example')).toEqual([]);
    await api.expectAudit(again, { action: 'ACCESS_DENIED', notes: 'registration: there is an account' });
  });

  it('by many at once for one member opens one account', async () => {
    const { id, registration } = await aCandidate({ onFile: false });
    const addresses = Array.from({ length: 6 }, (_, index) => `${index}.${registration.email}`);
    const replies = await inParallel(6, 6, (index) => post('register', { ...registration, email: addresses[index] }));
    expect(replies.map(({ status }) => status)).toEqual(Array(6).fill(202));
    const tokens = await Promise.all(addresses.map((address) => mailbox.token(address)));
    const verified = await inParallel(6, 6, (index) => verify(tokens[index]!));
    expect(verified.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(5).fill(401)]);
    expect(await accountsOf(id)).toHaveLength(1);
    await api.expectAudit(
      verified.find(({ status }) => status === 401)!,
      { action: 'ACCESS_DENIED' },
    );
  });
});

describe('the link that verifies an address', () => {
  it('is good once, and only until it expires', async () => {
    const { registration } = await aCandidate();
    const { email } = registration;
    await post('register', registration);
    const first = await mailbox.token(email);
    const resent = await post('resend-verification', { email });
    expect(await actionsOf(resent)).toEqual(['CREATE registrations']);
    const second = await mailbox.token(email, 2);
    await api.query(`UPDATE registrations SET expires_at = now() - interval '1 second' WHERE email = $1`, [email]);
    const expired = await verify(first);
    expect([codeOf(expired), codeOf(await verify(second))]).toEqual([invalid, invalid]);
    await post('register', registration);
    const third = await mailbox.token(email, 3);
    const replies = await inParallel(8, 8, () => verify(third));
    expect(replies.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(7).fill(401)]);
    expect(codeOf(await verify(third))).toEqual(invalid);
    await api.expectAudit(expired, { action: 'ACCESS_DENIED', notes: 'auth.token-invalid', changedBy: null });
  });

  it('stays good when somebody else has links mailed again and again', async () => {
    const { registration } = await aCandidate();
    await post('register', registration);
    const first = await mailbox.token(registration.email);
    await post('register', registration);
    await post('resend-verification', { email: registration.email });
    const last = await mailbox.token(registration.email, 3);
    expect((await verify(first)).status).toBe(204);
    expect(codeOf(await verify(last))).toEqual(invalid);
  });

  it('replaces the password that the office chose, where the office opened the account', async () => {
    const account = await api.account(['staff']);
    await admin.patch(`/users/${account.id}`, { emailVerified: false });
    await post('resend-verification', { email: account.email });
    const verified = await verify(await mailbox.token(account.email), another);
    await api.expectAudit(
      verified,
      { action: 'UPDATE', tableName: 'one_time_tokens', changedBy: account.id },
      { action: 'UPDATE', tableName: 'users', changedFields: ['email_verified_at', 'password_hash'] },
    );
    expect(codeOf(await logIn(account.email))).toEqual([401, 'auth.login-failed']);
    expect((await logIn(account.email, another)).status).toBe(200);
  });

  it('is void once the office has changed the address', async () => {
    const account = await api.account(['staff']);
    await admin.patch(`/users/${account.id}`, { emailVerified: false });
    await post('resend-verification', { email: account.email });
    const token = await mailbox.token(account.email);
    const changed = await admin.patch(`/users/${account.id}`, { email: `new.${account.email}` });
    expect(await actionsOf(changed)).toEqual(['UPDATE users', 'UPDATE one_time_tokens']);
    expect(codeOf(await verify(token))).toEqual(invalid);
  });

  it('is asked for again without learning whether there is such an account', async () => {
    const verified = await api.account(['staff']);
    const nobody = await post('resend-verification', { email: 'nobody@local.example' });
    const somebody = await post('resend-verification', { email: verified.email });
    expect(seen(somebody)).toEqual(seen(nobody));
    expect([nobody.status, nobody.ms > 295, somebody.ms > 295]).toEqual([202, true, true]);
    const denied = { action: 'ACCESS_DENIED', tableName: 'users', outcome: 'denied' };
    await api.expectAudit(nobody, { ...denied, recordId: null, notes: 'verification: no such account' });
    await api.expectAudit(somebody, { ...denied, recordId: verified.id, notes: 'verification: nothing to verify' });
  });
});

describe('a forgotten password', () => {
  const forgot = (email: string) => post('forgot-password', { email });

  it('is replaced by the link that was mailed, which ends every session and the wait after guesses', async () => {
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
        newValues: expect.objectContaining({ password_hash: isRedacted() }) as never,
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
    await api.expectAudit(nobody, {
      action: 'ACCESS_DENIED',
      tableName: 'users',
      recordId: null,
      outcome: 'denied',
      filters: { email: 'nobody@local.example' },
      notes: 'forgotten password: no such account',
    });
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
    const again = await forgot(account.email);
    const entries = (await api.entries({ requestId: again.requestId })).map(({ action }) => action);
    expect(entries.at(-1)).toBe('ACCESS_DENIED');
    await until(() => mailbox.to(account.email).length === 2);
    expect(mailbox.to(account.email).at(-1)).toMatch(/does not work[^]*Call the office/);
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
    const account = await api.account(['staff']);
    await post('forgot-password', { email: account.email });
    const forgotten = await mailbox.token(account.email);
    await admin.patch(`/users/${account.id}`, { emailVerified: false });
    await post('resend-verification', { email: account.email });
    const token = await mailbox.token(account.email, 2);
    expect(codeOf(await post('reset-password', { token, newPassword: another }))).toEqual(invalid);
    expect(codeOf(await verify(forgotten))).toEqual(invalid);
    expect(codeOf(await verify(token, 'short'))).toEqual([422, 'request.invalid']);
    expect(await actionsOf(await verify(token))).toEqual(['UPDATE one_time_tokens', 'UPDATE users']);
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
    expect(entry?.newValues).toMatchObject({ token_hash: isRedacted(), purpose: 'reset-password' });
  });
});
