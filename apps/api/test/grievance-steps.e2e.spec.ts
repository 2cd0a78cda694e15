import { aGrievance, aStep } from '../../../libs/grievances/src/grievance.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { inParallel } from '../../../test/support/load';
import { listed, made, madeEmployer, madeMember } from '../../../test/support/records';

let api: LocalApi;
let officer: Client;
let staff: Client;
let member: number;
let employer: number;
beforeAll(async () => {
  api = await startApi();
  officer = await api.as('officer');
  staff = await api.as('staff');
  member = await madeMember(officer);
  employer = await madeEmployer(officer);
});
afterAll(() => api.close());

type Outcome = 'denied' | 'settled' | 'advanced';
const outcomes: Outcome[] = ['denied', 'settled', 'advanced'];
const statuses = ['open', 'investigation', 'hearing'] as const;
const meetings = ['2026-05-20', '2026-05-27', '2026-06-03', '2026-06-10'];
const notAllowed = [409, 'workflow.not-allowed'];

/** A grievance in which these outcomes were recorded, one after the other. */
async function grievanceAfter(recorded: Outcome[], status: (typeof statuses)[number] = 'open') {
  const { id } = await made(officer, '/grievances', aGrievance(member, employer));
  await officer.patch(`/grievances/${id}`, { status });
  const paths: string[] = [];
  for (const [index, outcome] of recorded.entries()) {
    const step = await made(officer, `/grievances/${id}/steps`, aStep({ outcome, meetingDate: meetings[index] }));
    paths.push(`/grievances/${id}/steps/${step.id}`);
  }
  return { id, paths, last: paths.at(-1) ?? '' };
}
async function standing(id: number) {
  const { status, currentStep, resolutionDate } = (await officer.get(`/grievances/${id}`)).json();
  return { status, currentStep, resolutionDate };
}

/** The history before the last step, for each step that can be the last. */
const histories: Outcome[][] = [[], ['advanced'], ['denied'], ['advanced', 'advanced'], ['advanced', 'denied']];
histories.push(['advanced', 'advanced', 'advanced'], ['denied', 'denied', 'denied']);
const lasts = histories.flatMap((before) =>
  outcomes
    .filter((outcome) => before.length < 3 || outcome !== 'advanced')
    .flatMap((outcome, index) => [[before, outcome, statuses[index % 3]] as const]),
);

describe.each(lasts)('after %j, a last step that was %s while it stood %s', (before, outcome, status) => {
  it('is struck, which moves the grievance back, and can then be recorded again', async () => {
    const expected = await standing((await grievanceAfter([...before], status)).id);
    const { id, last } = await grievanceAfter([...before, outcome], status);
    const isMoved = JSON.stringify(await standing(id)) !== JSON.stringify(expected);
    const reply = await officer.delete(last);
    expect([reply.status, await standing(id)]).toEqual([204, expected]);
    await api.expectAudit(reply, ...(isMoved ? [{ action: 'UPDATE', tableName: 'grievances', recordId: id }] : []), {
      action: 'DELETE',
      tableName: 'grievance_step_records',
      recordId: Number(last.split('/').at(-1)),
    });
    expect(await listed(officer, `/grievances/${id}/steps`)).toHaveLength(before.length);
    expect((await officer.get(last)).status).toBe(404);
    expect((await officer.delete(last)).status).toBe(404);
    const again = await officer.post(`/grievances/${id}/steps`, aStep({ outcome, meetingDate: '2026-06-30' }));
    expect([again.status, again.json()['stepNumber']]).toEqual([201, before.length + 1]);
  });

  it.each(outcomes)('is corrected to %s, and stands as if it had been recorded so', async (other) => {
    const { id, last } = await grievanceAfter([...before, outcome], status);
    const reply = await officer.patch(last, { outcome: other });
    if (other === 'advanced' && before.length === 3) {
      expect(codeOf(reply)).toEqual(notAllowed);
      return;
    }
    const twin = await grievanceAfter([...before, other], status);
    expect([reply.status, reply.json()['outcome']]).toEqual([200, other]);
    expect(await standing(id)).toEqual(await standing(twin.id));
  });
});

