import { createHash } from 'node:crypto';
import { startApi, type LocalApi } from '../../../test/support/harness';
import { made } from '../../../test/support/records';
import { aMember } from '../../../libs/members/src/member.factory';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

/** Wishes for the account of a new member, each with a token of its own. */
async function wishes(emailOf: (index: number) => string): Promise<string[]> {
  const admin = await api.as('admin');
  const { id } = await made(admin, '/members', { ...aMember(), email: undefined });
  const tokens = Array.from({ length: 10 }, (_, index) => `token-${id}-${index}`);
  for (const [index, token] of tokens.entries()) {
    await api.query(
      `INSERT INTO registrations (member_id, email, token_hash, expires_at) VALUES ($1, $2, $3, now() + interval '1 day')`,
      [id, emailOf(index), createHash('sha256').update(token).digest('hex')],
    );
  }
  return tokens;
}

it.each<[string, (index: number) => string]>([
  ['one address', () => 'all@example.org'],
  ['ten addresses', (index) => `some${index}@example.org`],
])('of many tokens of a member with %s, all tried at once, one opens the account', async (_what, emailOf) => {
  const tokens = await wishes(emailOf);
  const verify = async (token: string) =>
    (await api.anonymous.post('/auth/verify-email', { token, newPassword: 'correct horse battery staple' })).status;
  const statuses = await Promise.all([...tokens, ...tokens, ...tokens].map(verify));
  // A busy machine may refuse some in time.
  for (const [index, status] of statuses.entries()) {
    if (status === 503) statuses[index] = await verify(tokens[index % tokens.length]!);
  }
  expect(statuses.sort()).toEqual([204, ...Array.from({ length: 29 }, () => 401)]);
  expect(await api.query('SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()')).toEqual(
    [{ deadlocks: 0 }],
  );
});
