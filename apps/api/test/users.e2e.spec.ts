import type { Role } from '#access';
import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';
import { isRedacted } from '../../../test/support/ledger';

interface User {
  id: number;
  email: string;
  lastName: string;
  roles: string[];
  roleGrants: { name: string; expiresAt: string | null }[];
  isActive: boolean;
  emailVerifiedAt: string | null;
  lockedUntil: string | null;
  failedLoginAttempts: number;
  memberId: number | null;
  deletedAt: string | null;
}

let api: LocalApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
});
afterAll(() => api.close());

let made = 0;
function aUser(overrides: object = {}) {
  made += 1;
  return {
    email: `user${made}@local.example`,
    password: 'correct horse battery staple',
    firstName: 'Grace',
    lastName: `Okafor ${made}`,
    roles: ['staff'],
    emailVerified: true,
    ...overrides,
  };
}

async function create(overrides?: object): Promise<User & { password: string; version: string }> {
  const user = aUser(overrides);
  const reply = await admin.post('/users', user);
  expect([reply.status, reply.text.slice(0, 200)]).toEqual([201, expect.stringContaining('"id"')]);
  return { ...reply.json<User>(), password: user.password, version: String(reply.headers.etag) };
}

describe('creating a user', () => {
  it('creates the account and its roles, on record without the password', async () => {
    const user = aUser({ roles: ['staff', 'organizer'] });
    const reply = await admin.post('/users', user);
    const created = reply.json<User>();
    expect(reply.status).toBe(201);
    expect(reply.headers).toMatchObject({
      location: `/api/v1/users/${created.id}`,
      etag: expect.stringMatching(/^"\d+"$/) as string,
    });
    expect(created).toMatchObject({
      email: user.email,
      roles: ['staff', 'organizer'],
      isActive: true,
      memberId: null,
      deletedAt: null,
    });
    expect(reply.text).not.toMatch(/passwordHash|argon2|correct horse/);
    await api.expectAudit(
      reply,
      {
        action: 'CREATE',
        tableName: 'users',
        recordId: created.id,
        newValues: expect.objectContaining({ password_hash: isRedacted() }) as Record<string, unknown>,
      },
      {
        action: 'CREATE',
        tableName: 'user_roles',
        newValues: expect.objectContaining({ user_id: created.id }) as Record<string, unknown>,
      },
      {
        action: 'CREATE',
        tableName: 'user_roles',
        newValues: expect.objectContaining({ user_id: created.id }) as Record<string, unknown>,
      },
    );
    expect((await api.login({ ...created, password: user.password })).session.accessToken).toMatch(/^ey/);
  });

  it('never writes a password or its hash to the ledger', async () => {
    const user = await create({ password: 'tell nobody about this' });
    await admin.patch(`/users/${user.id}`, { password: 'nor about the next one' });
    const [row] = await api.query<{ hash: string }>('SELECT password_hash AS hash FROM users WHERE id = $1', [user.id]);
    const ledger = JSON.stringify(await api.entries());
    expect(ledger).not.toMatch(/tell nobody|nor about/);
    expect(ledger).not.toContain(row?.hash);
    const [change] = await api.entries({ tableName: 'users', recordId: user.id, action: 'UPDATE' });
    expect(change).toMatchObject({
      oldValues: { password_hash: isRedacted() },
      newValues: { password_hash: isRedacted() },
    });
  });

  it('refuses an address or a member that has an account, whatever the case', async () => {
    const { id: memberId } = (await admin.post('/members', aMember())).json<{ id: number }>();
    const user = await create({ roles: ['member'], memberId });
    expect(codeOf(await admin.post('/users', aUser({ email: user.email.toUpperCase() })))).toEqual([
      409,
      'record.duplicate',
    ]);
    expect(codeOf(await admin.post('/users', aUser({ memberId })))).toEqual([409, 'record.duplicate']);
  });

  it('refuses a member who does not exist, and leaves no half of an account', async () => {
    const user = aUser({ memberId: 2_000_000_000 });
    expect(codeOf(await admin.post('/users', user))).toEqual([422, 'reference.missing']);
    expect(await api.query('SELECT FROM users WHERE email = $1', [user.email])).toEqual([]);
  });
});

