import { aGrievance, aStep } from '../../../libs/grievances/src/grievance.factory';
import { anOrganization } from '../../../libs/organizations/src/organization.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { inParallel } from '../../../test/support/load';
import { listed, made, madeEmployer, madeMember } from '../../../test/support/records';

let api: LocalApi;
let officer: Client;
let member: number;
let employer: number;
beforeAll(async () => {
  api = await startApi();
  officer = await api.as('officer');
  member = await madeMember(officer);
  employer = await madeEmployer(officer);
});
afterAll(() => api.close());

interface Grievance {
  id: number;
  grievanceNumber: string;
  status: string;
  currentStep: string;
  [field: string]: unknown;
}
const grievance = (overrides: Parameters<typeof aGrievance>[2] = {}) =>
  made<Grievance>(officer, '/grievances', aGrievance(member, employer, overrides));
const standing = async (id: number) => {
  const { status, currentStep } = (await officer.get(`/grievances/${id}`)).json<Grievance>();
  return [status, currentStep];
};
const step = (id: number, overrides: object = {}) =>
  officer.post(`/grievances/${id}/steps`, { ...aStep(), ...overrides });
const facts = { resolution: 'Eight hours were paid.', settlementAmount: '416.00' };

describe('grievance numbers', () => {
  it('count the grievances of a year without gaps or doubles, with twelve at once and refused ones between', async () => {
    const year = '2031';
    const replies = await inParallel(40, 12, (index) =>
      officer.post(
        '/grievances',
        aGrievance(member, employer, {
          filedDate: `${year}-05-04`,
          // Every other one is rolled back.
          incidentDate: index % 2 ? '2031-05-05' : null,
          assignedRepId: index % 4 === 3 ? 2147483647 : null,
        }),
      ),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map((_, index) => (index % 2 ? 422 : 201)));
    const numbers = replies.filter(({ status }) => status === 201).map((reply) => reply.json()['grievanceNumber']);
    const expected = Array.from({ length: 20 }, (_, index) => `GR-${year}-${String(index + 1).padStart(4, '0')}`);
    expect(numbers.sort()).toEqual(expected);
  });

  it('begin again with each year, and are not given again after a removal', async () => {
    const last = await grievance({ filedDate: '2032-12-31' });
    const first = await grievance({ filedDate: '2033-01-01' });
    expect([last.grievanceNumber, first.grievanceNumber]).toEqual(['GR-2032-0001', 'GR-2033-0001']);
    await officer.delete(`/grievances/${first.id}`);
    expect((await grievance({ filedDate: '2033-06-01' })).grievanceNumber).toBe('GR-2033-0002');
  });

  it('find their grievance, for those it is for', async () => {
    const { id, grievanceNumber } = await grievance();
    const reply = await officer.get(`/grievances/by-number/${grievanceNumber}`);
    expect(reply.json()).toMatchObject({ id });
    await api.expectAudit(reply, { action: 'READ', tableName: 'grievances', recordId: id });
    const other = await (await api.as('member')).get(`/grievances/by-number/${grievanceNumber}`);
    expect(codeOf(other)).toEqual([404, 'record.not-found']);
    expect((await officer.patch(`/grievances/${id}`, { grievanceNumber: 'GR-2026-9999' })).status).toBe(422);
  });
});

