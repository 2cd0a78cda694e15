import { parse } from 'csv-parse/sync';
import { anApplication, aReview } from '../../../libs/benevolence/src/benevolence.factory';
import { anEmployment } from '../../../libs/employments/src/member-employment.factory';
import { aGrievance, aStep } from '../../../libs/grievances/src/grievance.factory';
import { aMember } from '../../../libs/members/src/member.factory';
import { anOrganization } from '../../../libs/organizations/src/organization.factory';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { made } from '../../../test/support/records';

let api: LocalApi;
let staff: Client;
/** Ids by the name of the record: a local of four members and two employers. */
const id: Record<string, number> = {};

beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
  const admin = await api.as('admin');
  const make = async (name: string, path: string, body: object) => (id[name] = (await made(admin, path, body)).id);
  for (const [name, overrides] of Object.entries({
    Ames: {},
    Blau: { classification: 'apprentice_1' as const, phone: '=1+1' },
    Cruz: {},
    Dorn: { status: 'deceased' as const },
  })) {
    await make(name, '/members', aMember({ memberNumber: name, lastName: name, ...overrides }));
  }
  await make('Harbor', '/organizations', anOrganization({ name: 'Harbor' }));
  await make('Mill', '/organizations', anOrganization({ name: 'Mill' }));
  const work = (name: string, who: string, where: string, overrides: object) =>
    make(name, '/member-employments', anEmployment(id[who]!, id[where]!, overrides));
  await work('past', 'Cruz', 'Mill', { endDate: '2026-01-01' });
  await work('now', 'Ames', 'Harbor', { hourlyRate: '50.00' });
  await work('later', 'Ames', 'Mill', { startDate: '2027-01-01' });
  await work('too', 'Blau', 'Harbor', { hourlyRate: '20.01' });

  await make('open', '/grievances', aGrievance(id.Ames!, id.Harbor!));
  await make('step', `/grievances/${id.open}/steps`, aStep());
  await make('over', '/grievances', aGrievance(id.Ames!, id.Mill!));
  await admin.post(`/grievances/${id.over}/close`, { resolution: 'Done.' });

  const ask = async (name: string, amountRequested: string, decision?: 'approved' | 'denied') => {
    await make(name, '/benevolence-applications', anApplication(id.Cruz!, { amountRequested }));
    if (!decision) return;
    await admin.post(`/benevolence-applications/${id[name]}/submit`);
    await made(admin, '/benevolence-reviews', aReview(id[name]!, { decision }));
  };
  await ask('draft', '1.00');
  await ask('granted', '100.10', 'approved');
  await ask('refused', '200.20', 'denied');
});
afterAll(() => api.close());

const expected: Record<string, { items: object[]; tables: Record<string, string[]> }> = {
  roster: {
    items: [
      { memberNumber: 'Ames', lastName: 'Ames', employer: 'Harbor', status: 'active' },
      { memberNumber: 'Blau', lastName: 'Blau', employer: 'Harbor', phone: '=1+1' },
      { memberNumber: 'Cruz', lastName: 'Cruz', employer: null },
    ],
    tables: { members: ['Ames', 'Blau', 'Cruz'], member_employments: ['now', 'too'], organizations: ['Harbor'] },
  },
  'employment-by-employer': {
    items: [{ employer: 'Harbor', members: 2, apprentices: 1, averageHourlyRate: '35.01' }],
    tables: { organizations: ['Harbor'], member_employments: ['now', 'too'], members: ['Ames', 'Blau'] },
  },
  'out-of-work': {
    items: [{ memberNumber: 'Cruz', lastWorkedOn: '2026-01-01', daysOut: 181 }],
    tables: { members: ['Cruz'], member_employments: ['past'] },
  },
  'grievance-ageing': {
    items: [{ member: 'Ames, Rosa', employer: 'Harbor', currentStep: 'step_2', daysOpen: 58, daysSinceStep: 42 }],
    tables: { grievances: ['open'], members: ['Ames'], organizations: ['Harbor'], grievance_step_records: ['step'] },
  },
  'benevolence-year-to-date': {
    items: [{ reason: 'medical', applications: 2, requested: '300.30', approved: '100.10', paid: '0.00', denied: 1 }],
    tables: { benevolence_applications: ['granted', 'refused'] },
  },
};
const on = '2026-07-01';

describe.each(Object.entries(expected))('the report %s', (name, { items, tables }) => {
  it.each(['json', 'csv'])(
    'has the right figures as %s, and an entry for each table names what it shows',
    async (format) => {
      const reply = await staff.get(`/reports/${name}?on=${on}&format=${format}`, { 'X-Access-Reason': 'Meeting' });
      expect(reply.status).toBe(200);
      if (format === 'json') {
        expect(reply.json()).toEqual({ on, items: items.map((item) => expect.objectContaining(item) as object) });
      } else {
        const text = (value: string | number | null) => (value === null ? '' : String(value).replace(/^=/, "'="));
        const rows = items.map((item) =>
          Object.fromEntries(
            Object.entries(item as Record<string, string | number | null>).map(([key, value]) => [key, text(value)]),
          ),
        );
        expect(reply.headers['content-disposition']).toBe(`attachment; filename="${name}-${on}.csv"`);
        expect(reply.text.startsWith('\ufeff')).toBe(true);
        expect(parse(reply.text, { columns: true, bom: true })).toEqual(
          rows.map((row) => expect.objectContaining(row) as object),
        );
      }
      const found = await api.entries({ requestId: reply.requestId });
      const shown = found.map((entry) => [entry.action, entry.reason, entry.tableName, [...entry.recordIds!].sort()]);
      const action = format === 'csv' ? 'EXPORT' : 'BULK_READ';
      const named = Object.entries(tables).map(([table, names]) => [
        action,
        'Meeting',
        table,
        names.map((record) => id[record]!).sort(),
      ]);
      expect(shown.sort()).toEqual(named.sort());
    },
  );

  it.each(['organizer', 'instructor', 'member'] as const)('is not for %s', async (role) => {
    const reply = await (await api.as(role)).get(`/reports/${name}`);
    expect(codeOf(reply)).toEqual([403, 'access.denied']);
    await api.expectAudit(reply, { action: 'ACCESS_DENIED', route: `reports:${name}` });
  });

  it('is empty before there was anything, and about no day that is none', async () => {
    const reply = await staff.get(`/reports/${name}?on=1900-01-01`);
    const { items: before } = reply.json<{ items: object[] }>();
    if (name === 'roster' || name === 'out-of-work') expect(before).toHaveLength(3);
    else expect(before).toEqual([]);
    expect((await staff.get(`/reports/${name}?on=2026-02-30`)).status).toBe(422);
    expect((await staff.get(`/reports/${name}?format=xml`)).status).toBe(422);
  });
});
