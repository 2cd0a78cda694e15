import { anOrganization } from '../../../libs/organizations/src/organization.factory';
import { anActivity } from '../../../libs/salting/src/salting-activity.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { made, madeMember } from '../../../test/support/records';

let api: LocalApi;
let staff: Client;
let officer: Client;
let id: number;
const secret = 'met in the back room';
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
  officer = await api.as('officer');
  id = (await made(officer, '/organizations', anOrganization({ saltingScore: 2, saltingNotes: secret }))).id;
});
afterAll(() => api.close());

describe('what an organization thinks of organizing', () => {
  it.each(['admin', 'officer', 'organizer'] as const)('is shown to %s', async (role) => {
    const client = await api.as(role);
    const reply = await client.get(`/organizations/${id}`);
    expect(reply.json()).toMatchObject({ saltingScore: 2, saltingNotes: secret });
    await api.expectAudit(reply, { action: 'READ', tableName: 'organizations', recordId: id });
    expect((await client.get('/organizations')).text).toContain(secret);
  });

  it('is hidden from staff in reads, lists and exports', async () => {
    for (const path of [`/organizations/${id}`, '/organizations', '/organizations/export']) {
      const reply = await staff.get(path);
      expect([path, reply.status, /salting/i.test(reply.text)]).toEqual([path, 200, false]);
    }
    expect((await officer.get('/organizations/export')).text).toContain(secret);
  });

  it.each(['sort=saltingScore', 'sort=-saltingNotes', 'saltingScore=2', 'saltingNotes=met', 'q=met%20in'])(
    'is not to be found by asking for %s',
    async (query) => {
      const reply = await staff.get(`/organizations?${query}`);
      if (query.startsWith('q=')) expect(reply.json()).toEqual({ items: [], nextCursor: null });
      else expect(codeOf(reply)).toEqual([422, 'request.invalid']);
    },
  );

  it('is not shown to staff in trails of what they did themselves', async () => {
    const made = (await staff.post('/organizations', anOrganization())).json<{ id: number }>();
    await officer.patch(`/organizations/${made.id}`, { saltingNotes: secret });
    await staff.patch(`/organizations/${made.id}`, { city: 'Elsewhere' });
    await staff.delete(`/organizations/${made.id}`);
    const admin = await api.as('admin');
    expect((await admin.get(`/organizations/${made.id}/audit-trail`)).text).toContain(secret);
    for (const path of [`/audit/logs?tableName=organizations&recordId=${made.id}`, '/audit/logs?limit=200']) {
      const reply = await staff.get(path);
      expect([reply.status, reply.text.includes(secret)]).toEqual([200, false]);
    }
  });

  it('is not for staff to write, by any verb, on record', async () => {
    for (const sent of [{ saltingScore: 5 }, { saltingNotes: 'x' }, { saltingScore: null }, { saltingScore: 2 }]) {
      const changed = await staff.patch(`/organizations/${id}`, { city: 'Elsewhere', ...sent });
      expect(codeOf(changed)).toEqual([403, 'access.field-denied']);
      await api.expectAudit(changed, { action: 'ACCESS_DENIED', tableName: 'organizations', recordId: id });
      expect((await staff.post('/organizations', { ...anOrganization(), ...sent })).status).toBe(403);
    }
    const [row] = await api.query('SELECT city, salting_score FROM organizations WHERE id = $1', [id]);
    expect(row).toEqual({ city: 'Springfield', salting_score: 2 });
  });
});

describe('a SALTing activity', () => {
  it('happens at an employer, with no more cards than people', async () => {
    const organizer = await api.as('organizer');
    const member = await madeMember(staff);
    const jatc = (await made(officer, '/organizations', anOrganization({ orgType: 'jatc' }))).id;
    const wrongs = [
      { organizationId: jatc },
      { cardsSigned: 13 },
      { workersContacted: -1, cardsSigned: 0 },
      { activityType: 'picnic' },
      { outcome: 'open' },
    ];
    const reply = await organizer.post('/salting-activities', anActivity(member, id));
    const activity = reply.json<{ id: number }>();
    await api.expectAudit(reply, { action: 'CREATE', tableName: 'salting_activities', recordId: activity.id });
    for (const wrong of wrongs) {
      const made = await organizer.post('/salting-activities', { ...anActivity(member, id), ...wrong });
      const changed = await organizer.patch(`/salting-activities/${activity.id}`, wrong);
      expect([wrong, made.status, changed.status]).toEqual([wrong, 422, 422]);
    }
  });

  it('is unknown to staff, instructors and members', async () => {
    for (const role of ['staff', 'instructor', 'member'] as const) {
      const reply = await (await api.as(role)).get('/salting-activities');
      expect(codeOf(reply)).toEqual([403, 'access.denied']);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED', route: 'salting-activities:list' });
    }
  });
});