describe('a grievance', () => {
  it('is against an employer', async () => {
    const union = (await made(officer, '/organizations', anOrganization({ orgType: 'union' }))).id;
    const reply = await officer.post('/grievances', aGrievance(member, union));
    expect(codeOf(reply)).toEqual([422, 'request.invalid']);
    expect(reply.json()['errors']).toEqual([
      { pointer: '/employerId', message: 'names an organization of type union, not an employer' },
    ]);
    const { id } = await grievance();
    expect((await officer.patch(`/grievances/${id}`, { employerId: union })).status).toBe(422);
  });

  it('goes through four steps, each moving it', async () => {
    const { id } = await grievance();
    expect(await standing(id)).toEqual(['open', 'step_1']);
    const expected = [
      ['open', 'step_2'],
      ['open', 'step_3'],
      ['arbitration', 'arbitration'],
    ];
    for (const [index, reached] of expected.entries()) {
      const reply = await step(id);
      const { id: stepId } = reply.json<{ id: number }>();
      expect([reply.status, reply.json()['stepNumber'], await standing(id)]).toEqual([201, index + 1, reached]);
      await api.expectAudit(
        reply,
        { action: 'CREATE', tableName: 'grievance_step_records', recordId: stepId },
        { action: 'UPDATE', tableName: 'grievances', recordId: id },
      );
    }
    const stuck = await officer.patch(`/grievances/${id}`, { status: 'open' });
    expect(codeOf(stuck)).toEqual([409, 'workflow.not-allowed']);
    expect(codeOf(await step(id, { outcome: 'advanced' }))).toEqual([409, 'workflow.not-allowed']);
    expect((await step(id, { outcome: 'denied' })).status).toBe(201);
    expect(codeOf(await step(id, { outcome: 'denied' }))).toEqual([409, 'workflow.not-allowed']);
    expect(await listed(officer, `/grievances/${id}/steps`, 1)).toHaveLength(4);
  });

  it.each([0, 1, 2, 3])('is settled by a step after %s others, and takes no more', async (before) => {
    const { id } = await grievance();
    for (let count = 0; count < before; count += 1) await step(id);
    expect((await step(id, { outcome: 'settled' })).status).toBe(201);
    expect((await officer.get(`/grievances/${id}`)).json()).toMatchObject({
      status: 'settled',
      resolutionDate: '2026-05-20',
    });
    const refused = await step(id);
    expect([...codeOf(refused), refused.json()['detail']]).toEqual([
      409,
      'workflow.not-allowed',
      'A grievance that was settled can be closed, nothing else.',
    ]);
    await api.expectAudit(refused, { action: 'READ', tableName: 'grievances', recordId: id });
  });

  it('takes its steps in their order, each once, whoever is first', async () => {
    const { id } = await grievance();
    expect(codeOf(await step(id, { stepNumber: 2 }))).toEqual([409, 'workflow.not-allowed']);
    const replies = await inParallel(10, 10, () => step(id, { stepNumber: 1, outcome: 'denied' }));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    expect(await standing(id)).toEqual(['open', 'step_1']);
    expect(await listed(officer, `/grievances/${id}/steps`)).toHaveLength(1);
  });

  it('keeps a step once under one idempotency key, even when it ended the grievance', async () => {
    const { id } = await grievance();
    const body = aStep({ outcome: 'settled' });
    const replies = [];
    for (let count = 0; count < 3; count += 1) {
      replies.push(await officer.post(`/grievances/${id}/steps`, body, { 'Idempotency-Key': 'step' }));
    }
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(new Set(replies.map((reply) => reply.json()['id'])).size).toBe(1);
  });

  const endings = [
    ['settle', 'settled'],
    ['withdraw', 'withdrawn'],
    ['close', 'closed'],
  ] as const;
  it.each(endings)('can %s, with the facts, and then only be closed', async (verb, status) => {
    const { id } = await grievance();
    const reply = await officer.post(`/grievances/${id}/${verb}`, { ...facts, resolutionDate: '2026-07-01' });
    expect(reply.json()).toMatchObject({ id, status, ...facts, resolutionDate: '2026-07-01' });
    await api.expectAudit(reply, { action: 'UPDATE', tableName: 'grievances', recordId: id });
    for (const [other] of endings) {
      if (other === 'close' && verb !== 'close') continue;
      expect(codeOf(await officer.post(`/grievances/${id}/${other}`, facts))).toEqual([409, 'workflow.not-allowed']);
    }
    expect(codeOf(await step(id))).toEqual([409, 'workflow.not-allowed']);
    expect(codeOf(await officer.patch(`/grievances/${id}`, { status: 'open' }))).toEqual([409, 'workflow.not-allowed']);
    expect((await officer.patch(`/grievances/${id}`, { notes: 'Filed away.' })).status).toBe(200);
    if (verb !== 'close') expect((await officer.post(`/grievances/${id}/close`, facts)).status).toBe(200);
  });

  it('that ended keeps how it ended when it is closed, and takes what was not known yet', async () => {
    const { id } = await grievance();
    const settlement = {
      resolution: 'Eight hours were paid.',
      settlementAmount: '416.00',
      resolutionDate: '2026-07-01',
    };
    const close = (body: object) => officer.post(`/grievances/${id}/close`, body);
    await officer.post(`/grievances/${id}/settle`, settlement);
    for (const other of [{ resolution: 'Done.' }, { settlementAmount: '1' }, { resolutionDate: '2026-07-02' }]) {
      const refused = await close(other);
      expect([...codeOf(refused), refused.json()['detail']]).toEqual([
        409,
        'workflow.not-allowed',
        `How a settled grievance ended stays on record; close it without ${Object.keys(other).join()}.`,
      ]);
    }
    const closed = await close({ settlementAmount: '416' });
    expect(closed.json()).toMatchObject({ status: 'closed', ...settlement });
    await api.expectAudit(closed, { action: 'UPDATE', recordId: id, changedFields: ['status'] });
    expect((await close({})).json()['detail']).toBe('A closed grievance is final.');

    const byStep = (await grievance()).id;
    await step(byStep, { outcome: 'settled' });
    const filed = await officer.post(`/grievances/${byStep}/close`, {
      resolution: 'They paid.',
      settlementAmount: '5.00',
    });
    expect(filed.json()).toMatchObject({
      resolution: 'They paid.',
      settlementAmount: '5.00',
      resolutionDate: '2026-05-20',
    });
  });

  it('that goes on is not closed without saying how it ended', async () => {
    const { id } = await grievance();
    const refused = await officer.post(`/grievances/${id}/close`, {});
    expect(codeOf(refused)).toEqual([422, 'request.invalid']);
    expect(await standing(id)).toEqual(['open', 'step_1']);
  });

  it('is not settled by those who may not decide, by whatever way', async () => {
    const { id } = await grievance();
    const clerk = await api.as('staff');
    expect((await clerk.post(`/grievances/${id}/steps`, aStep({ outcome: 'advanced' }))).status).toBe(201);
    const refused = await clerk.post(`/grievances/${id}/steps`, aStep({ outcome: 'settled' }));
    expect(codeOf(refused)).toEqual([403, 'access.denied']);
    await api.expectAudit(refused, {
      action: 'ACCESS_DENIED',
      tableName: 'grievances',
      recordId: id,
      route: 'grievances:record-step',
    });
    expect(await standing(id)).toEqual(['open', 'step_2']);
    expect((await step(id, { outcome: 'settled' })).status).toBe(201);
  });

  it('shows a step by its own address, in the grievance it belongs to and no other', async () => {
    const [{ id }, other] = [await grievance(), await grievance()];
    const created = await step(id);
    const location = String(created.headers.location);
    const reply = await officer.get(location);
    expect([reply.status, reply.json()]).toEqual([200, created.json()]);
    await api.expectAudit(reply, {
      action: 'READ',
      tableName: 'grievance_step_records',
      recordId: Number(reply.json()['id']),
    });
    const elsewhere = await officer.get(location.replace(`/${id}/`, `/${other.id}/`));
    expect(codeOf(elsewhere)).toEqual([404, 'record.not-found']);
    const stranger = await (await api.as('member')).get(location);
    expect(codeOf(stranger)).toEqual([404, 'record.not-found']);
    await api.expectAudit(stranger, { action: 'ACCESS_DENIED' });
  });

  it('is not settled by a change of its fields', async () => {
    const { id } = await grievance();
    for (const status of ['settled', 'withdrawn', 'closed', 'arbitration']) {
      expect((await officer.patch(`/grievances/${id}`, { status })).status).toBe(422);
    }
    expect((await officer.patch(`/grievances/${id}`, { settlementAmount: '1' })).status).toBe(422);
    expect((await officer.post(`/grievances/${id}/settle`, { ...facts, settlementAmount: '-1' })).status).toBe(422);
    expect((await officer.post(`/grievances/${id}/settle`, {})).status).toBe(422);
    expect(await standing(id)).toEqual(['open', 'step_1']);
  });

  it('is for officers to end, and for its member to read without the notes of the office', async () => {
    const { id } = await grievance();
    await step(id, { notes: 'They were nervous.' });
    for (const [verb] of endings) {
      const refused = await (await api.as('staff')).post(`/grievances/${id}/${verb}`, facts);
      expect(codeOf(refused)).toEqual([403, 'access.denied']);
      await api.expectAudit(refused, { action: 'ACCESS_DENIED', route: `grievances:${verb}` });
    }
    const own = await api.as('member', { memberId: member });
    for (const path of [`/grievances/${id}`, `/grievances/${id}/steps`, '/me/grievances']) {
      const reply = await own.get(path);
      expect([path, reply.status, reply.text.includes('"notes"')]).toEqual([path, 200, false]);
    }
    expect((await own.post(`/grievances/${id}/steps`, aStep())).status).toBe(403);
  });
});