describe('finding users', () => {
  it('lists by role, member, name and address, in every order', async () => {
    const { id: memberId } = (await admin.post('/members', aMember())).json<{ id: number }>();
    const users = [
      await create({ lastName: 'Aalto', email: 'zoe@local.example', roles: ['instructor'] }),
      await create({ lastName: 'Zimmer', email: 'abe@local.example', roles: ['instructor'] }),
      await create({ lastName: 'Müller', email: 'max@local.example', roles: ['instructor', 'staff'], memberId }),
    ];
    const [aalto, zimmer, muller] = users.map(({ id }) => id);
    const idsOf = async (query: string) => {
      const reply = await admin.get(`/users?${query}`);
      const ids = reply.json<{ items: User[] }>().items.map(({ id }) => id);
      await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'users', recordIds: ids });
      return ids;
    };
    expect(await idsOf('role=instructor')).toEqual([aalto, zimmer, muller]);
    expect(await idsOf('role=instructor&sort=lastName')).toEqual([aalto, muller, zimmer]);
    expect(await idsOf('role=instructor&sort=-email')).toEqual([aalto, muller, zimmer]);
    expect(await idsOf('role=instructor&sort=-id')).toEqual([muller, zimmer, aalto]);
    expect(await idsOf('role=instructor&sort=createdAt')).toEqual([aalto, zimmer, muller]);
    expect(await idsOf(`memberId=${memberId}`)).toEqual([muller]);
    expect(await idsOf('q=mull')).toEqual([muller]);
    expect(await idsOf('q=abe@')).toEqual([zimmer]);
  });

  it('lists the roles', async () => {
    const reply = await admin.get('/roles');
    const { items } = reply.json<{ items: { id: number; name: string }[] }>();
    expect(items.map(({ name }) => name)).toEqual(['admin', 'officer', 'staff', 'organizer', 'instructor', 'member']);
    await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'roles', recordIds: items.map(({ id }) => id) });
  });

  it('is for administrators alone', async () => {
    for (const role of ['officer', 'staff', 'organizer', 'instructor', 'member'] as const) {
      const client = await api.as(role);
      for (const path of ['/users', `/users/${admin.account.id}`, '/roles']) {
        const reply = await client.get(path);
        expect(codeOf(reply)).toEqual([403, 'access.denied']);
        await api.expectAudit(reply, { action: 'ACCESS_DENIED', changedBy: client.account.id });
      }
    }
  });
});

