import { Secret, TOTP } from 'otpauth';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';

let api: LocalApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi({ config: { ADMIN_MFA_REQUIRED: true } });
  admin = await api.somebody(['admin']);
});
afterAll(() => api.close());

const must = [403, 'auth.mfa-required'];

async function enrol(client: Client): Promise<void> {
  const begun = await client.post('/auth/mfa/enroll', { currentPassword: client.account.password });
  const code = new TOTP({ secret: Secret.fromBase32(begun.json<{ secret: string }>().secret) }).generate();
  expect((await client.post('/auth/mfa/confirm', { code })).status).toBe(200);
}

describe('a second factor that is required', () => {
  it.each(['admin', 'officer'] as const)(
    'opens nothing to %s before it is set up, and all of it at once then',
    async (role) => {
      const client = await api.somebody([role]);
      for (const path of ['/members', '/me', '/audit/logs', '/audit/checkpoint', '/reports/roster', '/legal-holds']) {
        const reply = await client.get(path);
        expect([path, ...codeOf(reply)]).toEqual([path, ...must]);
        await api.expectAudit(reply, { action: 'ACCESS_DENIED', changedBy: client.account.id });
      }
      expect(codeOf(await client.put(`/users/${client.account.id}/roles`, { roles: [] }))).toEqual(must);
      for (const path of ['/auth/me', '/auth/sessions']) expect((await client.get(path)).status).toBe(200);
      const { session } = client;
      const refreshed = await client.post('/auth/refresh', { refreshToken: session.refreshToken });
      const next = api.client(client.account, refreshed.json());
      expect(codeOf(await next.get('/members'))).toEqual(must);
      await enrol(next);
      for (const each of [next, client]) expect((await each.get('/members')).status).toBe(200);
    },
  );

  it.each(['staff', 'organizer', 'instructor', 'member'] as const)('is not asked of %s', async (role) => {
    expect((await (await api.somebody([role])).get('/members')).status).toBe(200);
  });

  it('is asked from the moment the role is given, and again after it was taken away', async () => {
    await enrol(admin);
    const client = await api.somebody(['staff']);
    expect((await client.get('/members')).status).toBe(200);
    expect((await admin.put(`/users/${client.account.id}/roles`, { roles: ['staff', 'officer'] })).status).toBe(200);
    expect(codeOf(await client.get('/members'))).toEqual(must);
    await enrol(client);
    expect((await client.get('/members')).status).toBe(200);
    await api.query('UPDATE users SET mfa_enabled_at = NULL WHERE id = $1', [client.account.id]);
    expect(codeOf(await client.get('/members'))).toEqual(must);
  });
});
