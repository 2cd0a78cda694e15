import { aStudent } from '../../../libs/students/src/student.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { inParallel } from '../../../test/support/load';
import { made, madeMember } from '../../../test/support/records';

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
});
afterAll(() => api.close());

interface Student {
  id: number;
  studentNumber: string;
  [field: string]: unknown;
}
const student = async (memberId?: number) =>
  made<Student>(staff, '/students', aStudent(memberId ?? (await madeMember(staff))));

describe('student numbers', () => {
  it('begin with S000001 and are never given twice, with twelve students at once', async () => {
    expect((await student()).studentNumber).toBe('S000001');
    const numbers = (await inParallel(20, 12, () => student())).map(({ studentNumber }) => studentNumber);
    expect(numbers.filter((number) => !/^S\d{6}$/.test(number))).toEqual([]);
    expect(new Set(numbers).size).toBe(20);
  });

  it('find their student, and are not for a client to choose', async () => {
    const { id, studentNumber, memberId } = await student();
    const reply = await staff.get(`/students/by-number/${studentNumber}`);
    expect(reply.json()).toMatchObject({ id });
    await api.expectAudit(reply, { action: 'READ', tableName: 'students', recordId: id });
    expect((await staff.get('/students/by-number/S999999')).status).toBe(404);
    expect((await staff.get('/students/by-number/17')).status).toBe(422);
    expect((await staff.patch(`/students/${id}`, { studentNumber: 'S000777' })).status).toBe(422);
    const own = await api.as('member', { memberId: Number(memberId) });
    expect((await own.get(`/students/by-number/${studentNumber}`)).status).toBe(200);
    const other = await (await api.as('member')).get(`/students/by-number/${studentNumber}`);
    expect(codeOf(other)).toEqual([404, 'record.not-found']);
    await api.expectAudit(other, { action: 'ACCESS_DENIED', tableName: 'students' });
  });
});

describe('a student', () => {
  it('is a member, once', async () => {
    const memberId = await madeMember(staff);
    const replies = await inParallel(10, 10, () => staff.post('/students', aStudent(memberId)));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    const refused = replies.find(({ status }) => status === 409)!;
    expect(refused.json()['errors']).toEqual([{ pointer: '/memberId', message: 'is taken by another record' }]);
    const { id } = replies.find(({ status }) => status === 201)!.json<{ id: number }>();
    await api.expectAudit(refused, { action: 'READ', tableName: 'students', recordId: id });
  });

  it('completes no sooner than begun', async () => {
    const { id } = await student();
    expect((await staff.patch(`/students/${id}`, { actualCompletionDate: '2026-01-11' })).status).toBe(422);
    const reply = await staff.patch(`/students/${id}`, { actualCompletionDate: '2026-01-12' });
    expect(reply.status).toBe(200);
    await api.expectAudit(reply, { action: 'UPDATE', recordId: id, changedFields: ['actual_completion_date'] });
  });

  it('reads what is kept about them, except the notes of the office', async () => {
    const memberId = await madeMember(staff);
    const { id } = await student(memberId);
    const reply = await (await api.as('member', { memberId })).get(`/students/${id}`);
    expect(reply.json()).toMatchObject({ id, cohort: '2026-Spring' });
    expect(reply.json()).not.toHaveProperty('notes');
    await api.expectAudit(reply, { action: 'READ', tableName: 'students', recordId: id });
  });

  it('shows an instructor the name and number of the member, and nothing else, in any way of asking', async () => {
    const memberId = await madeMember(staff);
    await student(memberId);
    const instructor = await api.as('instructor');
    const reply = await instructor.get(`/members/${memberId}`);
    const seen = ['id', 'memberNumber', 'firstName', 'lastName', 'middleName'];
    expect(Object.keys(reply.json()).sort()).toEqual(seen.sort());
    await api.expectAudit(reply, { action: 'READ', tableName: 'members', recordId: memberId });
    for (const query of ['status=active', 'classification=journeyman', 'sort=hireDate', 'sort=id,-updatedAt']) {
      const refused = await instructor.get(`/members?${query}`);
      expect([query, ...codeOf(refused)]).toEqual([query, 403, 'access.field-denied']);
      await api.expectAudit(refused, { action: 'ACCESS_DENIED', tableName: 'members' });
    }
    expect((await instructor.get('/members?deleted=include')).status).toBe(403);
  });
});