describe('changing a user', () => {
  it('changes what is named, with the version that was seen', async () => {
    const user = await create();
    const stale = await admin.patch(`/users/${user.id}`, { lastName: 'X' }, { 'If-Match': '"1"' });
    expect(codeOf(stale)).toEqual([412, 'record.stale-version']);
    const reply = await admin.patch(`/users/${user.id}`, { lastName: 'Adeyemi' }, { 'If-Match': user.version });
    expect([reply.status, reply.json()['lastName']]).toEqual([200, 'Adeyemi']);
    await api.expectAudit(reply, {
      action: 'UPDATE',
      tableName: 'users',
      recordId: user.id,
      newValues: { last_name: 'Adeyemi' },
    });
  });

  const enders: [what: string, change: (id: number) => Promise<Reply>][] = [
    ['is locked', (id) => admin.post(`/users/${id}/lock`)],
    ['is made inactive', (id) => admin.patch(`/users/${id}`, { isActive: false })],
    ['is no longer verified', (id) => admin.patch(`/users/${id}`, { emailVerified: false })],
    ['is removed', (id) => admin.delete(`/users/${id}`)],
    ['gets another password', (id) => admin.patch(`/users/${id}`, { password: 'another horse battery staple' })],
  ];
  it.each(enders)('ends at once every session of an account that %s', async (_what, change) => {
    const user = await create();
    const [one, other] = [await api.login(user), await api.login(user)];
    expect((await one.get('/auth/me')).status).toBe(200);
    const changed = await change(user.id);
    expect(changed.status).toBeLessThan(300);
    for (const client of [one, other]) {
      const reply = await client.get('/members');
      expect(codeOf(reply)).toEqual([401, 'auth.token-invalid']);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED', outcome: 'denied', notes: 'auth.token-invalid' });
      expect((await client.post('/auth/refresh', { refreshToken: client.session.refreshToken })).status).toBe(401);
    }
    const again = await api.anonymous.post('/auth/login', { email: user.email, password: user.password });
    expect(codeOf(again)).toEqual([401, 'auth.login-failed']);
  });

  it('lets a locked account in again once it is unlocked', async () => {
    const user = await create();
    const locked = await admin.post(`/users/${user.id}/lock`);
    expect(locked.json()['lockedUntil']).toMatch(/^9999/);
    await api.expectAudit(locked, {
      action: 'UPDATE',
      tableName: 'users',
      recordId: user.id,
      changedFields: ['locked_until'],
      route: 'users:lock',
    });
    const unlocked = await admin.post(`/users/${user.id}/unlock`);
    expect(unlocked.json()).toMatchObject({ lockedUntil: null, failedLoginAttempts: 0 });
    await api.expectAudit(unlocked, { action: 'UPDATE', tableName: 'users', recordId: user.id, route: 'users:unlock' });
    expect((await (await api.login(user)).get('/auth/me')).status).toBe(200);
  });

  it('lets a removed account in again once it is restored, in a new session', async () => {
    const user = await create();
    const before = await api.login(user);
    await admin.delete(`/users/${user.id}`);
    expect((await admin.get(`/users/${user.id}`)).status).toBe(404);
    expect((await admin.get('/users?deleted=only')).json<{ items: User[] }>().items.map(({ id }) => id)).toContain(
      user.id,
    );
    const restored = await admin.post(`/users/${user.id}/restore`);
    expect([restored.status, restored.json()['deletedAt']]).toEqual([200, null]);
    expect((await before.get('/auth/me')).status).toBe(401);
    expect((await (await api.login(user)).get('/auth/me')).status).toBe(200);
  });
});

describe('roles', () => {
  const setRoles = (id: number, roles: unknown[]) => admin.put(`/users/${id}/roles`, { roles });

  it('count from the moment they are set, on tokens that exist', async () => {
    const user = await create({ roles: ['organizer'] });
    const client = await api.login(user);
    expect((await client.post('/members', aMember())).status).toBe(403);
    const reply = await setRoles(user.id, ['staff']);
    expect(reply.json()).toMatchObject({ roles: ['staff'], roleGrants: [{ name: 'staff', expiresAt: null }] });
    const entries = await api.entries({ requestId: reply.requestId });
    expect(entries.map(({ action, tableName }) => `${action} ${tableName}`).sort()).toEqual([
      'CREATE user_roles',
      'DELETE user_roles',
      'READ users',
    ]);
    const created = await client.post('/members', aMember());
    expect(created.status).toBe(201);
    await api.expectAudit(created, { action: 'CREATE', actorRoles: ['staff'] });
    await setRoles(user.id, []);
    expect((await client.get('/members')).status).toBe(403);
  });

  it('leaves what is held already as it is', async () => {
    const user = await create({ roles: ['organizer', 'staff'] });
    const reply = await setRoles(user.id, ['staff', 'organizer']);
    await api.expectAudit(reply, { action: 'READ', tableName: 'users', recordId: user.id });
  });

  it('count only until they end', async () => {
    const user = await create({ roles: ['organizer', { name: 'staff', expiresAt: '2100-01-01T00:00:00Z' }] });
    expect(user.roles).toEqual(['staff', 'organizer']);
    const client = await api.login(user);
    expect((await client.post('/members', aMember())).status).toBe(201);
    const reply = await setRoles(user.id, ['organizer', { name: 'staff', expiresAt: '2020-01-01T00:00:00.123456Z' }]);
    expect(reply.json()).toMatchObject({
      roles: ['organizer'],
      roleGrants: [
        { name: 'staff', expiresAt: '2020-01-01T00:00:00.123456Z' },
        { name: 'organizer', expiresAt: null },
      ],
    });
    expect((await client.post('/members', aMember())).status).toBe(403);
    const holders = (await admin.get('/users?role=staff&limit=200')).json<{ items: User[] }>().items;
    expect(holders.map(({ id }) => id)).not.toContain(user.id);
  });

  it('are part of the version of their user', async () => {
    const user = await create({ roles: ['organizer'] });
    await setRoles(user.id, ['staff']);
    const reply = await admin.get(`/users/${user.id}`, { 'If-None-Match': user.version });
    expect([reply.status, reply.headers.etag === user.version]).toEqual([200, false]);
    const stale = await admin.patch(`/users/${user.id}`, { lastName: 'X' }, { 'If-Match': user.version });
    expect(codeOf(stale)).toEqual([412, 'record.stale-version']);
  });

  it('join what each of them permits', async () => {
    const { id: memberId } = (await admin.post('/members', aMember())).json<{ id: number }>();
    const client = await api.login(await create({ roles: ['member', 'organizer'] as Role[], memberId }));
    expect((await client.get('/members?limit=1')).json<{ items: object[] }>().items).toHaveLength(1);
    expect((await client.get('/me')).status).toBe(200);
  });
});

