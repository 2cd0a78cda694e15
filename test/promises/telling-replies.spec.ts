import { anEmployment } from '../../libs/employments/src/member-employment.factory';
import { aContact } from '../../libs/organizations/src/organization.factory';
import { aMember } from '../../libs/members/src/member.factory';
import { codeOf, startApi, type Client, type LocalApi, type Reply } from '../support/harness';
import { made, madeEmployer, madeMember } from '../support/records';

/** Replies that tell of records without showing one: counts, dry runs, reports of imports. */
const why = { 'X-Access-Reason': 'Quarterly check' };
let api: LocalApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi({ config: { ACCESS_REASON_REQUIRED: ['admin'] } });
  admin = await api.as('admin');
});
afterAll(() => api.close());

/** What the entries of a request say was told, as "table:id". */
async function toldBy({ requestId }: Reply): Promise<string[]> {
  const entries = await api.entries({ requestId });
  const reads = entries.filter(({ action }) => action === 'READ' || action === 'BULK_READ');
  return reads
    .flatMap(({ tableName, recordId, recordIds }) => (recordIds ?? [recordId]).map((id) => `${tableName}:${id}`))
    .sort();
}

describe('an import', () => {
  const header = 'memberNumber,firstName,lastName,classification';
  const csv = { 'Content-Type': 'text/csv' };
  const send = (path: string, lines: string[], headers = {}) =>
    admin.post(`/members/import${path}`, [header, ...lines].join('\n'), { ...csv, ...headers });
  const count = async () => (await api.query<{ count: number }>('SELECT count(*)::integer AS count FROM members'))[0];
  const taken = async () => {
    const members = [await made(admin, '/members', aMember()), await made(admin, '/members', aMember())];
    const lines = members.map(({ memberNumber }) => `${String(memberNumber)},Rosa,Delgado,foreman`);
    return { lines, told: members.map(({ id }) => `members:${id}`) };
  };

  it.each([
    ['', 422],
    ['?mode=report', 200],
  ])('names the members whose numbers the file has: %s', async (path, status) => {
    const { lines, told } = await taken();
    const reply = await send(path, [...lines, `N${status},Ann,New,foreman`], why);
    expect([reply.status, await toldBy(reply)]).toEqual([status, told]);
  });

  it.each(['', '?mode=report'])('creates nothing and tells nothing without a reason: %s', async (path) => {
    const { lines } = await taken();
    const before = await count();
    const reply = await send(path, [...lines, 'N1,Ann,New,foreman']);
    expect(codeOf(reply)).toEqual([428, 'access.reason-required']);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', tableName: 'members' });
    expect(await count()).toEqual(before);
  });

  it('that meets no member needs no reason', async () => {
    const reply = await send('', ['N2,Ann,New,foreman']);
    expect([reply.status, await toldBy(reply)]).toEqual([200, []]);
  });

  it('names them again when its report is sent again', async () => {
    const { lines, told } = await taken();
    const key = { 'Idempotency-Key': 'twice' };
    const first = await send('?mode=report', lines, { ...key, ...why });
    const again = await send('?mode=report', lines, { ...key, ...why });
    expect([again.text, await toldBy(again)]).toEqual([first.text, told]);
    expect((await send('?mode=report', lines, key)).status).toBe(428);
  });
});

describe('an integrity check', () => {
  it.each([true, false])('and a repair name every record that they count; dry run: %s', async (dryRun) => {
    const member = await madeMember(admin);
    const organization = await madeEmployer(admin);
    await made(admin, '/organization-contacts', aContact(organization));
    await made(admin, '/member-employments', anEmployment(member, organization, { hourlyRate: '5.00' }));
    const check = await admin.post('/integrity/check', undefined, why);
    const { issues } = check.json<{ issues: { table: string; id: number }[] }>();
    const found = [...new Set(issues.map(({ table, id }) => `${table}:${id}`))].sort();
    expect(found.length).toBeGreaterThan(1);
    expect(await toldBy(check)).toEqual(found);
    const repair = await admin.post('/integrity/repair', { dryRun }, why);
    expect([repair.status, await toldBy(repair)]).toEqual([200, found]);
    for (const path of ['check', 'repair']) {
      const refused = await admin.post(`/integrity/${path}`, path === 'repair' ? { dryRun } : undefined);
      expect([path, ...codeOf(refused)]).toEqual([path, 428, 'access.reason-required']);
    }
  });
});

it('a dry run of the archive is on record', async () => {
  expect(codeOf(await admin.post('/archives/run', { dryRun: true }))).toEqual([428, 'access.reason-required']);
  const reply = await admin.post('/archives/run', { dryRun: true }, why);
  expect(reply.status).toBe(200);
  await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'audit_logs', notes: 'archive run' });
});

it('a report names the members whom it counts by a column of theirs', async () => {
  const organization = await madeEmployer(admin);
  const member = (await made(admin, '/members', aMember({ classification: 'apprentice_1' }))).id;
  const employment = (await made(admin, '/member-employments', anEmployment(member, organization))).id;
  const reply = await admin.get('/reports/employment-by-employer', why);
  expect(reply.json<{ items: { apprentices: number }[] }>().items.some(({ apprentices }) => apprentices === 1)).toBe(
    true,
  );
  const told = [`members:${member}`, `member_employments:${employment}`, `organizations:${organization}`];
  expect(await toldBy(reply)).toEqual(expect.arrayContaining(told));
});
