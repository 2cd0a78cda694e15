import { createHash } from 'node:crypto';
import type { Config } from '#platform/config';
import { aMember } from '../../../libs/members/src/member.factory';
import { firstBoot } from '../src/first-boot';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';

let api: LocalApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi({ config: { LOCAL_NAME: 'Raincity Local 1245' } });
  admin = await api.as('admin');
});
afterAll(() => api.close());

/** A token for the account, as it would stand in a mail. */
async function mailed(userId: number, purpose: string): Promise<string> {
  const token = `${purpose} of ${userId}`;
  await api.query(
    `INSERT INTO one_time_tokens (user_id, purpose, token_hash, expires_at) VALUES ($1, $2, $3, now() + interval '1 hour')
     ON CONFLICT DO NOTHING`,
    [userId, purpose, createHash('sha256').update(token).digest('hex')],
  );
  return token;
}

async function wished(email: string): Promise<string> {
  const { id } = (await admin.post('/members', aMember({ email, firstName: 'Chidimma', lastName: 'Okonkwo' }))).json<{
    id: number;
  }>();
  await api.query(
    `INSERT INTO registrations (member_id, email, token_hash, expires_at) VALUES ($1, $2, $3, now() + interval '1 day')`,
    [id, email, createHash('sha256').update(email).digest('hex')],
  );
  return email;
}

/** Each way to choose a password: for whom, and what it answers. */
type Way = (email: string) => Promise<(password: string) => Promise<Reply>>;
const named = `first_name = 'Chidimma', last_name = 'Okonkwo'`;
const account = async (email: string) => {
  const client = await api.somebody(['staff']);
  await api.query(`UPDATE users SET email = $2, ${named} WHERE id = $1`, [client.account.id, email]);
  return client;
};
const ways: [string, string, Way][] = [
  [
    'creating an account',
    '/password',
    (email) =>
      Promise.resolve((password) =>
        admin.post('/users', { email, password, firstName: 'Chidimma', lastName: 'Okonkwo', roles: ['staff'] }),
      ),
  ],
  [
    'giving an account another password',
    '/password',
    async (email) => {
      const { id } = (await account(email)).account;
      return (password) => admin.patch(`/users/${id}`, { password });
    },
  ],
  [
    'giving it another address, too',
    '/password',
    async (email) => {
      const { id } = (await api.somebody(['staff'])).account;
      await api.query(`UPDATE users SET ${named} WHERE id = $1`, [id]);
      return (password) => admin.patch(`/users/${id}`, { password, email });
    },
  ],
  [
    'giving it another name, too',
    '/password',
    async (email) => {
      const { id } = (await account(email)).account;
      await api.query(`UPDATE users SET first_name = 'A', last_name = 'B' WHERE id = $1`, [id]);
      return (password) => admin.patch(`/users/${id}`, { password, firstName: 'Chidimma', lastName: 'Okonkwo' });
    },
  ],
  [
    'changing it',
    '/newPassword',
    async (email) => {
      const client = await account(email);
      const currentPassword = client.account.password;
      return (newPassword) => client.post('/auth/change-password', { currentPassword, newPassword });
    },
  ],
  [
    'resetting it',
    '/newPassword',
    async (email) => {
      const token = await mailed((await account(email)).account.id, 'reset-password');
      return (newPassword) => api.anonymous.post('/auth/reset-password', { token, newPassword });
    },
  ],
  [
    'choosing that of an account that the office made',
    '/newPassword',
    async (email) => {
      const { id } = (await account(email)).account;
      await api.query('UPDATE users SET email_verified_at = NULL WHERE id = $1', [id]);
      const token = await mailed(id, 'verify-email');
      return (newPassword) => api.anonymous.post('/auth/verify-email', { token, newPassword });
    },
  ],
  [
    'choosing that of a registration',
    '/newPassword',
    async (email) => {
      const token = await wished(email);
      return (newPassword) => api.anonymous.post('/auth/verify-email', { token, newPassword });
    },
  ],
];

describe.each(ways)('%s', (_what, pointer, way) => {
  it('refuses a common password and one made of words of its owner or the local, and then takes a better one', async () => {
    const name = `delgado.${ways.findIndex(([, , other]) => other === way)}`;
    const choose = await way(`${name}@local.example`);
    for (const poor of [
      'Password1234',
      `${name}-2026!!`,
      'IP2A-2026-ip2a',
      'Okonkwo-1980',
      'Chidimma.2026',
      'Raincity-1245',
    ]) {
      const reply = await choose(poor);
      expect(codeOf(reply)).toEqual([422, 'request.invalid']);
      expect(reply.json()['errors']).toEqual([
        { pointer, message: expect.stringMatching(/choose another one$/) as string },
      ]);
      const entries = await api.entries({ requestId: reply.requestId });
      expect(entries.filter(({ action }) => action !== 'READ' && action !== 'BULK_READ')).toEqual([]);
    }
    expect([200, 201, 204]).toContain((await choose('a much better phrase')).status);
  });
});

it('names the account whose words the answer tells', async () => {
  const { id } = (await account('okafor@local.example')).account;
  const reply = await admin.patch(`/users/${id}`, { password: 'okafor-okafor' });
  expect(codeOf(reply)).toEqual([422, 'request.invalid']);
  await api.expectAudit(reply, { action: 'READ', tableName: 'users', recordId: id, changedBy: admin.account.id });
});

it.each([
  ['Password1234', ['ADMIN_PASSWORD is one of the most common passwords: change it at once.']],
  [
    'okafor-2026!',
    [
      'ADMIN_PASSWORD is made of your name, of your e-mail address, or of words of the local or of IP2A: change it at once.',
    ],
  ],
  ['a much better phrase', []],
])('is named where the operator gives it to the first account: %s', async (ADMIN_PASSWORD, advice) => {
  const empty = await startApi();
  try {
    const settings = { embedded: false, ADMIN_EMAIL: 'okafor@local.example', ADMIN_PASSWORD } as Config;
    const lines = await firstBoot(empty.app, settings);
    expect(lines).toEqual(['Log in as okafor@local.example with ADMIN_PASSWORD.', ...advice]);
    const credentials = { email: settings.ADMIN_EMAIL, password: ADMIN_PASSWORD };
    expect((await empty.anonymous.post('/auth/login', credentials)).status).toBe(200);
  } finally {
    await empty.close();
  }
});
