import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';

let api: LocalApi;
let staff: Client;
let id: number;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
});
beforeEach(async () => {
  await api.query('DELETE FROM imports');
  await api.query('UPDATE users SET member_id = NULL WHERE member_id IS NOT NULL');
  await api.query('DELETE FROM members');
  const member = aMember({ memberNumber: 'U1', firstName: 'Rosa', phone: '555', status: 'active', city: 'Here' });
  id = (await staff.post('/members', { ...member, dateOfBirth: '1984-03-15', email: 'a@example.org' })).json<{
    id: number;
  }>().id;
});
afterAll(() => api.close());

const send = (lines: string[], { query = '', key = '' } = {}, client = staff): Promise<Reply> =>
  client.post(`/members/import?mode=upsert${query}`, lines.join('\n'), {
    'Content-Type': 'text/csv',
    ...(key && { 'Idempotency-Key': key }),
  });
const header = 'Member Number,First Name,Last Name,Classification,Phone,City';
const now = async () => (await api.query<Record<string, unknown>>('SELECT * FROM members WHERE id = $1', [id]))[0];
const actionsOf = async (reply: Reply) =>
  (await api.entries({ requestId: reply.requestId })).map(({ action, recordId }) => [action, recordId]);
const faultsOf = (reply: Reply) =>
  reply
    .json<{ errors: { pointer: string }[] }>()
    .errors.map(({ pointer }) => pointer)
    .sort();

it('changes the member who has the number, creates the others, and puts each on record as what it is', async () => {
  const before = await now();
  const reply = await send([header, 'u1,,,,777,', 'U2,Ann,New,Foreman,,']);
  expect([reply.status, reply.json()]).toEqual([
    200,
    { rowsRead: 2, rowsCreated: 1, rowsUpdated: 1, rowsRefused: 0, errors: [] },
  ]);
  const { updated_at, audit_ref, ...kept } = (await now()) ?? {};
  expect(kept).toEqual(expect.objectContaining({ ...kept, phone: '777', first_name: 'Rosa', member_number: 'U1' }));
  expect([kept['city'], kept['email'], kept['status']]).toEqual([before?.['city'], before?.['email'], 'active']);
  expect([updated_at !== before?.['updated_at'], audit_ref !== before?.['audit_ref']]).toEqual([true, true]);
  const [change] = await api.entries({ requestId: reply.requestId, action: 'UPDATE' });
  expect(change).toMatchObject({ recordId: id, changedBy: staff.account.id, route: 'members:import' });
  expect((await actionsOf(reply)).map(([action]) => action).sort()).toEqual(['BULK_READ', 'CREATE', 'UPDATE']);
});

it('of what a member has already changes nothing, and tells of the member on record', async () => {
  const before = await now();
  const reply = await send(['memberNumber,phone,dateOfBirth,status', 'U1,555,3/15/1984,Active'], {
    query: '&dateFormat=MM/DD/YYYY',
  });
  expect(reply.json()).toMatchObject({ rowsRead: 1, rowsCreated: 0, rowsUpdated: 0 });
  expect(await now()).toEqual(before);
  expect((await actionsOf(reply)).map(([action]) => action)).toEqual(['BULK_READ']);
});

it('of our own export changes nothing but what was edited in it', async () => {
  await staff.post('/members', aMember({ memberNumber: 'U7', lastName: '=1+1', notes: 'a\nb' }));
  const { text } = await staff.get('/members/export');
  expect((await send([text])).json()).toMatchObject({ rowsRead: 2, rowsUpdated: 0, rowsCreated: 0 });
  const reply = await send([text.replace(',Rosa,', ',Rose,')]);
  expect(reply.json()).toMatchObject({ rowsRead: 2, rowsUpdated: 1, rowsCreated: 0 });
  expect(await now()).toMatchObject({ first_name: 'Rose' });
});

