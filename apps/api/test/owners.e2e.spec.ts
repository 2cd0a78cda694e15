import { getMetadataArgsStorage } from 'typeorm';
import { aContact } from '../../../libs/organizations/src/organization.factory';
import { anActivity } from '../../../libs/salting/src/salting-activity.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { exampleOf } from '../../../test/support/examples';
import { inParallel } from '../../../test/support/load';
import { made, madeEmployer, madeMember } from '../../../test/support/records';
import { can, declaredResources, isSoft, tableOf, type Declared } from '../../../test/support/resources';

let api: LocalApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
});
afterAll(() => api.close());

interface Case extends Declared {
  path: string;
  owner: string;
  field: string;
}

/** Fields that differ from the shared example, by resource: a primary contact would demote another. */
const particular: Record<string, object> = { 'organization-contacts': { isPrimary: true } };

const cases: Case[] = declaredResources
  .filter((declared) => can(declared, 'create'))
  .flatMap((declared) =>
    getMetadataArgsStorage()
      .foreignKeys.filter(({ target, onDelete }) => target === declared.resource.entity && onDelete === 'RESTRICT')
      .map(({ type, propertyName = '' }) => ({
        ...declared,
        path: `/${declared.name}`,
        owner: `/${ownerIn(type)}`,
        field: propertyName,
      })),
  );

/** The resource whose records stand in a table that a foreign key names. */
function ownerIn(table: unknown): string | undefined {
  return declaredResources.find(({ resource }) => tableOf(resource) === table)?.name;
}

it('is asked of every resource that hangs on members or organizations', () => {
  const owners = [...new Set(cases.map(({ owner }) => owner))];
  expect(owners.sort()).toEqual(['/members', '/organizations']);
  expect(cases.length).toBeGreaterThan(8);
  const names = cases.map(({ name }) => name);
  expect(Object.keys(particular).filter((name) => !names.includes(name))).toEqual([]);
});

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

it('every reference that names no record in use is named', async () => {
  const refused = await admin.post('/salting-activities', anActivity(999_999, 999_999));
  expect(codeOf(refused)).toEqual([422, 'reference.missing']);
  const message = 'names no record in use';
  expect(refused.json()['errors']).toEqual([
    { pointer: '/memberId', message },
    { pointer: '/organizationId', message },
  ]);
});

describe.each(cases)('$path and their $field', ({ name, resource, path, owner, field }) => {
  async function parents() {
    const member = await madeMember(admin);
    const organization = await madeEmployer(admin);
    const example = await exampleOf(name, { member, organization }, admin);
    return { body: { ...example, ...particular[name] }, ownerId: owner === '/members' ? member : organization };
  }
  const table = tableOf(resource);
  const column = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const orphans = () =>
    api.query(
      `SELECT c.id FROM ${table} c JOIN ${owner.slice(1)} o ON o.id = c.${column}
       WHERE o.deleted_at IS NOT NULL${isSoft(resource) ? ' AND c.deleted_at IS NULL' : ''}`,
    );

  it('keep the owner in use: 409 that says what depends; afterwards it takes no more of them: 422', async () => {
    const { body, ownerId } = await parents();
    const { id } = await made(admin, path, body);
    const refused = await admin.delete(`${owner}/${ownerId}`);
    expect(codeOf(refused)).toEqual([409, 'record.in-use']);
    expect(refused.json()['detail']).toContain(`1 ${table.replaceAll('_', ' ')}`);
    await api.expectAudit(
      refused,
      { action: 'READ', tableName: owner.slice(1), recordId: ownerId },
      { action: 'READ', tableName: table, recordId: id },
    );
    expect((await admin.delete(`${path}/${id}`)).status).toBe(204);
    expect((await admin.delete(`${owner}/${ownerId}`)).status).toBe(204);
    const orphan = await admin.post(path, body);
    expect(codeOf(orphan)).toEqual([422, 'reference.missing']);
    expect(orphan.json()['errors']).toEqual([{ pointer: `/${field}`, message: 'names no record in use' }]);
    await api.expectAudit(orphan);
    if (!isSoft(resource)) return;
    expect(codeOf(await admin.post(`${path}/${id}/restore`))).toEqual([422, 'reference.missing']);
  });

  it('never outlive the owner, whoever is first', async () => {
    await inParallel(30, 6, async (round) => {
      const { body, ownerId } = await parents();
      // One in three comes back from its removal instead of being made.
      const isRestored = round % 3 === 0 && isSoft(resource);
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
