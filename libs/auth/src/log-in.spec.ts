import type { PasswordProofsService } from '#access';
import { AuditWriter } from '#audit';
import type { Config } from '#platform/config';
import { aContext, anActor, codeOf, errorOf, unconnected } from '../../../test/support/unconnected';
import { accountEntities } from './account-entities';
import { anAccount } from './account.factory';
import { AccountsService, type Account } from './accounts.service';
import { AuthService } from './auth.service';
import type { OneTimeTokensService } from './one-time-tokens.service';
import { hashPassword } from './passwords';
import type { SecondFactorService } from './second-factor.service';
import type { SessionsService } from './sessions.service';

const password = 'correct horse battery staple';
const config = { MAIL_FROM: 'office@local.example', PORTAL_URL: 'https://portal.example' } as Config;
let passwordHash: string;
beforeAll(async () => (passwordHash = await hashPassword(aContext(), password)));

interface Given {
  account?: Partial<Account> | null;
  /** The account as it is when its row is locked. */
  locked?: Partial<Account> | null;
  /** Whose the token of the second step is, at the first and the second look. */
  owners?: (number | undefined)[];
  isRightCode?: boolean;
}

/** The service, where this is the account; and what it did, in order. */
function serviceWith({ account = {}, locked = account, owners = [7, 7], isRightCode = true }: Given) {
  const done: string[] = [];
  let isLocked = false;
  const rowOf = (facts: Partial<Account> | null) => (facts ? [anAccount({ passwordHash, ...facts })] : []);
  const { database, sent } = unconnected(accountEntities, (sql) => {
    if (sql.startsWith('UPDATE users SET last_login_at')) done.push('entered');
    if (sql.includes('least(failed_login_attempts + 1')) done.push('counted');
    if (sql.startsWith('UPDATE stand_in')) done.push('counted for nobody');
    if (sql.startsWith('SELECT id FROM users') && sql.endsWith('FOR UPDATE')) isLocked = true;
    return sql.includes('FROM users u') ? rowOf(isLocked ? locked : account) : [{ id: 7 }];
  });
  const notes: unknown[] = [];
  const audit = {
    record: async (_context: unknown, entry: { action: string; notes?: string }) => {
      done.push(entry.action);
      notes.push(entry.notes);
    },
  } as unknown as AuditWriter;
  const sessions = {
    begin: async () => (done.push('session'), { accessToken: 'a' }),
    endAll: async () => void done.push('ended all'),
  } as unknown as SessionsService;
  const looks = [...owners];
  const tokens = {
    issue: async () => (done.push('token'), 'mfa-token'),
    ownerOf: async () => looks.shift(),
    spend: async () => void done.push('spent'),
  } as unknown as OneTimeTokensService;
  const factor = {
    match: async () => (isRightCode ? { step: 1 } : undefined),
    use: async () => void done.push('used'),
  } as unknown as SecondFactorService;
  const accounts = new AccountsService(database, audit, config);
  const proofs = {} as PasswordProofsService;
  const service = new AuthService(database, accounts, sessions, tokens, factor, audit, proofs);
  return { service, done, notes, sent };
}

describe('a log-in', () => {
  const meanwhile = 'account changed meanwhile';
  const login = async (given: Given, typed = password) => {
    const { service, done, notes } = serviceWith(given);
    const context = aContext();
    const code = await codeOf(() => service.login(context, { email: 'somebody@local.example', password: typed }));
    return { code, done, notes, context };
  };

  it('with the right password of an account that works begins a session, on record as its owner', async () => {
    const { code, done, context } = await login({});
    expect([code, done]).toEqual(['fine', ['entered', 'LOGIN', 'session']]);
    expect(context.actor).toEqual(anActor('staff'));
  });

  it('to an account with a second factor begins none, and forgets no failures yet', async () => {
    const { done, context } = await login({ account: { isEnrolled: true } });
    expect([done, context.actor]).toEqual([['token'], undefined]);
    // The second factor keeps it, however often its password was guessed at.
    expect((await login({ account: { isEnrolled: true, isGuessedAt: true } })).done).toEqual(['token']);
  });

  it.each<[string, Given, string | undefined, string, string]>([
    ['with a wrong password', {}, 'wrong', 'counted', 'wrong password'],
    ['to no account', { account: null }, undefined, 'counted for nobody', 'no such account'],
    [
      'to a locked account',
      { account: { fault: 'account locked' } },
      undefined,
      'counted for nobody',
      'account locked',
    ],
    [
      'to a deleted account',
      { account: { fault: 'account deleted' } },
      'wrong',
      'counted for nobody',
      'account deleted',
    ],
    // The lock ended while the password was compared; a guess made under it is none the better.
    [
      'to an account that was locked',
      { account: { fault: 'account locked' }, locked: {} },
      undefined,
      'counted for nobody',
      'account locked',
    ],
    ['where guesses wait', { account: { passwordsWait: true } }, undefined, 'counted for nobody', 'too many guesses'],
    ['where too many guessed', { account: { isGuessedAt: true } }, undefined, 'counted for nobody', 'too many guesses'],
    // While the password was compared.
    ['to one locked since', { locked: { fault: 'account locked' } }, undefined, 'counted for nobody', meanwhile],
    ['to one deleted since', { locked: null }, undefined, 'counted for nobody', meanwhile],
    ['where guesses wait since', { locked: { passwordsWait: true } }, undefined, 'counted for nobody', meanwhile],
    ['with what was the password', { locked: { passwordHash: 'other' } }, undefined, 'counted for nobody', meanwhile],
  ])('%s is refused, counted and recorded', async (_what, given, typed, counted, note) => {
    const { code, done, notes } = await login(given, typed);
    expect([code, done, notes]).toEqual(['auth.login-failed', [counted, 'LOGIN_FAILED'], [note]]);
  });

  it('that is refused looks the same, whatever the reason', async () => {
    const cases: Given[] = [{ account: null }, { account: { fault: 'account locked' } }, {}];
    const errors = await Promise.all(
      cases.map((given) =>
        errorOf(() => serviceWith(given).service.login(aContext(), { email: 'a@local.example', password: 'wrong' })),
      ),
    );
    expect(new Set(errors.map((error) => JSON.stringify([error?.message, error?.refused]))).size).toBe(1);
  });
});