describe('the last administrator', () => {
  const attempts: [what: string, send: (id: number) => Promise<Reply>][] = [
    ['is not removed', (id) => admin.delete(`/users/${id}`)],
    ['is not locked', (id) => admin.post(`/users/${id}/lock`)],
    ['is not made inactive', (id) => admin.patch(`/users/${id}`, { isActive: false })],
    [
      'does not lose the verification without which nobody logs in',
      (id) => admin.patch(`/users/${id}`, { emailVerified: false }),
    ],
    ['does not lose the role', (id) => admin.put(`/users/${id}/roles`, { roles: ['staff'] })],
    [
      'does not get a role that has ended',
      (id) => admin.put(`/users/${id}/roles`, { roles: [{ name: 'admin', expiresAt: '2020-01-01T00:00:00Z' }] }),
    ],
    [
      'does not get a role that ends',
      (id) => admin.put(`/users/${id}/roles`, { roles: [{ name: 'admin', expiresAt: '2100-01-01T00:00:00Z' }] }),
    ],
  ];
  it.each(attempts)('%s', async (_what, send) => {
    const { id } = admin.account;
    const reply = await send(id);
    const [now] = await api.query<{ email: string | null }>(
      'SELECT email_verified_at AS email FROM users WHERE id = $1',
      [id],
    );
    await api.query('UPDATE users SET email_verified_at = coalesce(email_verified_at, now()) WHERE id = $1', [id]);
    await api.query(`UPDATE refresh_tokens SET revoked_at = NULL, revoked_reason = NULL WHERE user_id = $1`, [id]);
    await api.query('UPDATE user_roles SET expires_at = NULL WHERE user_id = $1', [id]);
    expect([codeOf(reply), now?.email === null]).toEqual([[409, 'users.last-admin'], false]);
    await api.expectAudit(reply, { action: 'READ', tableName: 'users', recordId: id });
  });

  it('may go once there is another, who then is the last, even when two go at once', async () => {
    const [one, other] = [await api.somebody(['admin']), await api.somebody(['admin'])];
    const replies = await Promise.all([
      one.delete(`/users/${admin.account.id}`),
      one.delete(`/users/${other.account.id}`),
      other.delete(`/users/${one.account.id}`),
    ]);
    const [left] = await api.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM users u JOIN user_roles ur ON ur.user_id = u.id JOIN roles r ON r.id = ur.role_id
       WHERE r.name = 'admin' AND u.deleted_at IS NULL`,
    );
    expect(left?.count).toBeGreaterThan(0);
    expect(replies.some(({ status }) => status === 204)).toBe(true);
  });
});
