import type { Role } from '#access';
import { migrations } from '#migrations';
import { anApplication, aReview } from '../../../libs/benevolence/src/benevolence.factory';
import { aGrievance } from '../../../libs/grievances/src/grievance.factory';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';
import { made, madeEmployer, madeMember } from '../../../test/support/records';

let api: LocalApi;
let admin: Client;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
  staff = await api.as('staff');
});
afterAll(() => api.close());

const payment = { paymentDate: '2026-02-20', paymentMethod: 'check' };
const levels = ['vp', 'admin', 'manager', 'president'] as const;

/** Somebody with this role whose account is a member's. */
async function aPerson(role: Role) {
  const memberId = await madeMember(staff);
  return { memberId, client: await api.somebody([role, 'member'], memberId) };
}

type Links = (person: Awaited<ReturnType<typeof aPerson>>, role: Role) => Promise<Client>;

/** The ways by which somebody who concerns a decision comes to it. Each answers the client that decides. */
const ways: Record<string, Links> = {
  'by the own account': async ({ client }) => client,
  'by an account whose link was taken away': async ({ client }) => {
    expect((await admin.patch(`/users/${client.account.id}`, { memberId: null })).status).toBe(200);
    return client;
  },
  'by an account that was linked to another member since': async ({ client }) => {
    expect((await admin.patch(`/users/${client.account.id}`, { memberId: await madeMember(staff) })).status).toBe(200);
    return client;
  },
  'by another account, which was linked to the member since': async ({ client, memberId }, role) => {
    await admin.patch(`/users/${client.account.id}`, { memberId: null });
    return api.somebody([role], memberId);
  },
  'by an account whose link was taken away behind the API’s back': async ({ client }) => {
    await api.query('UPDATE users SET member_id = NULL WHERE id = $1', [client.account.id]);
    return client;
  },
};
const eachWay = Object.entries(ways);

async function expectRefused(reply: Reply, client: Client, tableName: string, recordId: number) {
  expect(codeOf(reply)).toEqual([403, 'access.denied']);
  await api.expectAudit(reply, {
    action: 'ACCESS_DENIED',
    outcome: 'denied',
    tableName,
    recordId,
    changedBy: client.account.id,
  });
}

async function submitted(memberId: number, amountRequested = '400.00'): Promise<number> {
  const { id } = await made(staff, '/benevolence-applications', anApplication(memberId, { amountRequested }));
  expect((await staff.post(`/benevolence-applications/${id}/submit`)).status).toBe(200);
  return id;
}
const statusOf = async (id: number) => (await admin.get(`/benevolence-applications/${id}`)).json()['status'];

describe.each(eachWay)('%s, nobody', (_way, come) => {
  it('reviews an application of their own', async () => {
    const person = await aPerson('officer');
    const id = await submitted(person.memberId);
    const officer = await come(person, 'officer');
    for (const decision of ['approved', 'denied', 'needs_info', 'deferred'] as const) {
      await expectRefused(
        await officer.post('/benevolence-reviews', aReview(id, { decision })),
        officer,
        'benevolence_applications',
        id,
      );
    }
    expect(await statusOf(id)).toBe('submitted');
  });

  it.each(['staff', 'officer', 'admin'] as const)('pays one: %s', async (role) => {
    const person = await aPerson(role);
    const id = await submitted(person.memberId);
    await made(admin, '/benevolence-reviews', aReview(id));
    const client = await come(person, role);
    const reply = await client.post(`/benevolence-applications/${id}/pay`, payment);
    await expectRefused(reply, client, 'benevolence_applications', id);
    expect(await statusOf(id)).toBe('approved');
  });

  it.each(['settle', 'withdraw', 'close', 'steps'])('decides a grievance of their own: %s', async (verb) => {
    const person = await aPerson('officer');
    const { id } = await made(staff, '/grievances', aGrievance(person.memberId, await madeEmployer(staff)));
    const officer = await come(person, 'officer');
    const body = verb === 'steps' ? { meetingDate: '2026-05-20', outcome: 'settled' } : { resolution: 'Paid in full.' };
    await expectRefused(await officer.post(`/grievances/${id}/${verb}`, body), officer, 'grievances', id);
    expect((await admin.get(`/grievances/${id}`)).json()['status']).toBe('open');
  });

  it.each(['PATCH', 'DELETE'])('changes a step of a grievance of their own: %s', async (method) => {
    const person = await aPerson('officer');
    const { id } = await made(staff, '/grievances', aGrievance(person.memberId, await madeEmployer(staff)));
    const step = await made(staff, `/grievances/${id}/steps`, { meetingDate: '2026-05-20', outcome: 'denied' });
    const officer = await come(person, 'officer');
    const path = `/grievances/${id}/steps/${step.id}`;
    const reply = method === 'PATCH' ? await officer.patch(path, { outcome: 'advanced' }) : await officer.delete(path);
    await expectRefused(reply, officer, 'grievances', id);
    expect((await admin.get(path)).json()).toMatchObject({ outcome: 'denied', deletedAt: null });
  });

  it('repairs a record of their own', async () => {
    const person = await aPerson('admin');
    const [employment, other] = [await brokenEmployment(person.memberId), await brokenEmployment()];
    const client = await come(person, 'admin');
    const reply = await client.post('/integrity/repair', { dryRun: false });
    expect(reply.status).toBe(200);
    const [own, mended] = [await isCurrent(employment), await isCurrent(other)];
    expect({ own, mended }).toEqual({ own: true, mended: false });
    await admin.post('/integrity/repair', { dryRun: false });
    expect(await isCurrent(employment)).toBe(false);
  });

  it.each(['release', 'amend', 'delete'])('lets go of a hold on what they did: %s', async (verb) => {
    const person = await aPerson('admin');
    const userId = person.client.account.id;
    const holds = [
      { userId },
      { tableName: 'users', recordId: userId },
      { tableName: 'members', recordId: person.memberId },
      { tableName: 'benevolence_applications', recordId: await submitted(person.memberId) },
    ];
    const client = await come(person, 'admin');
    for (const concerned of holds) {
      const { id } = await made(admin, '/legal-holds', { matter: 'Audit', reason: 'Counsel asked.', ...concerned });
      const reply =
        verb === 'release'
          ? await client.post(`/legal-holds/${id}/release`, { reason: 'Settled.' })
          : verb === 'amend'
            ? await client.patch(`/legal-holds/${id}`, { heldTo: '2020-01-01T00:00:00Z' })
            : await client.delete(`/legal-holds/${id}`, { 'X-Access-Reason': 'Settled.' });
      await expectRefused(reply, client, 'legal_holds', id);
      const released = await admin.post(`/legal-holds/${id}/release`, { reason: 'Settled.' });
      expect([released.status, released.json()['heldTo']]).toEqual([200, null]);
    }
  });
});