describe('a failure', () => {
  it('counts for the account, and for the account and network, which waits 15 minutes after the fifth', async () => {
    const { service, sent } = serviceWith({});
    await codeOf(() => service.login(aContext(), { email: 'somebody@local.example', password: 'wrong' }));
    const counting = sent.find(({ sql }) => sql.startsWith('UPDATE users'));
    expect([counting?.sql, counting?.values]).toEqual([
      'UPDATE users SET failed_login_attempts = least(failed_login_attempts + 1, 1000), ' +
        'updated_at = CURRENT_TIMESTAMP WHERE id = $1',
      [7],
    ]);
    const guess = sent.find(({ sql }) => sql.startsWith('INSERT INTO login_guesses'));
    expect(guess?.values).toEqual([7, 'somebody@local.example', 'password', ['unknown']]);
    expect(guess?.sql).toContain("THEN now() + interval '15 minutes' END");
  });
});

describe('the second step of a log-in', () => {
  const enrolled = { isEnrolled: true };
  const verify = async (given: Given) => {
    const { service, done } = serviceWith({ account: enrolled, ...given });
    return [await codeOf(() => service.verifyMfa(aContext(), { mfaToken: 't', code: '492039' })), done];
  };

  it('with the right code uses token and code up and begins the session', async () => {
    expect(await verify({})).toEqual(['fine', ['spent', 'used', 'entered', 'LOGIN', 'session']]);
  });

  it.each<[string, Given, string, string[]]>([
    // The token stays good, so that a slip of the finger is no new log-in.
    ['a wrong code', { isRightCode: false }, 'auth.login-failed', ['counted', 'LOGIN_FAILED']],
    [
      'the code of a locked account',
      { locked: { ...enrolled, fault: 'account locked' } },
      'auth.login-failed',
      ['counted for nobody', 'LOGIN_FAILED'],
    ],
    ['a token of nobody', { owners: [undefined] }, 'auth.token-invalid', []],
    ['a token that somebody else spent meanwhile', { owners: [7, undefined] }, 'auth.token-invalid', []],
    ['a token of an account that is gone', { locked: null }, 'auth.token-invalid', []],
  ])('with %s is refused', async (_what, given, code, done) => {
    expect(await verify(given)).toEqual([code, done]);
  });
});

describe('changing the password', () => {
  const change = async (currentPassword: string, newPassword: string, changed: object[] = [{ id: 7 }]) => {
    const { service, done, sent } = serviceWith({});
    const { database } = unconnected(accountEntities, (sql) =>
      sql.startsWith('UPDATE users SET password_hash') ? changed : [],
    );
    Object.assign(service, { database });
    const work = () => service.changePassword(aContext(anActor('staff')), { currentPassword, newPassword });
    return { code: await codeOf(work), done, sent };
  };

  it.each([
    [password, 'another horse entirely', 'fine', ['ended all']],
    ['wrong', 'another horse entirely', 'auth.login-failed', ['counted', 'LOGIN_FAILED']],
    [password, password, 'request.invalid', []],
  ])('from %j to %j: %s', async (current, next, code, done) => {
    expect(await change(current, next)).toMatchObject({ code, done });
  });

  it('is refused where somebody else changed it meanwhile, and ends no session then', async () => {
    expect(await change(password, 'another horse entirely', [])).toMatchObject({ code: 'auth.login-failed', done: [] });
  });

  it('is nobody’s without an account', async () => {
    const { service } = serviceWith({});
    const passwords = { currentPassword: password, newPassword: 'another horse entirely' };
    expect(await codeOf(() => service.changePassword(aContext(), passwords))).toBe('auth.required');
    const job = aContext(anActor('admin', { userId: null }));
    expect(await codeOf(() => service.changePassword(job, passwords))).toBe('auth.required');
  });
});
