import { anApplication, aReview } from '../../../libs/benevolence/src/benevolence.factory';
import { anEmployment } from '../../../libs/employments/src/member-employment.factory';
import { aGrievance } from '../../../libs/grievances/src/grievance.factory';
import { anActivity } from '../../../libs/salting/src/salting-activity.factory';
import { aStudent } from '../../../libs/students/src/student.factory';
import { Files } from '../../../test/support/files';
import { codeOf, startApi, type LocalApi, type Reply } from '../../../test/support/harness';
import { made, madeEmployer, madeMember } from '../../../test/support/records';

let api: LocalApi;
let officer: Awaited<ReturnType<LocalApi['as']>>;
let employer: number;
beforeAll(async () => {
  api = await startApi();
  officer = await api.as('officer');
  employer = await madeEmployer(officer);
});
afterAll(() => api.close());

const reason = 'Entered twice: maiden name.';
const merge = (id: number, into: number, more: object = {}, client = officer) =>
  client.post(`/members/${id}/merge`, { into, reason, ...more });

/** A member with something of everything. */
async function rich(): Promise<{ id: number; belongings: Record<string, number> }> {
  const id = await madeMember(officer);
  const post = async (path: string, body: object) => (await made(officer, path, body)).id;
  const account = await api.as('member', { memberId: id });
  const belongings = {
    member_employments: await post('/member-employments', anEmployment(id, employer)),
    students: await post('/students', aStudent(id)),
    grievances: await post('/grievances', aGrievance(id, employer)),
    benevolence_applications: await post('/benevolence-applications', anApplication(id)),
    salting_activities: await post('/salting-activities', anActivity(id, employer)),
    file_attachments: await new Files(api, officer, id).attached(),
    users: account.account.id,
  };
  return { id, belongings };
}

/** The entries of a request hold these; there are others. */
async function expectAmong({ requestId }: Reply, ...expected: Partial<Entry>[]): Promise<void> {
  const found = await api.entries({ requestId });
  expect(found).toEqual(expect.arrayContaining(expected.map((entry) => expect.objectContaining(entry) as Entry)));
}

async function state(): Promise<unknown> {
  const tables = ['members', 'member_employments', 'students', 'grievances', 'users', 'file_attachments'];
  const hashes = tables.map(
    (table) => `(SELECT md5(string_agg(t::text, '' ORDER BY t.id)) FROM ${table} t) AS ${table}`,
  );
  return (await api.query(`SELECT ${hashes.join(', ')}`))[0];
}

interface Report {
  moved: { table: string; ids: number[] }[];
}
type Entry = Awaited<ReturnType<LocalApi['entries']>>[number];
const movedBy = (report: Report) => Object.fromEntries(report.moved.map(({ table, ids }) => [table, ids[0]]));