describe('a step', () => {
  it.each<[string, Outcome[], object]>([
    ['the filing', ['denied'], { meetingDate: '2026-05-03' }],
    ['the step before', ['advanced', 'denied'], { meetingDate: '2026-05-19' }],
  ])('is not corrected to a meeting before %s', async (_what, recorded, patch) => {
    const { last } = await grievanceAfter(recorded);
    const reply = await officer.patch(last, patch);
    expect([reply.status, reply.json<{ errors: object[] }>().errors]).toEqual([
      422,
      [expect.objectContaining({ pointer: '/meetingDate' })],
    ]);
  });

  it('takes the other facts of its meeting, and the day of a settlement goes with it', async () => {
    const { id, last } = await grievanceAfter(['advanced', 'settled']);
    const facts = {
      unionAttendees: 'Rosa Delgado',
      employerAttendees: null,
      meetingDate: '2026-05-28',
      notes: 'Late.',
    };
    const reply = await officer.patch(last, facts);
    expect([reply.status, reply.json()]).toEqual([200, expect.objectContaining(facts)]);
    expect(await standing(id)).toEqual({ status: 'settled', currentStep: 'step_2', resolutionDate: '2026-05-28' });
    expect((await officer.patch(last, { stepNumber: 1 })).status).toBe(422);
  });

  it('that another one followed stays as it is', async () => {
    const { paths } = await grievanceAfter(['advanced', 'denied']);
    expect(codeOf(await officer.patch(paths[0] ?? '', { outcome: 'denied' }))).toEqual(notAllowed);
    expect(codeOf(await officer.delete(paths[0] ?? ''))).toEqual(notAllowed);
  });

  it.each([
    ['denied', 'settle'],
    ['denied', 'withdraw'],
    ['advanced', 'close'],
    ['settled', 'close'],
  ] as const)('that was %s stays as it is after: %s', async (outcome, verb) => {
    const { id, last } = await grievanceAfter([outcome]);
    expect((await officer.post(`/grievances/${id}/${verb}`, { resolution: 'Paid.' })).status).toBe(200);
    const ended = await standing(id);
    expect(codeOf(await officer.patch(last, { outcome: 'denied' }))).toEqual(notAllowed);
    expect(codeOf(await officer.delete(last))).toEqual(notAllowed);
    expect(await standing(id)).toEqual(ended);
  });

  it('is changed by those who record, and a settlement by those who decide', async () => {
    const denied = await grievanceAfter(['denied']);
    expect(codeOf(await staff.patch(denied.last, { outcome: 'settled' }))).toEqual([403, 'access.denied']);
    expect((await staff.patch(denied.last, { outcome: 'advanced' })).status).toBe(200);
    expect((await staff.delete(denied.last)).status).toBe(204);
    const settled = await grievanceAfter(['settled']);
    expect(codeOf(await staff.patch(settled.last, { outcome: 'denied' }))).toEqual([403, 'access.denied']);
    expect(codeOf(await staff.delete(settled.last))).toEqual([403, 'access.denied']);
    const own = await api.as('member', { memberId: member });
    expect((await own.delete(settled.last)).status).toBe(403);
    expect((await standing(settled.id)).status).toBe('settled');
  });

  it('is changed in its own grievance, and as it was read', async () => {
    const [{ id, last }, other] = [await grievanceAfter(['denied']), await grievanceAfter([])];
    const elsewhere = last.replace(`/${id}/`, `/${other.id}/`);
    expect((await officer.patch(elsewhere, { outcome: 'advanced' })).status).toBe(404);
    expect((await officer.delete(elsewhere)).status).toBe(404);
    const { headers } = await officer.get(last);
    await officer.patch(last, { notes: 'Read by somebody else since.' });
    const stale = { 'If-Match': String(headers.etag) };
    expect(codeOf(await officer.patch(last, { outcome: 'advanced' }, stale))).toEqual([412, 'record.stale-version']);
    expect(codeOf(await officer.delete(last, stale))).toEqual([412, 'record.stale-version']);
    expect(await standing(id)).toMatchObject({ status: 'open', currentStep: 'step_1' });
  });

  it('that is struck is seen by those who see what is removed, and by nobody else', async () => {
    const { id, last } = await grievanceAfter(['denied']);
    await officer.delete(last);
    const removed = await officer.get(`/grievances/${id}/steps?deleted=only`);
    expect(removed.json()['items']).toEqual([
      expect.objectContaining({ outcome: 'denied', deletedAt: expect.any(String) }),
    ]);
    const own = await api.as('member', { memberId: member });
    expect(await listed(own, `/grievances/${id}/steps`)).toEqual([]);
  });

  it('is struck once, whoever is first, while others record the next', async () => {
    const { id, last } = await grievanceAfter(['denied']);
    const replies = await inParallel(8, 8, (index) =>
      index % 2 ? officer.delete(last) : officer.post(`/grievances/${id}/steps`, aStep({ stepNumber: 2 })),
    );
    const done = replies.filter(({ status }) => status === 204 || status === 201);
    expect(done).toHaveLength(1);
  });
});
