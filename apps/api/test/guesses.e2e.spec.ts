import { BlockList } from 'node:net';
import { Secret, TOTP } from 'otpauth';
import { type Account, type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';
import { inParallel } from '../../../test/support/load';
import { Mailbox } from '../../../test/support/mailbox';

let api: LocalApi;
let mailbox: Mailbox;
/** Moves the server's clock, so that codes of the steps to come can be had without waiting. */
let offsetMs = 0;
const clock = { now: () => new Date(Date.now() + offsetMs) };
beforeAll(async () => {
  const trusted = new BlockList();
  trusted.addAddress('127.0.0.1');
  // The limit of an address by default is 20: five attempts a minute at one account.
  api = await startApi({ clock, config: { TRUSTED_PROXIES: trusted } });
  mailbox = new Mailbox(api.folder);
});
afterAll(() => api.close());

const stepMs = 30_000;
const failed = [401, 'auth.login-failed'];
const from = (address: string) => ({ 'X-Forwarded-For': address });
const thief = from('198.51.100.7');
const home = from('203.0.113.9');
const wrong = 'not the password';

const logIn = ({ email, password }: Pick<Account, 'email' | 'password'>, where: object) =>
  api.anonymous.post('/auth/login', { email, password }, where as never);
const works = async (client: Client) => (await client.get('/auth/me')).status;

interface Person {
  client: Client;
  account: Account;
  code: (steps?: number) => string;
  recoveryCodes: string[];
}

async function somebody({ isEnrolled = false } = {}): Promise<Person> {
  const client = await api.somebody(['staff']);
  const { account } = client;
  if (!isEnrolled) return { client, account, code: () => '', recoveryCodes: [] };
  const begun = await client.post('/auth/mfa/enroll', { currentPassword: account.password }, home);
  const secret = Secret.fromBase32(begun.json<{ secret: string }>().secret);
  const code = (steps = 0) => new TOTP({ secret }).generate({ timestamp: clock.now().getTime() + steps * stepMs });
  const confirmed = await client.post('/auth/mfa/confirm', { code: code() }, home);
  expect(confirmed.status).toBe(200);
  offsetMs += 2 * stepMs;
  return { client, account, code, recoveryCodes: confirmed.json<{ recoveryCodes: string[] }>().recoveryCodes };
}

const mfaTokenOf = (reply: Reply) => reply.json<{ mfaToken: string }>().mfaToken;
const verify = (mfaToken: string, proof: object, where: object) =>
  api.anonymous.post('/auth/mfa/verify', { mfaToken, ...proof }, where as never);

/** The whole log-in, with the second factor where there is one. */
async function enter({ account, code }: Person, where: object): Promise<number> {
  const first = await logIn(account, where);
  if (first.status !== 200 || !code()) return first.status;
  const { status } = await verify(mfaTokenOf(first), { code: code() }, where);
  offsetMs += 2 * stepMs;
  return status;
}

type Guess = (person: Person, isRight: boolean, where: object) => Promise<Reply>;
const secretOf = ({ account }: Person, isRight: boolean) => (isRight ? account.password : wrong);

/** Each way to guess at a password or a code of an account, and whether it takes a second factor. */
const ways: [string, boolean, Guess][] = [
  [
    'logging in',
    false,
    (person, isRight, where) => logIn({ ...person.account, password: secretOf(person, isRight) }, where),
  ],
  [
    'logging in, where there is a second factor',
    true,
    (person, isRight, where) => logIn({ ...person.account, password: secretOf(person, isRight) }, where),
  ],
  [
    'the second step',
    true,
    async ({ account, code }, isRight, where) =>
      verify(mfaTokenOf(await logIn(account, where)), { code: code(isRight ? 0 : 40) }, where),
  ],
  [
    'proving the password again',
    false,
    (person, isRight, where) =>
      person.client.post('/auth/confirm-password', { password: secretOf(person, isRight) }, where as never),
  ],
  [
    'changing the password',
    false,
    (person, isRight, where) =>
      person.client.post(
        '/auth/change-password',
        { currentPassword: secretOf(person, isRight), newPassword: 'another horse battery staple' },
        where as never,
      ),
  ],
  [
    'setting up a second factor',
    false,
    (person, isRight, where) =>
      person.client.post('/auth/mfa/enroll', { currentPassword: secretOf(person, isRight) }, where as never),
  ],
  [
    'giving a second factor up, by the password',
    true,
    (person, isRight, where) =>
      person.client.post(
        '/auth/mfa/disable',
        { password: secretOf(person, isRight), code: person.code() },
        where as never,
      ),
  ],
  [
    'giving a second factor up, by the code',
    true,
    ({ client, account, code }, isRight, where) =>
      client.post('/auth/mfa/disable', { password: account.password, code: code(isRight ? 0 : 40) }, where as never),
  ],
];

describe.each(ways)('guessing by %s', (_way, isEnrolled, guess) => {
  it('ends no session, takes no right one from there for a while, and keeps nobody out elsewhere', async () => {
    const person = await somebody({ isEnrolled });
    for (let count = 0; count < 7; count += 1) expect(codeOf(await guess(person, false, thief))).toEqual(failed);
    expect(await works(person.client)).toBe(200);
    const right = await guess(person, true, thief);
    expect(codeOf(right)).toEqual(failed);
    const entries = await api.entries({ requestId: right.requestId });
    expect(entries.at(-1)).toMatchObject({
      action: 'LOGIN_FAILED',
      recordId: person.account.id,
      notes: 'too many guesses',
    });
    offsetMs += 2 * stepMs;
    expect(await enter(person, home)).toBe(200);
    expect(await works(person.client)).toBe(200);

    await api.query(`UPDATE login_guesses SET waits_until = now() WHERE account_id = $1`, [person.account.id]);
    expect((await guess(person, true, thief)).status).toBeLessThan(300);
  });

  it('all at once counts each', async () => {
    const person = await somebody({ isEnrolled });
    const replies = await inParallel(16, 8, () => guess(person, false, thief));
    expect(replies.filter(({ status }) => status !== 503).map(codeOf)).toEqual(replies.map(() => failed));
    expect(codeOf(await guess(person, true, thief))).toEqual(failed);
    expect(await works(person.client)).toBe(200);
  });
});

describe('an account that many networks guess at', () => {
  const network = (index: number) => from(`198.51.${100 + Math.floor(index / 5)}.1`);
  const guessed = async (person: Person) => {
    await inParallel(50, 4, (index) => logIn({ ...person.account, password: wrong }, network(index)));
    const [row] = await api.query<{ wrong: number }>('SELECT failed_login_attempts AS wrong FROM users WHERE id = $1', [
      person.account.id,
    ]);
    expect(row?.wrong).toBe(50);
  };

  it('opens by the second factor, and its sessions go on', async () => {
    const person = await somebody({ isEnrolled: true });
    await guessed(person);
    expect(await works(person.client)).toBe(200);
    expect(await enter(person, home)).toBe(200);
  });

  it('opens by a mailed link where it has none, and not by the password alone', async () => {
    const person = await somebody();
    await guessed(person);
    expect(await works(person.client)).toBe(200);
    expect(codeOf(await logIn(person.account, home))).toEqual(failed);
    const { email } = person.account;
    await api.anonymous.post('/auth/forgot-password', { email }, home);
    const link = await mailbox.token(email);
    // A stranger who asks for links again and again does not take this one away.
    await api.anonymous.post('/auth/forgot-password', { email }, thief);
    const newPassword = 'another horse battery staple';
    expect((await api.anonymous.post('/auth/reset-password', { token: link, newPassword }, home)).status).toBe(204);
    for (const where of [home, network(0)]) {
      expect((await logIn({ email, password: newPassword }, where)).status).toBe(200);
    }
  });

  it('takes no code from anywhere after twenty wrong ones, but a recovery code', async () => {
    const { account, code, recoveryCodes } = await somebody({ isEnrolled: true });
    for (let index = 0; index < 20; index += 1) {
      await verify(mfaTokenOf(await logIn(account, network(index))), { code: code(40) }, network(index));
    }
    const mfaToken = mfaTokenOf(await logIn(account, home));
    expect(codeOf(await verify(mfaToken, { code: code() }, home))).toEqual(failed);
    expect((await verify(mfaToken, { recoveryCode: recoveryCodes[0] }, home)).status).toBe(200);
  });
});

it('an address that nobody has waits alike', async () => {
  const nobody = { email: 'nobody@local.example', password: wrong };
  const person = await somebody();
  const seen = (reply: Reply) => ({ ...reply.json(), requestId: '' });
  for (let count = 0; count < 7; count += 1) {
    const replies = [await logIn(nobody, thief), await logIn({ ...person.account, password: wrong }, thief)];
    expect(seen(replies[1]!)).toEqual(seen(replies[0]!));
  }
});

describe('an administrator', () => {
  it('ends every session of an account by locking it, and every wait by unlocking it', async () => {
    const person = await somebody();
    const admin = await api.as('admin');
    for (let count = 0; count < 6; count += 1) await logIn({ ...person.account, password: wrong }, thief);
    expect((await admin.post(`/users/${person.account.id}/lock`)).status).toBe(200);
    expect(await works(person.client)).toBe(401);
    expect(codeOf(await logIn(person.account, home))).toEqual(failed);
    expect((await admin.post(`/users/${person.account.id}/unlock`)).status).toBe(200);
    expect((await logIn(person.account, thief)).status).toBe(200);
  });
});

describe('with the limits that a local has', () => {
  let limited: LocalApi;
  beforeAll(async () => {
    const trusted = new BlockList();
    trusted.addAddress('127.0.0.1');
    const config = { RATE_LIMIT_PUBLIC: 20, TRUSTED_PROXIES: trusted };
    limited = await startApi({ config, database: api.database });
  });
  afterAll(() => limited.close());

  it('a flood of guesses leaves the owner elsewhere a log-in and a mailed link', async () => {
    const { account } = await somebody();
    const post = (path: string, body: object, where: object) =>
      limited.anonymous.post(`/auth/${path}`, body, where as never);
    const guess = () => post('login', { email: account.email, password: wrong }, thief);
    const statuses = (await inParallel(30, 4, guess)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect((await post('forgot-password', { email: account.email }, home)).status).toBe(202);
    const { email, password } = account;
    expect((await post('login', { email, password }, home)).status).toBe(200);
  });
});