describe('a member who was entered twice', () => {
  it('is tried dry, on record, and nothing is moved', async () => {
    const { id, belongings } = await rich();
    const into = await madeMember(officer);
    const before = await state();
    const reply = await merge(id, into, { dryRun: true });
    expect([reply.status, movedBy(reply.json())]).toEqual([200, belongings]);
    expect(await state()).toEqual(before);
    for (const [tableName, recordId] of Object.entries(belongings)) {
      await expectAmong(reply, { tableName, recordIds: [recordId], reason, notes: 'merge, dry run' });
    }
  });

  it('gives everything to the other one, each on record with the reason', async () => {
    const { id, belongings } = await rich();
    const into = await madeMember(officer);
    const reply = await merge(id, into);
    expect([reply.status, movedBy(reply.json())]).toEqual([200, belongings]);
    for (const [tableName, recordId] of Object.entries(belongings)) {
      await expectAmong(reply, { action: 'UPDATE', tableName, recordId, reason });
    }
    await expectAmong(reply, { action: 'DELETE', tableName: 'members', recordId: id, reason });
    expect((await officer.get(`/member-employments?memberId=${into}`)).json<{ items: object[] }>().items).toHaveLength(
      1,
    );
    expect(codeOf(await officer.get(`/members/${id}`))).toEqual([404, 'record.not-found']);
  });

  it('is found by the old number, and by that of who was merged into them before', async () => {
    const [first, second, third] = [await madeMember(officer), await madeMember(officer), await madeMember(officer)];
    const number = (await officer.get(`/members/${first}`)).json<{ memberNumber: string }>().memberNumber;
    await merge(first, second);
    await merge(second, third);
    const found = await officer.get(`/members/by-number/${number.toLowerCase()}`);
    expect(found.json()).toMatchObject({ id: third });
    await expectAmong(found, { action: 'READ', tableName: 'members', recordId: third });
    const stranger = await api.as('member', { memberId: await madeMember(officer) });
    expect((await stranger.get(`/members/by-number/${number}`)).status).toBe(404);
  });

  it('is not restored beside the other one', async () => {
    const [id, into] = [await madeMember(officer), await madeMember(officer)];
    await merge(id, into);
    const refused = await officer.post(`/members/${id}/restore`);
    expect([refused.status, refused.json()['errors']]).toEqual([
      422,
      [{ pointer: '/mergedInto', message: 'names the member who this one was merged into' }],
    ]);
  });

  it('was the person who asked: nobody decides about themselves after it', async () => {
    const [id, into] = [await madeMember(officer), await madeMember(officer)];
    const reviewer = await api.as('officer', { memberId: id });
    const application = await made(officer, '/benevolence-applications', anApplication(id));
    await officer.post(`/benevolence-applications/${application.id}/submit`);
    await api.query('UPDATE users SET member_id = NULL WHERE id = $1', [reviewer.account.id]);
    await merge(id, into);
    const again = await api.login(reviewer.account);
    expect(codeOf(await again.post('/benevolence-reviews', aReview(application.id)))).toEqual([403, 'access.denied']);
  });
});

describe('a merge is refused, and changes nothing,', () => {
  it('with the list of what both have once', async () => {
    const [one, other] = [await rich(), await rich()];
    await api.query(`UPDATE members SET date_of_birth = '1970-01-01' WHERE id = $1`, [one.id]);
    const before = await state();
    const refused = await merge(one.id, other.id);
    expect([...codeOf(refused), refused.json()['errors']]).toEqual([
      409,
      'members.conflict',
      expect.arrayContaining([
        { pointer: '/into', message: 'has another date of birth' },
        ...['students', 'users'].map((table) => ({
          pointer: '/into',
          message: `has ${table} ${other.belongings[table]}, and the other has ${one.belongings[table]}`,
        })),
      ]),
    ]);
    expect(await state()).toEqual(before);
    await expectAmong(refused, {
      tableName: 'students',
      recordIds: [Number(one.belongings.students), Number(other.belongings.students)],
    });
  });

  it.each<[string, (string | number)[], () => Promise<Reply>]>([
    ['into itself', [422, 'request.invalid'], async () => merge(1, 1)],
    ['into nobody', [422, 'reference.missing'], async () => merge(await madeMember(officer), 999_999)],
    ['of nobody', [404, 'record.not-found'], async () => merge(999_999, await madeMember(officer))],
    ['without a reason', [422, 'request.invalid'], async () => merge(1, 2, { reason: ' ' })],
    ['by staff', [403, 'access.denied'], async () => merge(1, 2, {}, await api.as('staff'))],
    [
      'by the person themselves',
      [403, 'access.denied'],
      async () => {
        const [id, into] = [await madeMember(officer), await madeMember(officer)];
        return merge(id, into, {}, await api.as('officer', { memberId: into }));
      },
    ],
  ])('%s', async (_, code, send) => {
    expect(codeOf(await send())).toEqual(code);
  });
});

it('two merges at once, each into the other, leave one member', async () => {
  const [one, other] = [await madeMember(officer), await madeMember(officer)];
  const replies = await Promise.all([merge(one, other), merge(other, one)]);
  expect(replies.map(({ status }) => status).sort()).toEqual([200, expect.any(Number)]);
  const left = await api.query('SELECT id FROM members WHERE id = ANY ($1) AND deleted_at IS NULL', [[one, other]]);
  expect(left).toHaveLength(1);
});
