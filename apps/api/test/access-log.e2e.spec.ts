import { memberRecords } from '#members';
import { aPdf } from '../../../libs/attachments/src/attachment.factory';
import { anApplication, aReview } from '../../../libs/benevolence/src/benevolence.factory';
import { anEmployment } from '../../../libs/employments/src/member-employment.factory';
import { aGrievance, aStep } from '../../../libs/grievances/src/grievance.factory';
import { anActivity } from '../../../libs/salting/src/salting-activity.factory';
import { aStudent } from '../../../libs/students/src/student.factory';
import { upload } from '../../../test/support/files';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { made, madeEmployer, madeMember } from '../../../test/support/records';

interface Access {
  id: number;
  by: string;
  what: string;
  reason: string | null;
}

/** Tables that hang on what is a member's and are not in the member's access log, each with its reason. */
const notShown: Record<string, string> = {
  users: 'an account is no record of the member',
  registrations: 'likewise, before it is one',
  salting_activities: 'not the member’s to read, nor to know of',
  benevolence_reviews: 'what reviewers say is not the applicant’s to read',
};

let api: LocalApi;
let officer: Client;
let staff: Client;
let employer: number;
beforeAll(async () => {
  api = await startApi();
  [officer, staff] = [await api.as('officer'), await api.as('staff')];
  employer = await madeEmployer(officer);
});
afterAll(() => api.close());

async function somebody() {
  const member = await madeMember(officer);
  return { member, own: await api.somebody(['member'], member) };
}

const logOf = async (own: Client, query = '') =>
  (await own.get(`/me/access-log?limit=200${query}`)).json<{ items: Access[] }>().items;
const whats = async (own: Client) => (await logOf(own)).map(({ what }) => what);

const attach = async (recordType: string, recordId: number, fileCategory = 'general') => {
  const parts = { recordType, recordId, fileCategory };
  const reply = await upload(officer, [...Object.entries(parts), ['file', aPdf(), 'a.pdf']]);
  return reply.json<{ id: number }>().id;
};