it('nobody reviews an emergency access of their own by another account', async () => {
  const memberId = await madeMember(staff);
  const organizer = await api.somebody(['organizer'], memberId);
  const { id: grievance } = await made(staff, '/grievances', aGrievance(memberId, await madeEmployer(staff)));
  const glass = { 'X-Break-Glass': 'true', 'X-Access-Reason': 'Accident on site.' };
  expect((await organizer.get(`/grievances/${grievance}`, glass)).status).toBe(200);
  await admin.patch(`/users/${organizer.account.id}`, { memberId: null });
  const officer = await api.somebody(['officer'], memberId);
  const [review] = await api.query<{ id: number }>('SELECT id FROM break_glass_reviews WHERE opened_by = $1', [
    organizer.account.id,
  ]);
  const close = (by: Client) => by.post(`/break-glass-reviews/${review?.id}/close`, { finding: 'Called for.' });
  await expectRefused(await close(officer), officer, 'break_glass_reviews', review?.id ?? 0);
  expect((await close(admin)).status).toBe(200);
});

describe('the levels of an approval', () => {
  const approve = (by: Client, id: number, reviewLevel: (typeof levels)[number]) =>
    by.post('/benevolence-reviews', aReview(id, { reviewLevel }));

  it('are of distinct people', async () => {
    const id = await submitted(await madeMember(staff), '2000.00');
    const officer = await api.somebody(['officer']);
    expect((await approve(officer, id, 'vp')).status).toBe(201);
    for (const level of levels) {
      expect(codeOf(await approve(officer, id, level))).toEqual([409, 'record.duplicate']);
    }
    expect(await statusOf(id)).toBe('under_review');
    for (const level of ['admin', 'president'] as const) {
      expect((await approve(await api.somebody(['officer']), id, level)).status).toBe(201);
    }
    expect(await statusOf(id)).toBe('approved');
  });

  it('are not of two accounts of one person', async () => {
    const id = await submitted(await madeMember(staff), '500.00');
    const { client, memberId } = await aPerson('officer');
    expect((await approve(client, id, 'vp')).status).toBe(201);
    await admin.patch(`/users/${client.account.id}`, { memberId: null });
    const again = await api.somebody(['officer'], memberId);
    expect(codeOf(await approve(again, id, 'president'))).toEqual([409, 'record.duplicate']);
    expect(await statusOf(id)).toBe('under_review');
  });

  it('count once for accounts that turn out to be one person’s', async () => {
    const id = await submitted(await madeMember(staff), '2000.00');
    const memberId = await madeMember(staff);
    const [one, other] = [await api.somebody(['officer']), await api.somebody(['officer'])];
    await approve(one, id, 'vp');
    await approve(other, id, 'admin');
    for (const { account } of [one, other]) {
      await admin.patch(`/users/${account.id}`, { memberId });
      await admin.patch(`/users/${account.id}`, { memberId: null });
    }
    await approve(await api.somebody(['officer']), id, 'manager');
    expect(await statusOf(id)).toBe('under_review');
    await approve(await api.somebody(['officer']), id, 'president');
    expect(await statusOf(id)).toBe('approved');
  });

  it('are not taken by one person at once', async () => {
    const id = await submitted(await madeMember(staff), '2000.00');
    const officer = await api.somebody(['officer']);
    const replies = await Promise.all(levels.map((level) => approve(officer, id, level)));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });
});

