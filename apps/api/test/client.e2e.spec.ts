import { createClient, ProblemError, type Client, type Session } from '#client';
import { aMember } from '../../../libs/members/src/member.factory';
import { anOrganization } from '../../../libs/organizations/src/organization.factory';
import { startApi, type LocalApi } from '../../../test/support/harness';

let api: LocalApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

async function logIn(account: { email: string; password: string }) {
  const session: Session = {};
  const client = createClient(api.url, session);
  const { email, password } = account;
  const { data } = await client.POST('/api/v1/auth/login', { body: { email, password } });
  Object.assign(session, data);
  return { client, session };
}

/** What a request that must succeed answered. */
async function dataOf<Data>(reply: Promise<{ data?: Data }>): Promise<NonNullable<Data>> {
  const { data } = await reply;
  return data!;
}

const requestOf = (response: Response) => ({ requestId: response.headers.get('X-Request-Id') ?? '' });
const problemOf = async (attempt: Promise<unknown>) => {
  const thrown: unknown = await attempt.catch((error: unknown) => error);
  expect(thrown).toBeInstanceOf(ProblemError);
  const { status, code } = thrown as ProblemError;
  return [status, code];
};
const makeMember = (client: Client) => dataOf(client.POST('/api/v1/members', { body: aMember() }));

it('serves a day in the office: look up, change, employ, grieve, export', async () => {
  const { client } = await logIn(await api.account(['staff']));
  const { id, lastName } = await makeMember(client);
  const employer = await dataOf(client.POST('/api/v1/organizations', { body: anOrganization() }));

  const found = await dataOf(client.GET('/api/v1/members', { params: { query: { q: lastName } } }));
  expect(found.items.map((item) => item.id)).toEqual([id]);

  const reason = { 'X-Access-Reason': 'Call about dues' };
  const read = await client.GET('/api/v1/members/{id}', { params: { path: { id }, header: reason } });
  await api.expectAudit(requestOf(read.response), { action: 'READ', recordId: id, reason: 'Call about dues' });

  const change = (phone: string) =>
    client.PATCH('/api/v1/members/{id}', {
      params: { path: { id }, header: { 'If-Match': read.response.headers.get('ETag') ?? '' } },
      body: { phone },
    });
  const changed = await change('555-7');
  expect(changed.data?.phone).toBe('555-7');
  await api.expectAudit(requestOf(changed.response), { action: 'UPDATE', recordId: id, changedFields: ['phone'] });
  expect(await problemOf(change('555-8'))).toEqual([412, 'record.stale-version']);

  const employment = await dataOf(
    client.POST('/api/v1/member-employments', {
      body: { memberId: id, organizationId: employer.id, startDate: '2026-03-01', hourlyRate: '52.75' },
    }),
  );
  expect(employment).toMatchObject({ isCurrent: true, hourlyRate: '52.75' });

  const grievance = await dataOf(
    client.POST('/api/v1/grievances', { body: { memberId: id, employerId: employer.id, filedDate: '2026-05-04' } }),
  );
  const step = await client.POST('/api/v1/grievances/{id}/steps', {
    params: { path: { id: grievance.id } },
    body: { meetingDate: '2026-05-20', outcome: 'advanced' },
  });
  expect([step.response.status, step.data?.stepNumber]).toEqual([201, 1]);
  await api.expectAudit(
    requestOf(step.response),
    { action: 'CREATE', tableName: 'grievance_step_records' },
    { action: 'UPDATE', tableName: 'grievances', recordId: grievance.id },
  );

  const file = await client.GET('/api/v1/members/export', {
    params: { query: { q: lastName }, header: { 'X-Access-Reason': 'Mailing' } },
    parseAs: 'text',
  });
  expect(String(file.data).split('\n')).toHaveLength(3);
  await api.expectAudit(requestOf(file.response), { action: 'EXPORT', recordIds: [id], reason: 'Mailing' });
});

it('serves a member’s visit: my record, my work, help, and who looked at me', async () => {
  const office = (await logIn(await api.account(['staff']))).client;
  const { id } = await makeMember(office);
  const employer = await dataOf(office.POST('/api/v1/organizations', { body: anOrganization() }));
  await office.POST('/api/v1/member-employments', {
    body: { memberId: id, organizationId: employer.id, startDate: '2026-03-01' },
  });
  await office.GET('/api/v1/members/{id}', {
    params: { path: { id }, header: { 'X-Access-Reason': 'Call about dues' } },
  });

  const account = await api.account(['member'], id);
  const { client } = await logIn(account);
  const me = await dataOf(client.GET('/api/v1/me'));
  expect([me.id, me.notes]).toEqual([id, undefined]);
  const changed = await client.PATCH('/api/v1/me', { body: { phone: '555-3' } });
  expect(changed.data?.phone).toBe('555-3');
  await api.expectAudit(requestOf(changed.response), { action: 'UPDATE', recordId: id, changedBy: account.id });
  expect((await dataOf(client.GET('/api/v1/me/employments'))).items).toHaveLength(1);

  const application = await dataOf(
    client.POST('/api/v1/benevolence-applications', { body: { reason: 'medical', amountRequested: '400.00' } }),
  );
  const submitted = await client.POST('/api/v1/benevolence-applications/{id}/submit', {
    params: { path: { id: application.id } },
  });
  expect(submitted.data).toMatchObject({ memberId: id, status: 'submitted' });
  await api.expectAudit(requestOf(submitted.response), { action: 'UPDATE', recordId: application.id });

  const log = await dataOf(client.GET('/api/v1/me/access-log'));
  expect(log.items.map(({ what, reason }) => [what, reason])).toEqual([
    ['changed a benevolence application of yours', null],
    ['created a benevolence application of yours', null],
    ['saw an employment of yours in a list', null],
    ['changed the record', null],
    ['looked at the record', null],
    ['looked at the record', 'Call about dues'],
    ['created an employment of yours', null],
    ['created the record', null],
  ]);
  expect(await problemOf(client.GET('/api/v1/members/export', { parseAs: 'text' }))).toEqual([403, 'access.denied']);
});

it('refreshes an access token once, however many requests wait for it, and says so when that fails', async () => {
  const { client, session } = await logIn(await api.account(['staff']));
  session.accessToken = 'run.out.already';
  const replies = await Promise.all(Array.from({ length: 5 }, () => client.GET('/api/v1/members')));
  expect(replies.map(({ response }) => response.status)).toEqual(Array(5).fill(200));
  expect(session.accessToken).not.toBe('run.out.already');
  Object.assign(session, { accessToken: 'run.out.already', refreshToken: 'nobody gave this one' });
  const [status] = await problemOf(client.GET('/api/v1/members'));
  expect(status).toBe(401);
});
