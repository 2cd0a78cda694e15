import { aMember } from '../../../libs/members/src/member.factory';
import { startApi, type LocalApi } from './harness';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

it('creates a member', async () => {
  const staff = await api.as('staff');
  const reply = await staff.post('/members', aMember());
  expect(reply.status).toBe(201);
  await api.expectAudit(reply, { action: 'CREATE', tableName: 'members' });
});
