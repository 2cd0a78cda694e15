import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { codeOf } from '../../../test/support/harness';
import { writeTokenKey } from '../../../test/support/keys';
import type { Client, Reply } from '../../../test/support/client';
import { spawnApi, type Program } from '../../../test/support/program';

const folder = mkdtempSync(join(tmpdir(), 'ip2a-workers-'));
let database: TestDatabase;
/** The process where the change is made, and the one that has to know. */
let one: Program;
let other: Program;
let admin: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  const JWT_PRIVATE_KEY_FILE = writeTokenKey(folder);
  [one, other] = await Promise.all([
    spawnApi(database, { JWT_PRIVATE_KEY_FILE }),
    spawnApi(database, { JWT_PRIVATE_KEY_FILE }),
  ]);
  admin = await one.as('admin');
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await database.drop();
  rmSync(folder, { recursive: true });
});

const invalid = [401, 'auth.token-invalid'];
const another = 'another horse battery staple';

/** Somebody who works at both processes, which both know the account and remember it. */
async function somebody(): Promise<{ here: Client; there: Client }> {
  const here = await one.somebody(['staff']);
  const there = other.client(here.account, here.session);
  for (const client of [here, there, here, there]) expect((await client.get('/members?limit=1')).status).toBe(200);
  return { here, there };
}

describe('another process, in the very next request,', () => {
  const enders: [what: string, change: (here: Client) => Promise<Reply>][] = [
    ['a lock', ({ account }) => admin.post(`/users/${account.id}/lock`)],
    ['a deletion', ({ account }) => admin.delete(`/users/${account.id}`)],
    ['a deactivation', ({ account }) => admin.patch(`/users/${account.id}`, { isActive: false })],
    ['a log-out', (here) => here.post('/auth/logout')],
    ['a log-out everywhere', (here) => here.post('/auth/logout-all')],
    [
      'a new password',
      (here) => here.post('/auth/change-password', { currentPassword: here.account.password, newPassword: another }),
    ],
  ];
  it.each(enders)('knows of %s', async (_what, change) => {
    for (let round = 0; round < 5; round += 1) {
      const { here, there } = await somebody();
      const changed = await change(here);
      expect(changed.status).toBeLessThan(300);
      const reply = await there.get('/members?limit=1');
      expect(codeOf(reply)).toEqual(invalid);
      await other.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'auth.token-invalid', changedBy: null });
    }
  });

  it('knows of a role that was taken away or given', async () => {
    const { here, there } = await somebody();
    for (const [roles, status] of [
      [[], 403],
      [['organizer'], 200],
      [[], 403],
      [['staff'], 200],
    ]) {
      await admin.put(`/users/${here.account.id}/roles`, { roles });
      expect((await there.get('/members?limit=1')).status).toBe(status);
    }
    const reply = await there.get('/auth/me');
    await other.expectAudit(reply, { action: 'READ', tableName: 'users', actorRoles: ['staff'] });
  });

  it('knows of an account that was locked', async () => {
    const { here, there } = await somebody();
    await one.query(`UPDATE users SET locked_until = 'infinity' WHERE id = $1`, [here.account.id]);
    const reply = await there.get('/members?limit=1');
    expect(codeOf(reply)).toEqual(invalid);
    await other.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'auth.token-invalid' });
  });

  it('knows of what was changed in psql', async () => {
    const { here, there } = await somebody();
    await one.query('UPDATE users SET is_active = false WHERE id = $1', [here.account.id]);
    const reply = await there.get('/members?limit=1');
    expect([codeOf(reply), codeOf(await here.get('/members?limit=1'))]).toEqual([invalid, invalid]);
    await other.expectAudit(reply, { action: 'ACCESS_DENIED', notes: 'auth.token-invalid' });
  });

  it('knows of a role that ends by itself', async () => {
    const { here, there } = await somebody();
    await one.query(`UPDATE user_roles SET expires_at = clock_timestamp() + interval '500 ms' WHERE user_id = $1`, [
      here.account.id,
    ]);
    const deadline = Date.now() + 10_000;
    let reply = await there.get('/members?limit=1');
    expect(reply.status).toBe(200);
    while (reply.status === 200 && Date.now() < deadline) reply = await there.get('/members?limit=1');
    expect(codeOf(reply)).toEqual([403, 'access.denied']);
    await other.expectAudit(reply, { action: 'ACCESS_DENIED', changedBy: here.account.id });
  });
});
