import type { PersonsService } from '#access';
import type { AuditWriter } from '#audit';
import type { Config } from '#platform/config';
import type { Mail, Mailer } from '#platform/mail';
import type { Records } from '#records';
import { aContext, codeOf, unconnected } from '../../../test/support/unconnected';
import { accountEntities } from './account-entities';
import { anAccount } from './account.factory';
import { AccountsService, type Account } from './accounts.service';
import { OneTimeTokensService } from './one-time-tokens.service';
import { RecoveryService } from './recovery.service';
import { RegistrationService } from './registration.service';
import type { SessionsService } from './sessions.service';

const config = { MAIL_FROM: 'office@local.example', PORTAL_URL: 'https://portal.example' } as Config;
const email = 'ann@home.example';
const newPassword = 'correct horse battery staple';

interface Given {
  member?: object | null;
  guesses?: number;
  account?: Partial<Account> | null;
  wish?: object | null;
  /** Whether the token of an account is good, at each look. */
  isOpen?: boolean[];
  opened?: boolean;
}

function servicesWith({ member = null, guesses = 0, account = null, wish = null, isOpen = [], opened = true }: Given) {
  const mails: Mail[] = [];
  const entries: { action: string; recordId?: number; notes?: string }[] = [];
  const opens = [...isOpen];
  const { database, sent } = unconnected(accountEntities, (sql) => {
    if (sql.includes('FROM members m LEFT JOIN users')) return member ? [member] : [];
    if (sql.startsWith('INSERT INTO registration_guesses')) return [{ wrong: guesses }];
    if (sql.includes('FROM users u')) return account ? [anAccount({ email, ...account })] : [];
    if (sql.includes('FROM registrations')) return wish ? [{ ...wish, isGood: true }] : [];
    if (sql.includes('FROM one_time_tokens')) return opens.shift() ? [{ userId: 7 }] : [];
    if (sql.includes('FROM members WHERE')) return [{ firstName: 'Rosa', lastName: 'Delgado' }];
    if (sql.includes('FROM roles')) return [{ RoleRow_id: 6, RoleRow_name: 'member' }];
    return sql.startsWith('INSERT INTO users') && opened ? [{ id: 7 }] : [];
  });
  const audit = { record: async (_: unknown, entry: (typeof entries)[0]) => void entries.push(entry) };
  const accounts = new AccountsService(database, audit as unknown as AuditWriter, config);
  const tokens = new OneTimeTokensService(database);
  const mailer = { send: async (mail: Mail) => void mails.push(mail) } as unknown as Mailer;
  const ended: string[] = [];
  const sessions = {
    endAll: async (_: unknown, _userId: number, reason: string) => void ended.push(reason),
  } as unknown as SessionsService;
  const writer = audit as unknown as AuditWriter;
  return {
    registration: new RegistrationService(
      ...([database, accounts, tokens, writer, mailer, {} as Records, {} as PersonsService, config] as const),
    ),
    recovery: new RecoveryService(database, accounts, tokens, sessions, writer, mailer, config),
    ...{ mails, entries, sent, ended },
  };
}

