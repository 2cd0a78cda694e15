import { aContact } from '../../../libs/organizations/src/organization.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { inParallel } from '../../../test/support/load';
import { made, madeEmployer } from '../../../test/support/records';

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
});
afterAll(() => api.close());

const path = '/organization-contacts';
const contact = async (organizationId: number, isPrimary = false) =>
  (await made(staff, path, aContact(organizationId, { isPrimary }))).id;
const primaries = async (organizationId: number) => {
  const list = await staff.get(`/organizations/${organizationId}/contacts?primary=true`);
  return list.json<{ items: { id: number }[] }>().items.map(({ id }) => id);
};

describe('the primary contact', () => {
  it('gives way to the one that is made so, with an entry each, by changing and by creating', async () => {
    const organizationId = await madeEmployer(staff);
    const first = await contact(organizationId, true);
    const second = await contact(organizationId);
    const reply = await staff.patch(`${path}/${second}`, { isPrimary: true });
    expect([reply.status, await primaries(organizationId)]).toEqual([200, [second]]);
    await api.expectAudit(
      reply,
      { action: 'UPDATE', recordId: first, newValues: { is_primary: false } },
      { action: 'UPDATE', recordId: second, newValues: { is_primary: true } },
    );
    const created = await staff.post(path, aContact(organizationId, { isPrimary: true }));
    const { id } = created.json<{ id: number }>();
    await api.expectAudit(created, { action: 'UPDATE', recordId: second }, { action: 'CREATE', recordId: id });
    expect(await primaries(organizationId)).toEqual([id]);
  });

  it('stays where the change is refused', async () => {
    const organizationId = await madeEmployer(staff);
    const first = await contact(organizationId, true);
    const second = await contact(organizationId);
    const stale = await staff.patch(`${path}/${second}`, { isPrimary: true }, { 'If-Match': '"1"' });
    expect([stale.status, await primaries(organizationId)]).toEqual([412, [first]]);
    await api.expectAudit(stale, { action: 'READ', tableName: 'organization_contacts', recordId: second });
    const missing = aContact(2147483647, { isPrimary: true });
    expect(codeOf(await staff.post(path, missing))).toEqual([422, 'reference.missing']);
  });

  it('is not brought back by a repeated request', async () => {
    const organizationId = await madeEmployer(staff);
    const body = aContact(organizationId, { isPrimary: true });
    const key = { 'Idempotency-Key': 'primary' };
    const first = await staff.post(path, body, key);
    const second = await contact(organizationId, true);
    const repeated = await staff.post(path, body, key);
    expect([repeated.status, repeated.json()['id']]).toEqual([201, first.json()['id']]);
    expect(await primaries(organizationId)).toEqual([second]);
    await api.expectAudit(repeated, { action: 'READ', recordId: Number(first.json()['id']) });
  });

  it('moves with its contact to another organization, whose own gives way', async () => {
    const [from, to] = [await madeEmployer(staff), await madeEmployer(staff)];
    const moving = await contact(from, true);
    const staying = await contact(to, true);
    const reply = await staff.patch(`${path}/${moving}`, { organizationId: to });
    expect([reply.status, await primaries(from), await primaries(to)]).toEqual([200, [], [moving]]);
    await api.expectAudit(reply, { action: 'UPDATE', recordId: staying }, { action: 'UPDATE', recordId: moving });
  });

  it('is exactly one after twelve at once, however often, and everybody is answered', async () => {
    const organizationId = await madeEmployer(staff);
    const ids = await inParallel(20, 5, () => contact(organizationId));
    for (let round = 0; round < 5; round += 1) {
      const replies = await inParallel(20, 12, (index) =>
        staff.patch(`${path}/${ids[index % (4 * (round + 1))]}`, { isPrimary: true }),
      );
      expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect(await primaries(organizationId)).toHaveLength(1);
    }
    const created = await inParallel(20, 20, () => staff.post(path, aContact(organizationId, { isPrimary: true })));
    expect(created.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(await primaries(organizationId)).toHaveLength(1);
  });
});
