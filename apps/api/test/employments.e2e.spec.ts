import { anEmployment } from '../../../libs/employments/src/member-employment.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { listed, made, madeEmployer, madeMember } from '../../../test/support/records';

let api: LocalApi;
let staff: Client;
let employer: number;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
  employer = await madeEmployer(staff);
});
afterAll(() => api.close());

const path = '/member-employments';

describe('an employment', () => {
  it.each([
    [{}, true],
    [{ endDate: null }, true],
    [{ endDate: '2026-06-30' }, false],
    [{ isCurrent: false }, false],
  ])('made with %o is current: %s', async (sent, isCurrent) => {
    const record = await made(staff, path, anEmployment(await madeMember(staff), employer, sent));
    expect(record['isCurrent']).toBe(isCurrent);
  });

  it('stops being current with its end, and goes on when the end is taken back', async () => {
    const { id } = await made(staff, path, anEmployment(await madeMember(staff), employer));
    const ended = await staff.patch(`${path}/${id}`, { endDate: '2026-06-30' });
    expect(ended.json()).toMatchObject({ endDate: '2026-06-30', isCurrent: false });
    await api.expectAudit(ended, { action: 'UPDATE', changedFields: ['end_date', 'is_current'] });
    expect((await staff.patch(`${path}/${id}`, { jobTitle: 'Foreman' })).json()).toMatchObject({ isCurrent: false });
    expect((await staff.patch(`${path}/${id}`, { endDate: null })).json()).toMatchObject({ isCurrent: true });
  });

  it.each([
    { endDate: '2024-02-29' },
    { endDate: '2026-06-30', isCurrent: true },
    { startDate: '2024-13-01' },
    { startDate: null },
    { hourlyRate: '-1' },
    { hourlyRate: 52.75 },
    { hourlyRate: '1.005' },
    { hourlyRate: '123456789' },
    { organizationId: 2147483647 },
    { memberId: 2147483647 },
    { memberId: null },
    { deletedAt: null },
  ])('refuses %o with 422, when it is made and when it is changed', async (wrong) => {
    const memberId = await madeMember(staff);
    expect((await staff.post(path, { ...anEmployment(memberId, employer), ...wrong })).status).toBe(422);
    const { id } = await made(staff, path, anEmployment(memberId, employer));
    const reply = await staff.patch(`${path}/${id}`, wrong);
    expect(reply.status).toBe(422);
    // An end alone is compared with the beginning that is on record.
    const told = Object.keys(wrong).join() === 'endDate' ? [{ action: 'READ', recordId: id }] : [];
    await api.expectAudit(reply, ...told);
    expect((await staff.patch(`${path}/${id}`, { jobTitle: 'Foreman' })).status).toBe(200);
  });

  it.each([
    ['0', '0.00'],
    ['0.1', '0.10'],
    ['12345678.99', '12345678.99'],
  ])('keeps a rate of %s as %s', async (hourlyRate, kept) => {
    const record = await made(staff, path, anEmployment(await madeMember(staff), employer, { hourlyRate }));
    expect(record['hourlyRate']).toBe(kept);
  });

  it('is found from its member, and from the member’s own account', async () => {
    const memberId = await madeMember(staff);
    const first = (await made(staff, path, anEmployment(memberId, employer, { endDate: '2024-12-31' }))).id;
    const second = (await made(staff, path, anEmployment(memberId, employer, { startDate: '2025-01-01' }))).id;
    const own = await api.as('member', { memberId });
    for (const [client, from] of [
      [staff, `/members/${memberId}/employments`],
      [own, `/members/${memberId}/employments`],
      [own, '/me/employments'],
      [own, path],
    ] as const) {
      expect(await listed(client, `${from}?sort=-startDate`, 1)).toEqual([second, first]);
      expect(await listed(client, `${from}?current=true`)).toEqual([second]);
      expect(await listed(client, `${from}?from=2025-01-01`)).toEqual([second]);
      expect(await listed(client, `${from}?to=2024-12-31`)).toEqual([first]);
    }
    const reply = await own.get('/me/employments');
    await api.expectAudit(reply, { action: 'BULK_READ', recordIds: [first, second], route: 'me:employments' });
  });

  it('is shown to its member whatever else the account may do', async () => {
    for (const role of ['instructor', 'organizer', 'staff'] as const) {
      const memberId = await madeMember(staff);
      const { id } = await made(staff, path, anEmployment(memberId, employer));
      const own = await api.somebody([role], memberId);
      expect(await listed(own, '/me/employments')).toEqual([id]);
      expect((await own.get('/me')).json()).toMatchObject({ id: memberId, phone: '555-0134' });
      const changed = await own.patch('/me', { phone: '555-9' });
      expect(changed.json()).toMatchObject({ phone: '555-9' });
      await api.expectAudit(changed, { action: 'UPDATE', tableName: 'members', recordId: memberId });
      expect(codeOf(await own.patch('/me', { status: 'retired' }))).toEqual([403, 'access.field-denied']);
    }
  });
});
