import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';

/** A member as a reply shows one. */
interface Member {
  id: number;
  memberNumber: string;
}

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
});
afterAll(() => api.close());

const create = async () => (await staff.post('/members', aMember())).json<Member>();
describe('who may do what with members', () => {
  it('shows notes to the office alone', async () => {
    const { id, memberNumber } = await create();
    const own = await api.as('member', { memberId: id });
    for (const role of ['admin', 'officer', 'staff'] as const) {
      expect((await (await api.as(role)).get(`/members/${id}`)).json()).toHaveProperty('notes');
    }
    for (const client of [await api.as('organizer'), own]) {
      for (const path of [`/members/${id}`, `/members/by-number/${memberNumber}`]) {
        expect((await client.get(path)).json()).not.toHaveProperty('notes');
      }
      const { items } = (await client.get(`/members?q=${memberNumber}`)).json<{ items: Member[] }>();
      expect(items.map((item) => [item.id, 'notes' in item])).toEqual([[id, false]]);
    }
  });

  it('refuses organizers, instructors and members what the office does, on record', async () => {
    const { id } = await create();
    const own = await api.as('member', { memberId: id });
    for (const client of [await api.as('organizer'), await api.as('instructor'), own]) {
      const attempts: [Promise<Reply>, string][] = [
        [client.post('/members', aMember()), 'members:create'],
        [client.delete(`/members/${id}`), 'members:delete'],
        [client.post(`/members/${id}/restore`), 'members:restore'],
        [client.get('/members/export'), 'members:export'],
        [client.post('/members/import', 'a', { 'Content-Type': 'text/csv' }), 'members:import'],
      ];
      for (const [attempt, route] of attempts) {
        const reply = await attempt;
        expect(codeOf(reply)).toEqual([403, 'access.denied']);
        await api.expectAudit(reply, {
          action: 'ACCESS_DENIED',
          outcome: 'denied',
          route,
          changedBy: client.account.id,
          notes: 'access.denied',
        });
      }
    }
    expect(codeOf(await (await api.as('organizer')).patch(`/members/${id}`, { phone: '1' }))).toEqual([
      403,
      'access.denied',
    ]);
  });

  it('lets a member change their own contact details and nothing else', async () => {
    const { id } = await create();
    const own = await api.as('member', { memberId: id });
    const details = {
      address: '1 New Street',
      city: 'Shelbyville',
      state: 'OR',
      zipCode: '1',
      phone: '2',
      email: 'new@example.org',
    };
    const changed = await own.patch(`/members/${id}`, details);
    expect([changed.status, changed.json()]).toEqual([200, expect.objectContaining(details)]);
    await api.expectAudit(changed, { action: 'UPDATE', recordId: id, changedBy: own.account.id });
    for (const patch of [
      { status: 'retired' },
      { notes: 'x' },
      { lastName: 'x' },
      { memberNumber: 'X1' },
      { phone: '3', classification: 'foreman' },
    ]) {
      const reply = await own.patch(`/members/${id}`, patch);
      expect(codeOf(reply)).toEqual([403, 'access.field-denied']);
      expect(reply.json<{ errors: { pointer: string }[] }>().errors.map(({ pointer }) => pointer)).toEqual([
        `/${Object.keys(patch).at(-1)}`,
      ]);
      await api.expectAudit(reply, {
        action: 'ACCESS_DENIED',
        tableName: 'members',
        recordId: id,
        notes: 'access.field-denied',
      });
    }
    expect((await staff.get(`/members/${id}`)).json()).toMatchObject({ phone: '2', status: 'active' });
  });

  it('hides others’ records from a member, and records every attempt under the record', async () => {
    const own = await api.as('member', { memberId: (await create()).id });
    const other = await create();
    const attempts = [
      await own.get(`/members/${other.id}`),
      await own.head(`/members/${other.id}`),
      await own.patch(`/members/${other.id}`, { phone: '1' }),
      await own.patch(`/members/${other.id}`, {}),
      await own.get(`/members/${other.id}/audit-trail`),
      await own.get('/members/2147483647'),
    ];
    for (const reply of attempts) {
      expect(reply.status).toBe(404);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED', outcome: 'denied', tableName: 'members' });
    }
    const denied = await api.entries({
      action: 'ACCESS_DENIED',
      tableName: 'members',
      recordId: other.id,
      changedBy: own.account.id,
    });
    expect(denied).toHaveLength(attempts.length - 1);
    const byNumber = await own.get(`/members/by-number/${other.memberNumber}`);
    expect(byNumber.status).toBe(404);
    await api.expectAudit(byNumber, { action: 'ACCESS_DENIED', tableName: 'members' });
    const { items } = (await own.get('/members?limit=200')).json<{ items: Member[] }>();
    expect(items).toHaveLength(1);
  });

  it('shows an instructor nobody while there are no students', async () => {
    const { id } = await create();
    const instructor = await api.as('instructor');
    const list = await instructor.get('/members');
    expect(list.json()).toEqual({ items: [], nextCursor: null });
    await api.expectAudit(list, { action: 'BULK_READ', recordIds: [] });
    const reply = await instructor.get(`/members/${id}`);
    expect(reply.status).toBe(404);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', recordId: id });
  });

  it('asks those without a token who they are, on record', async () => {
    const { id } = await create();
    const reply = await api.anonymous.get(`/members/${id}`, { 'User-Agent': 'curl' });
    expect(codeOf(reply)).toEqual([401, 'auth.required']);
    expect(reply.headers['www-authenticate']).toBe('Bearer');
    await api.expectAudit(reply, {
      action: 'ACCESS_DENIED',
      outcome: 'denied',
      route: 'members:read',
      changedBy: null,
      actorEmail: null,
      userAgent: 'curl',
      notes: 'auth.required',
    });
  });
});
