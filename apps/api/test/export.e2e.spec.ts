import { parse } from 'csv-parse/sync';
import { aMember } from '../../../libs/members/src/member.factory';
import { startApi, type Client, type LocalApi, type Reply } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';

type Row = Record<string, string>;

const inAll = 2500;
let api: LocalApi;
let staff: Client;
let ids: number[];
beforeAll(async () => {
  api = await startApi();
  ids = await seedMembers(api.database, inAll);
  staff = await api.as('staff');
});
afterAll(() => api.close());

const rowsOf = (reply: Reply): Row[] => parse(reply.text, { columns: true, bom: true });

it('holds every member, as a file with a name, and its entry names each of them', async () => {
  const reply = await staff.get('/members/export?format=csv', { 'X-Access-Reason': 'Mailing' });
  expect(reply.status).toBe(200);
  expect(reply.headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': expect.stringMatching(/^attachment; filename="members-\d{4}-\d\d-\d\d\.csv"$/) as string,
    'cache-control': 'no-store',
  });
  const rows = rowsOf(reply);
  expect(rows.map(({ id }) => Number(id))).toEqual(ids);
  const fields =
    'id,memberNumber,firstName,lastName,middleName,address,city,state,zipCode,phone,email,dateOfBirth,hireDate,status,classification,notes,createdAt,updatedAt,deletedAt';
  expect(reply.text.split('\n', 1)[0]).toBe(`\ufeff${fields}`);
  expect(rows[0]).toMatchObject({
    memberNumber: 'S000001',
    lastName: 'Smith',
    email: 'member1@example.org',
    notes: 'Seeded 1',
    deletedAt: '',
  });
  await api.expectAudit(reply, {
    action: 'EXPORT',
    tableName: 'members',
    recordIds: ids,
    route: 'members:export',
    reason: 'Mailing',
  });
});

it('leaves removed members out', async () => {
  const { id } = (await staff.post('/members', aMember())).json<{ id: number }>();
  await staff.delete(`/members/${id}`);
  const reply = await staff.get('/members/export');
  expect(rowsOf(reply)).toHaveLength(inAll);
  expect((await staff.get('/members/export?deleted=include')).status).toBe(422);
});

it.each([
  'status=retired',
  'classification=foreman',
  'status=active&classification=retiree',
  'q=delg',
  'q=rosa%20d',
  'q=s00012',
  'q=nobody',
  'q=elgad',
  'q=00042&status=active',
])('holds whom the list shows for %s', async (query) => {
  const listed: number[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: { items: { id: number }[]; nextCursor: string | null } = (
      await staff.get(`/members?limit=200&${query}${cursor && `&cursor=${cursor}`}`)
    ).json();
    listed.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  const reply = await staff.get(`/members/export?${query}`);
  const exported = rowsOf(reply).map(({ id }) => Number(id));
  expect(exported).toEqual(listed.sort((a, b) => a - b));
  await api.expectAudit(reply, { action: 'EXPORT', recordIds: exported });
});

it('writes what a spreadsheet would calculate as plain text, and the rest as it is', async () => {
  const texts = ['=1+1', '+1', '-1', '@SUM(A1)', '\u00e9, "quoted"', 'a=b', '＝1+1'];
  for (const address of texts) await staff.post('/members', aMember({ lastName: 'Formula', address }));
  const reply = await staff.get('/members/export?q=formula');
  expect(rowsOf(reply).map(({ address }) => address)).toEqual([
    `'=1+1`,
    `'+1`,
    `'-1`,
    `'@SUM(A1)`,
    '\u00e9, "quoted"',
    'a=b',
    `'＝1+1`,
  ]);
  await api.query(`DELETE FROM members WHERE last_name = 'Formula'`);
});

it('is on record before its first byte, for exactly whom it was going to hold, when it breaks off', async () => {
  const message = await staff.open('GET', '/members/export');
  const [entry] = await api.entries({ requestId: String(message.headers['x-request-id']) });
  expect(entry).toMatchObject({ action: 'EXPORT', recordIds: ids });
  message.destroy();
  expect((await staff.get('/members?limit=1')).status).toBe(200);
});

it('answers HEAD without the file, as a reading of all of it', async () => {
  const reply = await staff.head('/members/export?classification=foreman');
  expect([reply.status, reply.text, reply.headers['content-type']]).toEqual([200, '', 'text/csv; charset=utf-8']);
  const [entry] = await api.entries({ requestId: reply.requestId });
  expect(entry).toMatchObject({ action: 'EXPORT' });
  expect(entry?.recordIds).toHaveLength(inAll / 5);
});

it.each(['organizer', 'instructor', 'member'] as const)('is refused to %s', async (role) => {
  const reply = await (await api.as(role)).get('/members/export');
  expect(reply.status).toBe(403);
  await api.expectAudit(reply, { action: 'ACCESS_DENIED', route: 'members:export' });
});