it.each<[string, string[], string[]]>([
  ['a value that is none', ['U1,,,king,,'], ['/1/classification']],
  ['a new member without a name', ['U1,Rose,,,,', 'U3,,,Foreman,,'], ['/2/firstName', '/2/lastName']],
  ['a member twice', ['U1,Rose,,,,', 'u1,Rosie,,,,'], ['/2/memberNumber']],
  [
    'every fault of every row',
    ['U1,,,king,,', 'u1,,,queen,,'],
    ['/1/classification', '/2/classification', '/2/memberNumber'],
  ],
])('is refused as a whole for %s', async (_what, lines, faults) => {
  const before = await now();
  const reply = await send([header, 'U9,Ann,New,Foreman,,', ...lines]);
  const later = faults.map((fault) => fault.replace(/\d/, (row) => String(Number(row) + 1)));
  expect([codeOf(reply), faultsOf(reply)]).toEqual([[422, 'import.rejected'], later]);
  expect(await now()).toEqual(before);
  expect(await api.query(`SELECT FROM members WHERE member_number = 'U9'`)).toEqual([]);
});

it.each([
  ['', 'Member Number,Hire Date', 'U1,1980-01-01'],
  ['', `${header},Hire Date,Date Of Birth`, 'U4,A,B,Foreman,,,1990-01-01,1991-01-01'],
])('names the row whose dates contradict each other, in the file or with the member%s', async (_, first, line) => {
  const reply = await send([first, line]);
  expect([codeOf(reply), faultsOf(reply)]).toEqual([[422, 'import.rejected'], ['/1/hireDate']]);
});

it('does not change a removed member', async () => {
  await staff.delete(`/members/${id}`);
  const reply = await send([header, 'U1,Rose,,,,']);
  expect([codeOf(reply), faultsOf(reply)]).toEqual([[422, 'import.rejected'], ['/1/memberNumber']]);
});

it('changes nobody beyond the rights of who sends it', async () => {
  const own = await api.somebody(['staff'], id);
  await api.query(
    `UPDATE refresh_tokens SET created_at = created_at - interval '1 day', password_proved_at = NULL WHERE user_id = $1`,
    [own.account.id],
  );
  const before = await now();
  const refused = await send(['memberNumber,email', 'U1,b@example.org'], {}, own);
  expect(codeOf(refused)).toEqual([403, 'auth.password-needed']);
  expect(await now()).toEqual(before);
  expect((await send(['memberNumber,email', 'U1,a@example.org'], {}, own)).status).toBe(200);
  expect(codeOf(await send(['memberNumber,phone', 'U1,1'], {}, await api.as('member')))).toEqual([
    403,
    'access.denied',
  ]);
});

it('with an Idempotency-Key is done once, and its report is told again, on record', async () => {
  const lines = [header, 'U1,,,,777,', 'U2,Ann,New,Foreman,,'];
  const first = await send(lines, { key: 'upsert' });
  await api.query(`UPDATE members SET phone = '888' WHERE id = $1`, [id]);
  const again = await send(lines, { key: 'upsert' });
  expect([again.status, again.json()]).toEqual([200, first.json()]);
  expect(await now()).toMatchObject({ phone: '888' });
  expect((await actionsOf(again)).map(([action]) => action)).toEqual(['BULK_READ']);
  expect(codeOf(await send([...lines, 'U3,A,B,Foreman,,'], { key: 'upsert' }))).toEqual([
    422,
    'idempotency.key-reused',
  ]);
});

it.each(['all-or-nothing', 'report'])(
  'is not done in the mode %s, which tells every fault of the row',
  async (mode) => {
    const body = ['memberNumber,firstName,lastName,classification', 'U1,,B,king'].join('\n');
    const reply = await staff.post(`/members/import?mode=${mode}`, body, { 'Content-Type': 'text/csv' });
    const { errors } = reply.json<{ errors: { pointer?: string; field?: string }[] }>();
    const fields = errors.map(({ pointer, field }) => field ?? pointer?.split('/')[2]).sort();
    expect(fields).toEqual(['classification', 'firstName', 'memberNumber']);
  },
);
