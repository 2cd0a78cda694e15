import { aGrievance } from '../../../libs/grievances/src/grievance.factory';
import { anOrganization } from '../../../libs/organizations/src/organization.factory';
import { anActivity } from '../../../libs/salting/src/salting-activity.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { OutsideTransaction } from '../../../test/support/outside-transaction';
import { made, madeEmployer, madeMember } from '../../../test/support/records';

let api: LocalApi;
let admin: Client;
let member: number;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
  member = await madeMember(admin);
});
afterAll(() => api.close());

const cases = [
  ['/grievances', (id: number) => aGrievance(member, id)],
  ['/salting-activities', (id: number) => anActivity(member, id)],
] as const;

it('an employer is named by every table whose trigger demands one, and by no other', async () => {
  const demanding = await api.query<{ table: string }>(
    `SELECT tgrelid::regclass::text AS "table" FROM pg_trigger WHERE tgname = 'names_employer' ORDER BY 1`,
  );
  expect(demanding.map(({ table }) => `/${table.replaceAll('_', '-')}`)).toEqual(cases.map(([path]) => path));
});

const inUse = [409, 'record.in-use'];

describe.each(cases)('an employer that %s name', (path, build) => {
  const turn = (id: number) => admin.patch(`/organizations/${id}`, { orgType: 'union' });

  it('stays one while they do, and its other fields may change', async () => {
    const id = await madeEmployer(admin);
    const dependent = await made(admin, path, build(id));
    const refused = await (await api.as('staff')).patch(`/organizations/${id}`, { orgType: 'union' });
    expect([...codeOf(refused), refused.json()['detail']]).toEqual([
      ...inUse,
      'Other records name this organization as an employer; it stays one while they do.',
    ]);
    const tableName = path.slice(1).replace('-', '_');
    await api.expectAudit(refused, { action: 'READ', tableName, recordId: dependent.id });
    expect((await admin.patch(`/organizations/${id}`, { orgType: 'employer', city: 'Riverside' })).status).toBe(200);
    await admin.delete(`${path}/${dependent.id}`);
    expect((await turn(id)).status).toBe(200);
    expect(codeOf(await admin.post(`${path}/${dependent.id}/restore`))).toEqual([422, 'request.invalid']);
  });

  it('stays one, whoever commits first', async () => {
    for (const isNamedFirst of [true, false]) {
      const id = await madeEmployer(admin);
      const outside = await OutsideTransaction.begin(api.database);
      await outside.query('SELECT FROM organizations WHERE id = $1 FOR UPDATE', [id]);
      const name = () => admin.post(path, build(id));
      const first = isNamedFirst ? name() : turn(id);
      await outside.waiting(1);
      const second = isNamedFirst ? turn(id) : name();
      await outside.waiting(2);
      await outside.end();
      const replies = [(await first).status, (await second).status];
      expect(replies).toEqual(isNamedFirst ? [201, 409] : [200, 422]);
    }
  });

  it('is one in the database as well, whoever writes there', async () => {
    const [employer, union] = [
      await madeEmployer(admin),
      (await made(admin, '/organizations', anOrganization({ orgType: 'union' }))).id,
    ];
    const { id } = await made(admin, path, build(employer));
    const table = path.slice(1).replace('-', '_');
    const column = path === '/grievances' ? 'employer_id' : 'organization_id';
    await expect(api.query(`UPDATE ${table} SET ${column} = $2 WHERE id = $1`, [id, union])).rejects.toMatchObject({
      constraint: `${table}_employer_check`,
    });
    const turned = api.query(`UPDATE organizations SET org_type = 'jatc' WHERE id = $1`, [employer]);
    await expect(turned).rejects.toMatchObject({ code: '23001' });
  });
});
