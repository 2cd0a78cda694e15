import { Calendar, Clock } from '#kernel';
import { anApplication, aReview } from '../../../libs/benevolence/src/benevolence.factory';
import { aGrievance } from '../../../libs/grievances/src/grievance.factory';
import { aMember } from '../../../libs/members/src/member.factory';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { made, madeEmployer, madeMember } from '../../../test/support/records';

/** A place where it is another day than in UTC, at this hour. */
const [zone, offsetDays] =
  new Date().getUTCHours() < 10 ? (['Pacific/Pago_Pago', -1] as const) : (['Pacific/Kiritimati', 1] as const);
const dayIn = (name: string) => new Calendar(new Clock(), name).today();
const elsewhere = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

let api: LocalApi;
let officer: Client;
let member: number;
beforeAll(async () => {
  api = await startApi({ config: { LOCAL_TIME_ZONE: zone } });
  officer = await api.as('officer');
  member = await madeMember(officer);
});
afterAll(() => api.close());

it('is not the one of UTC', () => {
  expect([dayIn(zone), dayIn('UTC')]).toEqual([elsewhere(offsetDays), elsewhere(0)]);
});

describe('the day that the server sets is the one of the office', () => {
  it.each<[string, () => Promise<unknown>]>([
    [
      'of an application',
      async () => {
        const { applicationDate: _, ...application } = anApplication(member);
        return (await made(officer, '/benevolence-applications', application)).applicationDate;
      },
    ],
    [
      'of a review',
      async () => {
        const { id } = await made(officer, '/benevolence-applications', anApplication(member));
        await officer.post(`/benevolence-applications/${id}/submit`);
        const { reviewDate: _, ...review } = aReview(id);
        return (await made(officer, '/benevolence-reviews', review)).reviewDate;
      },
    ],
    [
      'on which a grievance is settled',
      async () => {
        const { id } = await made(officer, '/grievances', aGrievance(member, await madeEmployer(officer)));
        const settled = await officer.post(`/grievances/${id}/settle`, {
          resolution: 'Paid.',
          settlementAmount: '1.00',
        });
        return settled.json()['resolutionDate'];
      },
    ],
    ['of a report', async () => (await officer.get('/reports/out-of-work')).json()['on']],
  ])('%s', async (_, day) => {
    expect(await day()).toBe(dayIn(zone));
  });

  it.each(['/members/export?format=csv', '/reports/out-of-work?format=csv'])(
    'in the name of the file %s',
    async (path) => {
      expect((await officer.get(path)).headers['content-disposition']).toContain(`-${dayIn(zone)}.csv`);
    },
  );

  it('after which a date is in the future', async () => {
    for (const days of [0, 1])
      await made(officer, '/members', aMember({ hireDate: elsewhere(offsetDays + days), memberNumber: `H${days}` }));
    const report = await (await api.as('admin')).post('/integrity/check');
    const { kinds } = report.json<{ kinds: { kind: string; found: number }[] }>();
    expect(kinds.find(({ kind }) => kind === 'members.hired-in-future')?.found).toBe(1);
  });
});