const changes = (sent: { sql: string }[]) =>
  sent.filter(({ sql }) => !sql.startsWith('SELECT')).map(({ sql }) => sql.split(/[ (]/).slice(0, 3).join(' '));

describe('a registration', () => {
  const none = { hasAccount: false, accountEmail: null, accountWorks: false, addressIsTaken: false };
  const member = { id: 17, isProved: true, email: null, ...none };
  const elsewhere = 'x@home.example';
  const onFile = { ...member, email };
  const account = { hasAccount: true, accountEmail: email, accountWorks: true, addressIsTaken: true };
  const request = { memberNumber: '7464416', dateOfBirth: '1980-05-17', email };
  const register = async (given: object | null, guesses = 0) => {
    const { registration, mails, entries, sent } = servicesWith({ member: given, guesses });
    const { message } = await registration.register(aContext(), request);
    const kept = sent.some(({ sql }) => sql.startsWith('INSERT INTO registrations'));
    const [mail] = mails;
    return {
      message,
      kept,
      subject: mail?.subject,
      to: mail?.to,
      note: entries[0]?.notes,
      recordId: entries[0]?.recordId,
    };
  };

  const next = 'Confirm your e-mail address';
  const has = 'You have an account already';
  const closed = 'Your account does not work';
  const taken = 'This address has an account already';
  const other = 'Use this address to open your account';
  const thereIsOne = 'there is an account';
  /** Who is the member, how often was guessed before, what is mailed to whom, and what is noted. */
  const cases: [string, object | null, number, string | undefined, string | undefined, string | undefined][] = [
    ['of a member without an address on file', member, 0, next, email, undefined],
    ['of a member with this address on file', onFile, 0, next, email, undefined],
    ['of nobody', null, 1, undefined, undefined, 'no such member'],
    ['with a wrong date of birth', { ...member, isProved: false }, 1, undefined, undefined, 'wrong date of birth'],
    [
      ...(['with a wrong date of birth, by the address on file', { ...onFile, isProved: false }, 1] as const),
      ...(['No account was opened', email, 'wrong date of birth'] as const),
    ],
    [
      ...([
        'with a wrong date of birth, by another address',
        { ...member, email: elsewhere, isProved: false },
        1,
      ] as const),
      ...([undefined, undefined, 'wrong date of birth'] as const),
    ],
    [
      ...(['with the fifth wrong date of birth', { ...member, email: elsewhere, isProved: false }, 5] as const),
      ...(['Somebody tried to open an account in your name', elsewhere, 'wrong date of birth'] as const),
    ],
    ['with the sixth', { ...onFile, isProved: false }, 6, undefined, undefined, 'wrong date of birth'],
    [
      ...(['to another address than the one on file', { ...member, email: elsewhere }, 0] as const),
      ...([other, elsewhere, 'another address is on file'] as const),
    ],
    [
      'of somebody whose spouse has an account',
      { ...onFile, addressIsTaken: true },
      0,
      taken,
      email,
      'the address has an account',
    ],
    [
      'to an address that has an account',
      { ...member, addressIsTaken: true },
      0,
      taken,
      email,
      'the address has an account',
    ],
    [
      ...(['to such an address, after five guesses', { ...member, addressIsTaken: true }, 5] as const),
      ...([undefined, undefined, 'the address has an account'] as const),
    ],
    ['of a member with an account at this address', { ...onFile, ...account }, 0, has, email, thereIsOne],
    ['of such a member without an address on file', { ...member, ...account }, 0, has, email, thereIsOne],
    [
      'of a member with an account elsewhere',
      { ...onFile, ...account, accountEmail: elsewhere },
      0,
      has,
      email,
      thereIsOne,
    ],
    ['of such a member, too', { ...member, ...account, accountEmail: elsewhere }, 0, has, elsewhere, thereIsOne],
    [
      'of a member whose account was removed',
      { ...onFile, ...account, accountWorks: false },
      0,
      closed,
      email,
      thereIsOne,
    ],
    [
      ...([
        'of such a member without an address on file',
        { ...member, ...account, accountEmail: elsewhere, accountWorks: false },
      ] as const),
      ...([0, closed, elsewhere, thereIsOne] as const),
    ],
  ];

  // Each answer is held back, so they are waited for together.
  let outcomes: Awaited<ReturnType<typeof register>>[];
  beforeAll(async () => (outcomes = await Promise.all(cases.map(([, given, guesses]) => register(given, guesses)))));

  it.each(cases.map(([which, given, , subject, to, note], index) => ({ which, given, subject, to, note, index })))(
    '$which mails $subject to $to and notes $note',
    ({ given, subject, to, note, index }) => {
      const recordId = note && (given as { id: number } | null)?.id;
      const noted = note && `registration: ${note}`;
      expect(outcomes[index]).toMatchObject({ kept: subject === next, subject, to, note: noted, recordId });
    },
  );

  it.each([
    [onFile, 'Your registration waits for the office'],
    // A mail elsewhere would tell whoever guesses on that the date was right.
    [member, undefined],
  ])('of %j that waits for the office mails %s', async (given, subject) => {
    expect(await register(given, 5)).toMatchObject({ kept: true, subject });
  });

  it('is answered alike, whatever came of it', () => {
    expect(new Set(outcomes.map(({ message }) => message)).size).toBe(1);
  });
});

describe('a mailed link', () => {
  const unverified = { fault: 'e-mail not verified' };
  const verify = async (given: Given) => {
    const { registration, sent } = servicesWith(given);
    const context = aContext();
    const code = await codeOf(() => registration.verifyEmail(context, { token: 't', newPassword }));
    return { code, done: changes(sent), actor: context.actor?.userId, sent };
  };
  const wish = { memberId: 17, email };

  it('opens the account that its reader wished for, for a live member with this address or none', async () => {
    const { code, done, actor, sent } = await verify({ wish, account: {} });
    expect([code, actor]).toEqual(['fine', 7]);
    expect(done).toEqual(['INSERT INTO users', 'INSERT INTO user_roles', 'UPDATE registrations SET']);
    expect(sent.find(({ sql }) => sql.includes('FROM members'))?.sql).toContain(
      'WHERE id = $1 AND deleted_at IS NULL AND (email IS NULL OR email = $2) FOR SHARE',
    );
    expect(sent.find(({ sql }) => sql.startsWith('INSERT INTO users'))?.sql).toContain('ON CONFLICT DO NOTHING');
    // A role that sees no more than its own record.
    expect(sent.find(({ sql }) => sql.includes('FROM roles'))?.values).toEqual(['member']);
    expect(sent.find(({ sql }) => sql.startsWith('INSERT INTO user_roles'))?.values).toEqual([7, 6]);
  });

  it.each<[string, Given, string]>([
    ['an account that waits to be verified', { account: unverified, isOpen: [true, true] }, 'fine'],
    ['nothing', {}, 'auth.token-invalid'],
    ['a wish that another was faster than', { wish, opened: false }, 'auth.token-invalid'],
    ['an account that somebody verified meanwhile', { account: {}, isOpen: [true, true] }, 'auth.token-invalid'],
    [
      'an account that was closed',
      { account: { fault: 'account deleted' }, isOpen: [true, true] },
      'auth.token-invalid',
    ],
    ['an account, by a token that was spent meanwhile', { account: unverified, isOpen: [true] }, 'auth.token-invalid'],
  ])('to %s: %j gives %s', async (_what, given, code) => {
    const { code: found, done } = await verify(given);
    expect(found).toBe(code);
    if (code === 'fine') expect(done).toEqual(['UPDATE one_time_tokens SET', 'UPDATE users SET']);
    else expect(done.filter((change) => change !== 'INSERT INTO users')).toEqual([]);
  });
});

describe('a forgotten password', () => {
  const accounts: [string, Partial<Account> | null, boolean][] = [
    ['of an account that works', {}, true],
    ['of an account that was guessed at', { passwordsWait: true, codesWait: true, isGuessedAt: true }, true],
    ['of an account that an administrator locked', { fault: 'account locked' }, false],
    ['of an account that was deleted', { fault: 'account deleted' }, false],
    ['of an account that was not verified', { fault: 'e-mail not verified' }, false],
    ['of nobody', null, false],
  ];

  let mailed: { subjects: string[]; notes: (string | undefined)[]; message: string }[];
  beforeAll(async () => {
    mailed = await Promise.all(
      accounts.map(async ([, account]) => {
        const { recovery, mails, entries } = servicesWith({ account });
        const { message } = await recovery.forgotPassword(aContext(), email);
        return { message, subjects: mails.map(({ subject }) => subject), notes: entries.map(({ notes }) => notes) };
      }),
    );
  });

  it.each(accounts.map(([which, account, isOpen], index) => ({ which, account, isOpen, index })))(
    '$which mails a link: $isOpen',
    ({ account, isOpen, index }) => {
      const note = `forgotten password: ${account?.fault ?? 'no such account'}`;
      expect(mailed[index]).toMatchObject({
        subjects: isOpen ? ['Choose a new password'] : account ? ['Your account does not work'] : [],
        notes: isOpen ? [] : [note],
      });
    },
  );

  it('is answered alike, whoever asked', () => {
    expect(new Set(mailed.map(({ message }) => message)).size).toBe(1);
  });

  it.each(accounts)('%s is replaced by the link: %j, %s', async (_which, account, isOpen) => {
    const { recovery, sent, ended, mails } = servicesWith({ account, isOpen: [true, true] });
    const code = await codeOf(() => recovery.resetPassword(aContext(), { token: 't', newPassword }));
    expect(code).toBe(isOpen ? 'fine' : 'auth.token-invalid');
    expect(changes(sent)).toEqual(
      isOpen ? ['UPDATE one_time_tokens SET', 'UPDATE users SET', 'DELETE FROM login_guesses'] : [],
    );
    expect([ended, mails.length]).toEqual(isOpen ? [['password-reset'], 1] : [[], 0]);
  });

  it.each([[[]], [[true]]])('is not replaced by a token that is good at these looks: %j', async (isOpen) => {
    const { recovery, sent } = servicesWith({ account: {}, isOpen });
    expect(await codeOf(() => recovery.resetPassword(aContext(), { token: 't', newPassword }))).toBe(
      'auth.token-invalid',
    );
    expect(changes(sent)).toEqual([]);
  });

  it('when it is replaced forgets wrong passwords, and no wrong codes', async () => {
    const { recovery, sent } = servicesWith({ account: { isEnrolled: true }, isOpen: [true, true] });
    await recovery.resetPassword(aContext(), { token: 't', newPassword });
    expect(sent.find(({ sql }) => sql.startsWith('UPDATE users'))?.sql).toContain('failed_login_attempts');
    expect(sent.find(({ sql }) => sql.startsWith('DELETE FROM login_guesses'))?.values).toEqual([7, ['password']]);
  });
});
