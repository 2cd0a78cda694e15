import { getMetadataArgsStorage } from 'typeorm';
import { entities } from '#app';
import { explanationOf } from '#platform/database';
import { anEmployment } from '../../../libs/employments/src/member-employment.factory';
import { aGrievance, aStep } from '../../../libs/grievances/src/grievance.factory';
import { aMember } from '../../../libs/members/src/member.factory';
import { aContact } from '../../../libs/organizations/src/organization.factory';
import { anActivity } from '../../../libs/salting/src/salting-activity.factory';
import { aStudent } from '../../../libs/students/src/student.factory';
import { startApi, type Client, type LocalApi, type Reply } from '../../../test/support/harness';
import { made, madeEmployer, madeMember } from '../../../test/support/records';

let api: LocalApi;
let officer: Client;
let member: number;
let employer: number;
beforeAll(async () => {
  api = await startApi();
  officer = await api.as('admin');
  member = await madeMember(officer);
  employer = await madeEmployer(officer);
});
afterAll(() => api.close());

type Fault = [status: number, pointer: string, message: string];
const faultOf = (reply: Reply) => {
  const [error] = reply.json<{ errors?: { pointer: string; message: string }[] }>().errors ?? [];
  return [reply.status, error?.pointer, error?.message];
};
const grievance = (facts: Parameters<typeof aGrievance>[2] = {}) => aGrievance(member, employer, facts);
const changed = async (path: string, body: object, patch: object) => {
  const { id } = await made(officer, path, body);
  const { headers } = await officer.get(`${path}/${id}`);
  return officer.patch(`${path}/${id}`, patch, { 'If-Match': headers.etag });
};
const step = async (...meetings: string[]) => {
  const { id } = await made(officer, '/grievances', grievance({ filedDate: '2026-05-04' }));
  let reply: Reply | undefined;
  for (const meetingDate of meetings) reply = await officer.post(`/grievances/${id}/steps`, aStep({ meetingDate }));
  return reply as Reply;
};

const young = { dateOfBirth: '1990-06-01' };
const lateHire: Fault = [422, '/hireDate', 'must be after dateOfBirth'];
const lateMeeting: Fault = [422, '/meetingDate', 'must not be before the last step'];

it.each<[string, Fault, () => Promise<Reply>]>([
  [
    'a birth to come',
    [422, '/dateOfBirth', 'must not be in the future'],
    () => officer.post('/members', aMember({ dateOfBirth: '2150-01-01' })),
  ],
  [
    'a hiring before the birth',
    lateHire,
    () => officer.post('/members', aMember({ ...young, hireDate: '1989-01-01' })),
  ],
  [
    'a hiring on the day of birth',
    lateHire,
    () => officer.post('/members', aMember({ ...young, hireDate: '1990-06-01' })),
  ],
  [
    'a birth moved behind the hiring',
    lateHire,
    () => changed('/members', aMember({ ...young, hireDate: '2010-01-01' }), { dateOfBirth: '2011-01-01' }),
  ],
  [
    'an end before its start',
    [422, '/endDate', 'must not be before startDate'],
    () =>
      officer.post(
        '/member-employments',
        anEmployment(member, employer, { startDate: '2026-02-01', endDate: '2026-01-31', isCurrent: false }),
      ),
  ],
  [
    'an incident after its filing',
    [422, '/incidentDate', 'must not be after filedDate'],
    () => officer.post('/grievances', grievance({ filedDate: '2026-05-04', incidentDate: '2026-05-05' })),
  ],
  [
    'a filing moved before the incident',
    [422, '/incidentDate', 'must not be after filedDate'],
    () =>
      changed('/grievances', grievance({ filedDate: '2026-05-04', incidentDate: '2026-05-01' }), {
        filedDate: '2026-04-30',
      }),
  ],
  [
    'a first meeting before the filing',
    [422, '/meetingDate', 'must not be before the filing'],
    () => step('2026-05-03'),
  ],
  ['a second meeting before the first', lateMeeting, () => step('2026-05-20', '2026-05-19')],
  [
    'more cards than workers',
    [422, '/cardsSigned', 'must not be more than workersContacted'],
    () => officer.post('/salting-activities', anActivity(member, employer, { workersContacted: 2, cardsSigned: 3 })),
  ],
  [
    'a completion before the enrolment',
    [422, '/actualCompletionDate', 'must not be before enrollmentDate or applicationDate'],
    () =>
      officer.post('/students', aStudent(member, { enrollmentDate: '2026-02-01', actualCompletionDate: '2026-01-31' })),
  ],
])('%s is refused at its field, in words', async (_, fault, send) => {
  expect(faultOf(await send())).toEqual(fault);
});

it('meetings may be on the day of filing, and on one day', async () => {
  expect((await step('2026-05-04', '2026-05-04')).status).toBe(201);
});

it('a contact that was the primary one is told who stands in the way', async () => {
  const organization = await madeEmployer(officer);
  const first = await made(officer, '/organization-contacts', aContact(organization, { isPrimary: true }));
  const { headers } = await officer.get(`/organization-contacts/${first.id}`);
  await officer.delete(`/organization-contacts/${first.id}`, { 'If-Match': headers.etag });
  await made(officer, '/organization-contacts', aContact(organization, { isPrimary: true }));
  const refused = await officer.post(`/organization-contacts/${first.id}/restore`);
  expect(faultOf(refused)).toEqual([409, '/isPrimary', 'must be false: the organization has another primary contact']);
});

/** Rules that no request can break: the service decides these columns, or the schema of the request has the same rule. */
const within =
  /\bIN \(|^\w+ (?:[<>]=? 0|BETWEEN \d+ AND \d+|~ '.*')$|^email = lower\(email\)$|num_n|record_id IS NULL|mfa_|opened_by|^month|through_|destroyed/;

it('every rule that relates fields of a record has words', () => {
  const checks = getMetadataArgsStorage().checks.filter(({ target }) => entities.includes(target as never));
  const silent = checks.filter(({ name, expression }) => !within.test(expression) && !explanationOf(name));
  expect(checks.length).toBeGreaterThan(30);
  expect(silent.map(({ name }) => name)).toEqual([]);
});
