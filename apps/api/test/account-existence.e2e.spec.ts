import argon2 from '@node-rs/argon2';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { aMember } from '../../../libs/members/src/member.factory';
import { startApi, type LocalApi, type Reply } from '../../../test/support/harness';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());
afterEach(() => jest.restoreAllMocks());

const password = 'correct horse battery staple';
const dateOfBirth = '1980-05-17';
const post = (path: string, body: object) => api.anonymous.post(`/auth/${path}`, body);

/** What a request took: transactions, statements by kind, entries, and passwords hashed or compared. */
async function workOf(request: () => Promise<Reply>) {
  const database = api.app.get(Database);
  const run = jest.spyOn(database, 'run');
  const transaction = jest.spyOn(database, 'transaction');
  const [hash, verify] = [jest.spyOn(argon2, 'hash'), jest.spyOn(argon2, 'verify')];
  const reply = await request();
  // Scheduled jobs use the same database meanwhile, in contexts of their own.
  const ofRequest = ([context]: unknown[]) => (context as RequestContext | undefined)?.requestId === reply.requestId;
  const statements = run.mock.calls.filter(ofRequest).map(([, sql]) => sql);
  const work = {
    status: reply.status,
    transactions: transaction.mock.calls.filter(ofRequest).length,
    statements: statements.map((sql) => (/^\s*(INSERT|UPDATE)|audit_append/.test(sql) ? 'write' : 'read')),
    entries: (await api.entries({ requestId: reply.requestId })).length,
    hashed: hash.mock.calls.length,
    compared: verify.mock.calls.length,
  };
  jest.restoreAllMocks();
  return work;
}

/** Every case takes the same work; answers that work. */
async function expectSameWork(cases: Record<string, () => Promise<Reply>>) {
  const works: Record<string, Awaited<ReturnType<typeof workOf>>> = {};
  for (const [name, request] of Object.entries(cases)) works[name] = await workOf(request);
  const [first] = Object.values(works);
  expect(works).toEqual(Object.fromEntries(Object.keys(cases).map((name) => [name, first])));
  return first!;
}

async function accountThat(sql?: string): Promise<string> {
  const account = await api.account(['staff']);
  if (sql) await api.query(`UPDATE users SET ${sql} WHERE id = $1`, [account.id]);
  return account.email;
}

async function aCandidate(email: string | null) {
  const admin = await api.as('admin');
  const member = aMember({ dateOfBirth, email });
  await admin.post('/members', member);
  return { memberNumber: member.memberNumber, dateOfBirth };
}

describe('whether an account exists', () => {
  it('is not told by the work of a log-in that fails', async () => {
    const [works, locked, inactive, unverified, removed] = [
      await accountThat(),
      await accountThat(`locked_until = now() + interval '1 hour'`),
      await accountThat('is_active = false'),
      await accountThat('email_verified_at = NULL'),
      await accountThat('deleted_at = now()'),
    ];
    const waiting = await accountThat();
    await api.query(
      `INSERT INTO login_guesses (account_id, kind, network, wrong, waits_until)
       SELECT id, 'password', '127.0.0.1', 5, now() + interval '1 hour' FROM users WHERE email = $1`,
      [waiting],
    );
    const logIn = (email: string, secret = 'wrong') => post('login', { email, password: secret });
    const work = await expectSameWork({
      'an account that works': () => logIn(works),
      'no account': () => logIn('nobody@local.example'),
      'the same again': () => logIn('nobody@local.example'),
      locked: () => logIn(locked),
      'locked, with the right password': () => logIn(locked, password),
      'one that was guessed at from here': () => logIn(waiting),
      'that one, with the right password': () => logIn(waiting, password),
      inactive: () => logIn(inactive),
      unverified: () => logIn(unverified),
      removed: () => logIn(removed),
    });
    expect(work).toEqual({
      status: 401,
      transactions: 1,
      statements: ['read', 'write', 'write', 'write'],
      entries: 2,
      hashed: 0,
      compared: 1,
    });
  });

  it('is not told by the work of a forgotten password', async () => {
    const [works, inactive] = [await accountThat(), await accountThat('is_active = false')];
    const forgot = (email: string) => post('forgot-password', { email });
    const work = await expectSameWork({
      'an account that works': () => forgot(works),
      'no account': () => forgot('nobody@local.example'),
      inactive: () => forgot(inactive),
    });
    expect(work).toMatchObject({ status: 202, entries: 1, hashed: 0, compared: 0 });
  });

  it('is not told by the work of a registration, nor whether there is such a member', async () => {
    const [known, open, guessed] = [
      await aCandidate('known@local.example'),
      await aCandidate(null),
      await aCandidate(null),
    ];
    const taken = await accountThat();
    const register = (registration: object) => post('register', registration);
    const work = await expectSameWork({
      'a member': () => register({ ...known, email: 'known@local.example' }),
      'a member, from elsewhere': () => register({ ...known, email: 'thief@local.example' }),
      'a member without an address': () => register({ ...open, email: 'open@local.example' }),
      'a wrong date of birth': () => register({ ...known, dateOfBirth: '1980-05-18', email: 'known@local.example' }),
      'a member who was guessed at': async () => {
        await api.query('INSERT INTO registration_guesses SELECT id, 5 FROM members WHERE member_number = $1', [
          guessed.memberNumber,
        ]);
        return register({ ...guessed, email: 'guessed@local.example' });
      },
      'no member': () => register({ ...open, memberNumber: 'NOBODY', email: 'nobody@local.example' }),
      'the address of an account': () => register({ ...open, email: taken }),
    });
    expect(work).toMatchObject({ status: 202, entries: 1, hashed: 0, compared: 0 });
  });

  it('is not told by the work of a verification that is mailed again', async () => {
    const [works, unverified] = [await accountThat(), await accountThat('email_verified_at = NULL')];
    const resend = (email: string) => post('resend-verification', { email });
    const work = await expectSameWork({
      'an account that works': () => resend(works),
      'one to verify': () => resend(unverified),
      'no account': () => resend('nobody@local.example'),
    });
    expect(work).toMatchObject({ status: 202, entries: 1, hashed: 0, compared: 0 });
  });
});