describe('nobody changes', () => {
  it('the own member link', async () => {
    const { client, memberId } = await aPerson('admin');
    const { id } = client.account;
    for (const link of [null, await madeMember(staff)]) {
      await expectRefused(await client.patch(`/users/${id}`, { memberId: link }), client, 'users', id);
    }
    expect((await client.patch(`/users/${id}`, { lastName: 'Adeyemi', memberId })).json()).toMatchObject({
      ...{ memberId, lastName: 'Adeyemi' },
    });
    const unlinked = await api.somebody(['admin']);
    const own = await unlinked.patch(`/users/${unlinked.account.id}`, { memberId: await madeMember(staff) });
    await expectRefused(own, unlinked, 'users', unlinked.account.id);
  });

  it('the own roles, nor those of another account of theirs', async () => {
    const { client, memberId } = await aPerson('admin');
    const { id } = client.account;
    await expectRefused(await client.put(`/users/${id}/roles`, { roles: ['admin', 'officer'] }), client, 'users', id);
    await admin.patch(`/users/${id}`, { memberId: null });
    const { account } = await api.somebody(['member'], memberId);
    const raise = await client.put(`/users/${account.id}/roles`, { roles: ['officer'] });
    await expectRefused(raise, client, 'users', account.id);
    const roles = await api.query('SELECT FROM user_roles WHERE user_id = ANY ($1)', [[id, account.id]]);
    expect(roles).toHaveLength(3);
  });

  it('the password of an account of theirs, without the one before', async () => {
    const { client } = await aPerson('admin');
    const { id } = client.account;
    const reply = await client.patch(`/users/${id}`, { password: 'correct horse battery staple' });
    await expectRefused(reply, client, 'users', id);
    expect((await api.login(client.account)).session.accessToken).toMatch(/^ey/);
  });

  it('an account into one of theirs', async () => {
    const { client, memberId } = await aPerson('admin');
    await admin.patch(`/users/${client.account.id}`, { memberId: null });
    const other = await api.account(['officer']);
    await expectRefused(await client.patch(`/users/${other.id}`, { memberId }), client, 'users', other.id);
    const account = { email: 'second@local.example', password: 'correct horse battery staple', roles: ['officer'] };
    const reply = await client.post('/users', { ...account, firstName: 'Ann', lastName: 'Okafor', memberId });
    expect(codeOf(reply)).toEqual([403, 'access.denied']);
    expect(await api.query('SELECT FROM users WHERE email = $1', [account.email])).toEqual([]);
  });
});

it('links that were before the table of links was are taken from the ledger', async () => {
  const { client, memberId } = await aPerson('officer');
  const id = await submitted(memberId);
  await admin.patch(`/users/${client.account.id}`, { memberId: null });
  const migration = new (
    migrations.find(({ name }) => name.startsWith('MemberLinks')) as (typeof migrations)[number]
  )();
  const runner = { query: (sql: string) => api.query(sql) } as never;
  await migration.down(runner);
  await migration.up(runner);
  await migration.up(runner);
  const { applicationUrl } = api.database;
  await api.query('SELECT grant_application($1)', [new URL(applicationUrl).username]);
  const reply = await client.post('/benevolence-reviews', aReview(id));
  await expectRefused(reply, client, 'benevolence_applications', id);
});

/** An employment that ended and is current. The table has a check against it, which a database of old may lack. */
async function brokenEmployment(memberId?: number): Promise<number> {
  await api.query('ALTER TABLE member_employments DROP CONSTRAINT IF EXISTS member_employments_current_check');
  const [row] = await api.query<{ id: number }>(
    `INSERT INTO member_employments (member_id, organization_id, start_date, end_date, is_current)
     VALUES ($1, $2, '2020-01-01', '2021-01-01', true) RETURNING id`,
    [memberId ?? (await madeMember(staff)), await madeEmployer(staff)],
  );
  return row?.id ?? 0;
}

async function isCurrent(id: number): Promise<boolean | undefined> {
  const [row] = await api.query<{ current: boolean }>(
    'SELECT is_current AS current FROM member_employments WHERE id = $1',
    [id],
  );
  return row?.current;
}
