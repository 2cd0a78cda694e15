import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, type LocalApi, type Reply, startApi } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
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

const dateOfBirth = '1980-05-17';
const newPassword = 'correct horse battery staple';
const post = (path: string, body: object) => api.anonymous.post(`/auth/${path}`, body);

let made = 0;
const anAddress = () => `reader${(made += 1)}@home.example`;

async function aMemberWith(email: string | null, overrides: object = {}) {
  const member = { ...aMember(), dateOfBirth, email, ...overrides };
  const { id, memberNumber } = (await admin.post('/members', member)).json<{ id: number; memberNumber: string }>();
  return { id, registration: { memberNumber, dateOfBirth, email: email ?? '' } };
}

/** A member who has an account at this address. */
async function withAccount(email: string) {
  const { id, registration } = await aMemberWith(email);
  await post('register', registration);
  expect((await post('verify-email', { token: await mailbox.token(email), newPassword })).status).toBe(204);
  const [user] = await api.query<{ id: number }>('SELECT id FROM users WHERE member_id = $1', [id]);
  return { id, registration, userId: user!.id };
}

/** A request, the address that gets the mail, and the text that the mail must have. */
interface Case {
  path?: string;
  body: object;
  reader: string;
  says: RegExp;
}

const cases: [string, () => Promise<Case>][] = [
  [
    'a number in lower case',
    async () => {
      const reader = anAddress();
      await aMemberWith(reader, { memberNumber: 'B8000012' });
      return { body: { memberNumber: 'b8000012', dateOfBirth, email: reader }, reader, says: /verify-email#token=/ };
    },
  ],
  [
    'a number that is on file in lower case, with blanks',
    async () => {
      const reader = anAddress();
      await aMemberWith(reader, { memberNumber: '9000007b' });
      return { body: { memberNumber: '9000 007-B', dateOfBirth, email: reader }, reader, says: /verify-email#token=/ };
    },
  ],
  [
    'a couple with one address on file, one of whom has an account',
    async () => {
      const reader = anAddress();
      await withAccount(reader);
      const { registration } = await aMemberWith(reader);
      return { body: registration, reader, says: /shares this address[^]*Ask the office to put another address/ };
    },
  ],
  [
    'a removed account',
    async () => {
      const reader = anAddress();
      const { registration, userId } = await withAccount(reader);
      expect((await admin.delete(`/users/${userId}`)).status).toBe(204);
      return { body: registration, reader, says: /closed[^]*Call the office/ };
    },
  ],
  [
    'an account that an administrator has locked',
    async () => {
      const reader = anAddress();
      const { registration, userId } = await withAccount(reader);
      expect((await admin.post(`/users/${userId}/lock`)).status).toBe(200);
      return { body: registration, reader, says: /locked[^]*Call the office/ };
    },
  ],
  [
    'an account at an address that the member had before',
    async () => {
      const reader = anAddress();
      const { id, registration } = await withAccount(anAddress());
      await admin.patch(`/members/${id}`, { email: reader });
      return {
        body: { ...registration, email: reader },
        reader,
        says: /another e-mail address[^]*Log in with that address/,
      };
    },
  ],
  [
    'another address than the one on file',
    async () => {
      const reader = anAddress();
      const { registration } = await aMemberWith(reader);
      return {
        body: { ...registration, email: anAddress() },
        reader,
        says: /another e-mail address[^]*with this address/,
      };
    },
  ],
  [
    'a wrong date of birth, by the address on file',
    async () => {
      const reader = anAddress();
      const { registration } = await aMemberWith(reader);
      return { body: { ...registration, dateOfBirth: '1980-05-18' }, reader, says: /date of birth[^]*call the office/ };
    },
  ],
  [
    'a new link for an address that is confirmed',
    async () => {
      const reader = anAddress();
      await withAccount(reader);
      return { path: 'resend-verification', body: { email: reader }, reader, says: /confirmed already/ };
    },
  ],
  [
    'a new password of a removed account',
    async () => {
      const reader = anAddress();
      const { userId } = await withAccount(reader);
      await admin.delete(`/users/${userId}`);
      return { path: 'forgot-password', body: { email: reader }, reader, says: /closed[^]*Call the office/ };
    },
  ],
];

/** All that somebody outside can tell two answers by. */
const seen = (reply: Reply) => {
  const { 'x-request-id': _id, date: _date, ...headers } = reply.headers;
  return { status: reply.status, text: reply.text, headers };
};

it.each(cases)('whoever reads the mail learns what to do about %s, and nobody else', async (_what, make) => {
  const { path = 'register', body, reader, says } = await make();
  const before = mailbox.files().length;
  const reply = await post(path, body);
  await until(() => mailbox.files().length > before);
  expect(mailbox.to(reader).at(-1)).toMatch(says);
  expect(mailbox.files()).toHaveLength(before + 1);
  const nobody = { memberNumber: 'NOBODY', dateOfBirth, email: anAddress() };
  const other = await post(path, path === 'register' ? nobody : { email: nobody.email });
  expect(seen(reply)).toEqual(seen(other));
  expect([reply.ms >= 295, other.ms >= 295]).toEqual([true, true]);
  expect(mailbox.to(nobody.email)).toEqual([]);
});
