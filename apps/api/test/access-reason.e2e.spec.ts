import { aMember } from '../../../libs/members/src/member.factory';
import { startApi, type Client, type LocalApi } from './harness';

let api: LocalApi;
let staff: Client;
let id: number;
beforeAll(async () => {
  api = await startApi({ config: { ACCESS_REASON_REQUIRED: ['staff', 'member'] } });
  staff = await api.as('staff');
  id = (await staff.post('/members', aMember())).json<{ id: number }>().id;
});
afterAll(() => api.close());

describe('a role that has to say why', () => {
  it.each([
    ['a record', () => `/members/${id}`],
    ['a list', () => '/members?limit=1'],
    ['an export', () => '/members/export'],
    ['a trail', () => `/members/${id}/audit-trail`],
  ])('is refused %s without a reason, on the record', async (_, path) => {
    const refused = await staff.get(path());
    expect([refused.status, refused.json()['type']]).toEqual([428, '/docs/errors#access.reason-required']);
    await api.expectAudit(refused, { action: 'ACCESS_DENIED', outcome: 'denied', notes: 'access.reason-required' });
    const blank = await staff.get(path(), { 'X-Access-Reason': '  ' });
    expect(blank.status).toBe(428);
    await api.expectAudit(blank, { action: 'ACCESS_DENIED' });
    const shown = await staff.get(path(), { 'X-Access-Reason': 'Call about dues' });
    expect(shown.status).toBe(200);
    await api.expectAudit(shown, { reason: 'Call about dues', outcome: 'success' });
  });

  it('reads what is its own without one', async () => {
    const own = await api.somebody(['member'], id);
    for (const path of ['/me', `/members/${id}`, '/auth/me', '/me/access-log']) {
      const reply = await own.get(path);
      expect([path, reply.status]).toEqual([path, 200]);
    }
  });
});

it('is asked of nobody else', async () => {
  const reply = await (await api.as('officer')).get(`/members/${id}`);
  expect(reply.status).toBe(200);
  await api.expectAudit(reply, { action: 'READ', tableName: 'members', recordId: id });
});
