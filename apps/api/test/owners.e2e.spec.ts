import { anApplication } from '../../../libs/benevolence/src/benevolence.factory';
import { anEmployment } from '../../../libs/employments/src/member-employment.factory';
import { aGrievance } from '../../../libs/grievances/src/grievance.factory';
import { aContact } from '../../../libs/organizations/src/organization.factory';
import { anActivity } from '../../../libs/salting/src/salting-activity.factory';
import { aStudent } from '../../../libs/students/src/student.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { inParallel } from '../../../test/support/load';
import { made, madeEmployer, madeMember } from '../../../test/support/records';

let api: LocalApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
});
afterAll(() => api.close());

interface Case {
  path: string;
  owner: string;
  field: string;
  build: (memberId: number, organizationId: number) => object;
}

const ofMember = { owner: '/members', field: 'memberId' };
const ofOrganization = { owner: '/organizations', field: 'organizationId' };
const cases: Case[] = [
  { path: '/member-employments', ...ofMember, build: anEmployment },
  { path: '/member-employments', ...ofOrganization, build: anEmployment },
  { path: '/students', ...ofMember, build: (memberId) => aStudent(memberId) },
  { path: '/organization-contacts', ...ofOrganization, build: (_, id) => aContact(id, { isPrimary: true }) },
  { path: '/salting-activities', ...ofMember, build: anActivity },
  { path: '/salting-activities', ...ofOrganization, build: anActivity },
  { path: '/benevolence-applications', ...ofMember, build: (memberId) => anApplication(memberId) },
  { path: '/grievances', ...ofMember, build: aGrievance },
  { path: '/grievances', owner: '/organizations', field: 'employerId', build: aGrievance },
];

it('the refusal names no more of what depends than its reader may see, nor how much', async () => {
  const [staff, organizer] = [await api.as('staff'), await api.as('organizer')];
  const [member, organization] = [await madeMember(admin), await madeEmployer(admin)];
  for (let count = 0; count < 3; count += 1)
    await made(organizer, '/salting-activities', anActivity(member, organization));
  await made(admin, '/organization-contacts', aContact(organization));
  const details = async (client: Client, path: string) => String((await client.delete(path)).json()['detail']);
  expect(await details(staff, `/organizations/${organization}`)).toBe(
    'On this organization depend: 1 organization contacts, other records. Remove them first.',
  );
  expect(await details(staff, `/members/${member}`)).toBe('On this member depend: other records. Remove them first.');
  expect(await details(admin, `/members/${member}`)).toBe(
    'On this member depend: 3 salting activities. Remove them first.',
  );
});

describe.each(cases)('$path and their $field', ({ path, owner, field, build }) => {
  async function parents() {
    const member = await madeMember(admin);
    const organization = await madeEmployer(admin);
    return { body: build(member, organization), ownerId: owner === '/members' ? member : organization };
  }
  const table = path.slice(1).replaceAll('-', '_');
  const column = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const orphans = () =>
    api.query(
      `SELECT c.id FROM ${table} c JOIN ${owner.slice(1)} o ON o.id = c.${column}
       WHERE o.deleted_at IS NOT NULL${path === '/member-employments' ? '' : ' AND c.deleted_at IS NULL'}`,
    );

  it('keep the owner in use: 409 that says what depends; afterwards it takes no more of them: 422', async () => {
    const { body, ownerId } = await parents();
    const { id } = await made(admin, path, body);
    const refused = await admin.delete(`${owner}/${ownerId}`);
    expect(codeOf(refused)).toEqual([409, 'record.in-use']);
    expect(refused.json()['detail']).toContain(`1 ${table.replaceAll('_', ' ')}`);
    await api.expectAudit(refused);
    expect((await admin.delete(`${path}/${id}`)).status).toBe(204);
    expect((await admin.delete(`${owner}/${ownerId}`)).status).toBe(204);
    const orphan = await admin.post(path, body);
    expect(codeOf(orphan)).toEqual([422, 'reference.missing']);
    expect(orphan.json()['errors']).toEqual([{ pointer: `/${field}`, message: 'names no record in use' }]);
    await api.expectAudit(orphan);
    if (path === '/member-employments') return;
    expect(codeOf(await admin.post(`${path}/${id}/restore`))).toEqual([422, 'reference.missing']);
  });

  it('never outlive the owner, whoever is first', async () => {
    await inParallel(30, 6, async (round) => {
      const { body, ownerId } = await parents();
      // One in three comes back from its removal instead of being made.
      const isRestored = round % 3 === 0 && path !== '/member-employments';
      const { id } = isRestored ? await made(admin, path, body) : { id: 0 };
      if (isRestored) await admin.delete(`${path}/${id}`);
      const begin = () => (isRestored ? admin.post(`${path}/${id}/restore`) : admin.post(path, body));
      const end = () => admin.delete(`${owner}/${ownerId}`);
      const replies = round % 2 ? [begin(), end()] : [end(), begin()].reverse();
      const [begun, ended] = await Promise.all(replies);
      expect([
        [201, 409],
        [200, 409],
        [422, 204],
      ]).toContainEqual([begun?.status, ended?.status]);
    });
    expect(await orphans()).toEqual([]);
  });
});
