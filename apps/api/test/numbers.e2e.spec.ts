import { aGrievance } from '../../../libs/grievances/src/grievance.factory';
import { aMember } from '../../../libs/members/src/member.factory';
import { aStudent } from '../../../libs/students/src/student.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { made, madeEmployer, madeMember } from '../../../test/support/records';

interface Numbered {
  id: number;
  memberNumber: string;
  studentNumber: string;
  grievanceNumber: string;
  [field: string]: unknown;
}

let api: LocalApi;
let officer: Client;
beforeAll(async () => {
  api = await startApi();
  officer = await api.as('officer');
});
afterAll(() => api.close());

/** Numbers of cards, and how else they are written. */
const spellings: [given: string, other: string][] = [
  ['A0060003', 'a0060003'],
  ['b0060003', 'B0060003'],
  ['9000007B', '9000007b'],
  ['MiXeD17I', 'mIxEd17i'],
];
const member = (memberNumber: string, facts: object = {}) =>
  made<Numbered>(officer, '/members', { ...aMember({ memberNumber }), ...facts });

describe.each(spellings)('the number %s, also as %s,', (given, other) => {
  let id: number;
  beforeAll(async () => {
    const dateOfBirth = '1980-05-17';
    const found = await member(given, { dateOfBirth, email: `${given.toLowerCase()}@local.example` });
    expect(found.memberNumber).toBe(given);
    ({ id } = found);
  });

  it('is one member’s, and finds that member', async () => {
    for (const number of [given, other, ` ${other} `]) {
      const reply = await officer.get(`/members/by-number/${encodeURIComponent(number)}`);
      expect([reply.status, reply.json()]).toEqual([200, expect.objectContaining({ id, memberNumber: given })]);
      await api.expectAudit(reply, { action: 'READ', tableName: 'members', recordId: id });
    }
    const { items } = (await officer.get(`/members?q=${other}`)).json<{ items: Numbered[] }>();
    expect(items.map((found) => found.id)).toEqual([id]);
  });

  it('is taken: 409, which tells of that member', async () => {
    const another = await madeMember(officer);
    const refused = [
      await officer.post('/members', aMember({ memberNumber: other })),
      await officer.patch(`/members/${another}`, { memberNumber: other }),
    ];
    for (const reply of refused) {
      expect(codeOf(reply)).toEqual([409, 'record.duplicate']);
      expect(reply.json()['errors']).toEqual([{ pointer: '/memberNumber', message: expect.any(String) as string }]);
      expect(reply.text.toLowerCase()).not.toContain(given.toLowerCase());
      await api.expectAudit(reply, { action: 'READ', tableName: 'members', recordId: id, notes: 'record.duplicate' });
    }
  });

  it.each(['all-or-nothing', 'report'])('is taken for an import (%s)', async (mode) => {
    const csv = `memberNumber,firstName,lastName,classification\n${other},Rosa,Delgado,foreman\n`;
    const reply = await officer.post(`/members/import?mode=${mode}`, csv, { 'Content-Type': 'text/csv' });
    expect(reply.text).toContain('is the number of another member');
    expect(await api.query('SELECT id FROM members WHERE lower(member_number) = lower($1)', [given])).toEqual([{ id }]);
    const entries = await api.entries({ requestId: reply.requestId });
    expect(entries.flatMap(({ recordId, recordIds }) => recordId ?? recordIds)).toEqual([id]);
  });

  it('may be written otherwise by its own member', async () => {
    const reply = await officer.patch(`/members/${id}`, { memberNumber: other });
    expect([reply.status, reply.json()]).toEqual([200, expect.objectContaining({ memberNumber: other })]);
    await officer.patch(`/members/${id}`, { memberNumber: given });
  });

  it('is enough to register', async () => {
    const registration = {
      memberNumber: other,
      dateOfBirth: '1980-05-17',
      email: `${given.toLowerCase()}@local.example`,
    };
    const reply = await api.anonymous.post('/auth/register', registration);
    expect(
      (await api.entries({ requestId: reply.requestId })).map(({ action, tableName }) => [action, tableName]),
    ).toEqual([['CREATE', 'registrations']]);
  });

  it('can not be given twice by the database either', async () => {
    const insert = `INSERT INTO members (member_number, first_name, last_name, classification) VALUES ($1, 'A', 'B', 'foreman')`;
    await expect(api.query(insert, [other])).rejects.toMatchObject({ code: '23505' });
  });
});

describe('an import', () => {
  const lines = ['C77a', 'c77A', 'C77B'].map((number) => `${number},Rosa,Delgado,foreman`);
  const csv = ['memberNumber,firstName,lastName,classification', ...lines].join('\n');

  it.each([
    ['all-or-nothing', 422, []],
    ['report', 200, ['C77a', 'C77B']],
  ])('that has one number in two cases takes it once at most (%s)', async (mode, status, created) => {
    const reply = await officer.post(`/members/import?mode=${mode}`, csv, { 'Content-Type': 'text/csv' });
    expect(reply.status).toBe(status);
    const rows = await api.query<{ number: string }>(
      `SELECT member_number AS number FROM members WHERE member_number ILIKE 'C77%' ORDER BY id`,
    );
    expect(rows.map(({ number }) => number)).toEqual(created);
  });
});

describe('numbers that the server makes', () => {
  it('find their students and grievances in any case', async () => {
    const [person, employer] = [await madeMember(officer), await madeEmployer(officer)];
    const student = await made<Numbered>(officer, '/students', aStudent(person));
    const grievance = await made<Numbered>(officer, '/grievances', aGrievance(person, employer));
    for (const [kind, { id }, number] of [
      ['students', student, student.studentNumber.toLowerCase()],
      ['grievances', grievance, grievance.grievanceNumber.toLowerCase()],
      ['grievances', grievance, grievance.grievanceNumber.replace('GR', 'Gr')],
    ] as const) {
      const reply = await officer.get(`/${kind}/by-number/${number}`);
      expect([number, reply.status, reply.json()['id']]).toEqual([number, 200, id]);
      await api.expectAudit(reply, { action: 'READ', tableName: kind, recordId: id });
    }
    await expect(
      api.query('UPDATE students SET student_number = lower(student_number), member_id = $1', [
        await madeMember(officer),
      ]),
    ).resolves.toBeDefined();
    const found = await officer.get(`/students/by-number/${student.studentNumber}`);
    expect(found.json()['id']).toBe(student.id);
  });
});