describe('a member’s access log', () => {
  it('tells of everything that is the member’s, in plain words', async () => {
    const { member, own } = await somebody();
    const employment = await made(staff, '/member-employments', anEmployment(member, employer));
    await staff.patch(`/member-employments/${employment.id}`, { jobTitle: 'Foreman' });
    await staff.get(`/member-employments?memberId=${member}`, { 'X-Access-Reason': 'Dispatch' });
    const student = await made(staff, '/students', aStudent(member));
    await staff.get(`/students/${student.id}`);
    const application = await made(staff, '/benevolence-applications', anApplication(member));
    await staff.post(`/benevolence-applications/${application.id}/submit`);
    const grievance = await made(officer, '/grievances', aGrievance(member, employer));
    await made(officer, `/grievances/${grievance.id}/steps`, aStep({ outcome: 'denied' }));
    const file = await attach('grievance', grievance.id);
    await officer.get(`/attachments/${file}/content`);
    await staff.delete(`/member-employments/${employment.id}`);
    await officer.get(`/member-employments/${employment.id}/audit-trail`);
    const stranger = await api.as('member');
    await stranger.get(`/grievances/${grievance.id}`);

    const reply = await own.get('/me/access-log?limit=200');
    const { items } = reply.json<{ items: Access[] }>();
    expect(items.map(({ by, what, reason }) => [by.replace(/\d.*/, ''), what, reason])).toEqual([
      ['member', 'tried to reach a grievance of yours and was refused', null],
      ['officer', 'looked at an employment of yours', null],
      ['staff', 'removed an employment of yours', null],
      ['officer', 'downloaded a file of yours', null],
      ['officer', 'created a file of yours', null],
      ['officer', 'created a step of a grievance of yours', null],
      ['officer', 'created a grievance of yours', null],
      ['staff', 'changed a benevolence application of yours', null],
      ['staff', 'created a benevolence application of yours', null],
      ['staff', 'looked at your student record', null],
      ['staff', 'created your student record', null],
      ['staff', 'saw an employment of yours in a list', 'Dispatch'],
      ['staff', 'changed an employment of yours', null],
      ['staff', 'created an employment of yours', null],
      ['officer', 'created the record', null],
    ]);
    expect(reply.text).not.toMatch(/recordId|filters|Values/);
    await api.expectAudit(reply, { action: 'READ', tableName: 'members', recordId: member, notes: 'access log' });
  });

  it('tells nothing of others, not of what is not for the member to know, and of a moved record its own time', async () => {
    const [one, other] = [await somebody(), await somebody()];
    await made(officer, '/salting-activities', anActivity(one.member, employer));
    const secret = await attach('member', one.member, 'salting');
    await officer.get(`/attachments/${secret}`);
    const application = await made(staff, '/benevolence-applications', anApplication(one.member));
    await staff.post(`/benevolence-applications/${application.id}/submit`);
    const review = await made(officer, '/benevolence-reviews', aReview(application.id));
    await officer.get(`/benevolence-reviews/${review.id}`);
    const { id } = await made(staff, '/member-employments', anEmployment(one.member, employer));
    await officer.get(`/member-employments/${id}`, { 'X-Access-Reason': 'first' });
    await staff.patch(`/member-employments/${id}`, { memberId: other.member });
    await officer.get(`/member-employments/${id}`, { 'X-Access-Reason': 'second' });
    await officer.get(`/member-employments?memberId=${other.member}`);
    await staff.patch(`/member-employments/${id}`, { memberId: one.member });
    await officer.get(`/member-employments/${id}`, { 'X-Access-Reason': 'third' });
    const readings = async (own: Client) =>
      (await logOf(own)).filter(({ what }) => what.includes('employment')).map(({ what, reason }) => [what, reason]);
    expect(await readings(one.own)).toEqual([
      ['looked at an employment of yours', 'third'],
      ['changed an employment of yours', null],
      ['changed an employment of yours', null],
      ['looked at an employment of yours', 'first'],
      ['created an employment of yours', null],
    ]);
    expect(await readings(other.own)).toEqual([
      ['changed an employment of yours', null],
      ['saw an employment of yours in a list', null],
      ['looked at an employment of yours', 'second'],
      ['changed an employment of yours', null],
    ]);
    expect((await whats(one.own)).filter((what) => /file|activit|review/.test(what))).toEqual([]);
    expect((await whats(other.own)).filter((what) => what.includes('application'))).toEqual([]);
  });

  it('goes through everything page by page, each access once', async () => {
    const { member, own } = await somebody();
    for (let count = 0; count < 4; count += 1) {
      await made(staff, '/member-employments', anEmployment(member, employer));
      await staff.get(`/member-employments?memberId=${member}`);
      await staff.get(`/members/${member}`);
    }
    const whole = (await logOf(own)).map(({ id }) => id);
    const paged: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: { items: Access[]; nextCursor: string | null } = (
        await own.get(`/me/access-log?limit=3${cursor && `&cursor=${cursor}`}`)
      ).json();
      paged.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(whole).toHaveLength(13);
    expect(paged.filter((id) => whole.includes(id))).toEqual(whole);
    expect(new Set(paged).size).toBe(paged.length);
  });

  it('leaves out no table that hangs on a member, unless it says why', async () => {
    const hanging = await api.query<{ name: string }>(
      `WITH RECURSIVE hanging AS (
         SELECT 'members'::regclass AS oid UNION
         SELECT c.conrelid FROM pg_constraint c JOIN hanging h ON c.confrelid = h.oid
         WHERE c.contype = 'f' AND h.oid <> 'users'::regclass
       ) SELECT oid::regclass::text AS name FROM hanging ORDER BY 1`,
    );
    const known = [
      ...Object.keys(memberRecords).filter((name) => name !== 'file_attachments'),
      ...Object.keys(notShown),
    ];
    expect(hanging.map(({ name }) => name)).toEqual(known.sort());
  });
});
