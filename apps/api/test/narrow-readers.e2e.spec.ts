import { aPdf } from '../../../libs/attachments/src/attachment.factory';
import { Files } from '../../../test/support/files';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';

let api: LocalApi;
let staff: Client;
let student: number;
let file: number;

beforeAll(async () => {
  api = await startApi();
  [student = 0] = await seedMembers(api.database, 1);
  staff = await api.as('staff');
  await staff.post('/students', { memberId: student, applicationDate: '2025-11-03' });
  file = await new Files(api, staff, student).attached('warning.pdf', aPdf(2_000));
});
afterAll(() => api.close());

it('an instructor, who sees a student’s name and number, sees none of the student’s files', async () => {
  const instructor = await api.somebody(['instructor']);
  expect((await instructor.get(`/members/${student}`)).status).toBe(200);
  for (const path of [
    `/attachments?recordType=member&recordId=${student}`,
    `/attachments/${file}`,
    `/attachments/${file}/content`,
  ]) {
    const reply = await instructor.get(path);
    expect([path, reply.status]).toEqual([path, 404]);
    expect(reply.text).not.toContain('warning');
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', outcome: 'denied' });
  }
  expect((await staff.get(`/attachments/${file}`)).status).toBe(200);
});

it('a cursor of nobody’s making is 422, whatever instant it names', async () => {
  for (const instant of ['2026-01-01 00:00:00+99:00', '2026-01-01 Nowhere/City', 'no instant']) {
    const cursor = Buffer.from(JSON.stringify(['createdAt', instant, '1'])).toString('base64url');
    const reply = await staff.get(`/members?sort=createdAt&cursor=${cursor}`);
    expect([instant, reply.status]).toEqual([instant, 422]);
  }
});

it('a new password is another one', async () => {
  const clerk = await api.somebody(['staff']);
  const { password } = clerk.account;
  const reply = await clerk.post('/auth/change-password', { currentPassword: password, newPassword: password });
  expect(reply.status).toBe(422);
});

it('a member who asks about somebody else leaves no entry that says they looked', async () => {
  const member = await api.somebody(['member']);
  const reply = await member.get(`/audit/logs?tableName=members&recordId=${student}`);
  expect(reply.json<{ items: unknown[] }>().items).toEqual([]);
  await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'audit_logs', recordIds: [] });
});
