import { aGrievance, aStep } from '../../../libs/grievances/src/grievance.factory';
import { anOrganization } from '../../../libs/organizations/src/organization.factory';
import { aStudent } from '../../../libs/students/src/student.factory';
import { aPdf, type Part } from '../../../libs/attachments/src/attachment.factory';
import { ownerParts, upload } from '../../../test/support/files';
import { codeOf, startApi, type Client, type LocalApi, type Reply } from '../../../test/support/harness';
import { made, madeEmployer, madeMember } from '../../../test/support/records';

const absent = 2_147_483_647;
let api: LocalApi;
let admin: Client;
let staff: Client;
let instructor: Client;
beforeAll(async () => {
  api = await startApi();
  [admin, staff, instructor] = [await api.as('admin'), await api.as('staff'), await api.as('instructor')];
});
afterAll(() => api.close());

const file = async (member: number, fileCategory: string) => {
  const parts: Part[] = [...ownerParts(member), ['fileCategory', fileCategory], ['file', aPdf(), 'a.pdf']];
  return (await upload(admin, parts)).json<{ id: number }>().id;
};

describe('a reference to a record that is not the actor’s to see', () => {
  it('is refused on record where it names none: an instructor asks for a member', async () => {
    const reply = await instructor.post('/students', aStudent(absent));
    expect(codeOf(reply)).toEqual([422, 'reference.missing']);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', tableName: 'members', recordId: absent });
  });

  it('is told on record where something else is wrong: an instructor asks for a member', async () => {
    const member = await madeMember(admin);
    const { id } = await made(admin, '/students', aStudent(member));
    const reply = await instructor.post('/students', aStudent(member));
    expect(codeOf(reply)).toEqual([409, 'record.duplicate']);
    await api.expectAudit(
      reply,
      { action: 'READ', tableName: 'members', recordId: member },
      { action: 'READ', tableName: 'students', recordId: id },
    );
  });

  it('is refused on record where it names none: a clerk asks for an account', async () => {
    const [member, employer] = [await madeMember(admin), await madeEmployer(admin)];
    const reply = await staff.post('/grievances', aGrievance(member, employer, { assignedRepId: absent }));
    expect(codeOf(reply)).toEqual([422, 'reference.missing']);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', tableName: 'users', recordId: absent });
  });

  it('changes nothing in an error that comes before it: a clerk asks for an account', async () => {
    const union = (await made(admin, '/organizations', anOrganization({ orgType: 'union' }))).id;
    const member = await madeMember(admin);
    const ask = async (assignedRepId: number) =>
      withoutIds(await staff.post('/grievances', aGrievance(member, union, { assignedRepId })));
    expect(await ask(staff.account.id)).toEqual(await ask(absent));
  });
});

describe('a file that is not the actor’s to see', () => {
  const attempts: [what: string, send: (client: Client, id: number) => Promise<Reply>][] = [
    ['read', (client, id) => client.get(`/attachments/${id}`)],
    ['changed', (client, id) => client.patch(`/attachments/${id}`, { description: 'New' })],
    ['filed elsewhere', (client, id) => client.patch(`/attachments/${id}`, { fileCategory: 'contracts' })],
    ['removed', (client, id) => client.delete(`/attachments/${id}`)],
    ['restored', (client, id) => client.post(`/attachments/${id}/restore`)],
  ];
  it.each(attempts)('is not there when it is to be %s', async (_what, send) => {
    const member = await madeMember(admin);
    await made(admin, '/students', aStudent(member));
    const cases: [client: Client, id: number][] = [
      [staff, await file(member, 'salting')],
      [instructor, await file(member, 'dues')],
    ];
    for (const [client, id] of cases) {
      const reply = await send(client, id);
      expect(codeOf(reply)).toEqual([404, 'record.not-found']);
      await api.expectAudit(reply, { action: 'ACCESS_DENIED', tableName: 'file_attachments', recordId: id });
      expect(withoutIds(await send(client, absent))).toEqual(withoutIds(reply));
    }
  });
});

it('what the actor may not do is said before how a record stands', async () => {
  const { id } = await made(admin, '/grievances', aGrievance(await madeMember(admin), await madeEmployer(admin)));
  await admin.post(`/grievances/${id}/withdraw`, { resolution: 'Gone.' });
  const reply = await staff.post(`/grievances/${id}/steps`, aStep({ outcome: 'settled' }));
  expect(codeOf(reply)).toEqual([403, 'access.denied']);
  await api.expectAudit(reply, { action: 'ACCESS_DENIED', tableName: 'grievances', recordId: id });
});

/** The parts of an answer that do not depend on the record or the request. */
function withoutIds(reply: Reply): unknown {
  const { requestId: _requestId, instance: _instance, ...said } = reply.json();
  return [reply.status, said];
}
