import { aMember } from '../../../libs/members/src/member.factory';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { made } from '../../../test/support/records';

let api: LocalApi;
let admin: Client;
beforeAll(async () => {
  api = await startApi();
  admin = await api.as('admin');
});
afterAll(() => api.close());

interface Summary {
  people: Record<string, unknown>[];
  unusualVolumes: { hour: string; who: string; reads: number; deletes: number }[];
}

/** Each test has a day of its own in the month that has begun. */
const dayOf = (day: number) => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, day)).toISOString().slice(0, 10);
};

async function summaryOf(day: number): Promise<Summary> {
  const reply = await admin.get(`/audit/summary?from=${dayOf(day)}T00:00:00Z&to=${dayOf(day + 1)}T00:00:00Z`);
  expect(reply.status).toBe(200);
  return reply.json<Summary>();
}

interface Doing {
  who?: number;
  email?: string;
  action?: string;
  outcome?: string;
  /** How many records a list shows; absent for what is about one record. */
  shows?: number;
}

/** Puts entries into the ledger, all at one time of the day. */
async function record(day: number, time: string, count: number, doing: Doing = {}): Promise<void> {
  const { who = 77, email = `user${who}@local.example`, action = 'READ', outcome = 'success', shows } = doing;
  await api.query(
    `INSERT INTO audit_logs (action, table_name, record_ids, changed_by, actor_email, source, outcome, changed_at)
     SELECT $1, 'members', $2::bigint[], $3, $4, 'api', $5, $6::timestamptz FROM generate_series(1, $7::integer)`,
    [
      action,
      shows === undefined ? null : Array.from({ length: shows }, (_, index) => index + 1),
      who,
      email,
      outcome,
      `${dayOf(day)}T${time}Z`,
      count,
    ],
  );
}

describe('a summary of the ledger', () => {
  it('tells what each did, those who read most records first, and is itself on record', async () => {
    await record(1, '09:00:00', 30, { who: 1 });
    await record(1, '09:00:00', 2, { who: 2, action: 'BULK_READ', shows: 50 });
    await record(1, '09:00:00', 3, { who: 2, action: 'BREAK_GLASS' });
    await record(1, '09:00:00', 1, { who: 2, action: 'BREAK_GLASS', outcome: 'failed' });
    await record(1, '10:00:00', 1, { who: 2, action: 'EXPORT', shows: 500 });
    await record(1, '10:00:00', 4, { who: 3, action: 'ACCESS_DENIED', outcome: 'denied' });
    await record(1, '10:00:00', 5, { who: 3, action: 'DELETE' });
    await record(1, '10:00:00', 6, { who: 3, action: 'UPDATE' });
    const nothing = { reads: 0, recordsRead: 0, exports: 0, breakGlass: 0, changes: 0, deletes: 0, denied: 0 };
    const { people, unusualVolumes } = await summaryOf(1);
    expect(people).toEqual([
      { ...nothing, userId: 2, who: 'user2@local.example', reads: 5, recordsRead: 103, exports: 1, breakGlass: 4 },
      { ...nothing, userId: 1, who: 'user1@local.example', reads: 30, recordsRead: 30 },
      { ...nothing, userId: 3, who: 'user3@local.example', denied: 4, deletes: 5, changes: 6 },
    ]);
    expect(unusualVolumes).toEqual([]);
    const reply = await admin.get('/audit/summary');
    await api.expectAudit(reply, { action: 'BULK_READ', tableName: 'audit_logs', notes: 'summary' });
  });

  it('finds what was really done', async () => {
    const staff = await api.as('staff');
    const { id } = await made(staff, '/members', aMember());
    await staff.get(`/members/${id}`);
    await staff.get(`/members/${id}`, { 'X-Break-Glass': 'true', 'X-Access-Reason': 'Accident on site' });
    await staff.get('/members?limit=5');
    const { people } = (await admin.get('/audit/summary')).json<Summary>();
    // The log-in changed the account and began a session, and the review was opened.
    const expected = { userId: staff.account.id, reads: 3, recordsRead: 3, breakGlass: 1, changes: 4, deletes: 0 };
    expect(people).toContainEqual(expect.objectContaining(expected));
  });

  it.each<[what: string, day: number, count: number, doing: Doing, isUnusual: boolean]>([
    ['1,000 reads', 2, 1_000, {}, false],
    ['1,001 reads', 3, 1_001, {}, true],
    ['five lists of 200', 4, 5, { action: 'BULK_READ', shows: 200 }, false],
    ['six lists of 200', 5, 6, { action: 'BULK_READ', shows: 200 }, true],
    ['an export of 1,000', 6, 1, { action: 'EXPORT', shows: 1_000 }, false],
    ['an export of 1,001', 7, 1, { action: 'EXPORT', shows: 1_001 }, true],
    ['1,001 searches that find nothing', 8, 1_001, { action: 'BULK_READ', shows: 0 }, true],
    ['1,001 reads by break-glass', 9, 1_001, { action: 'BREAK_GLASS' }, true],
    ['100 removals', 10, 100, { action: 'DELETE' }, false],
    ['101 removals', 11, 101, { action: 'DELETE' }, true],
    ['1,001 changes', 12, 1_001, { action: 'UPDATE' }, false],
    ['1,001 refusals', 13, 1_001, { action: 'ACCESS_DENIED', outcome: 'denied' }, false],
  ])('knows whether it is unusual: %s within an hour', async (_, day, count, doing, isUnusual) => {
    await record(day, '12:30:00', count, doing);
    const { unusualVolumes } = await summaryOf(day);
    expect(unusualVolumes.map(({ hour, who }) => [hour, who])).toEqual(
      isUnusual ? [[`${dayOf(day)}T11:31:00Z`, 'user77@local.example']] : [],
    );
  });

  it('adds up an hour across the turn of the clock, and nothing longer', async () => {
    await record(14, '10:50:00', 600);
    await record(14, '11:49:59', 600);
    await record(14, '14:50:00', 600);
    await record(14, '15:50:00', 600);
    const { unusualVolumes } = await summaryOf(14);
    expect(unusualVolumes).toEqual([
      { hour: `${dayOf(14)}T10:50:00Z`, userId: 77, who: 'user77@local.example', reads: 1_200, deletes: 0 },
    ]);
  });

  it('adds up one person under two addresses, and not two people under one', async () => {
    await record(15, '10:00:00', 600, { who: 1, email: 'maiden@local.example' });
    await record(15, '10:10:00', 600, { who: 1, email: 'married@local.example' });
    await record(15, '10:00:00', 600, { who: 2, email: 'desk@local.example' });
    await record(15, '10:10:00', 600, { who: 3, email: 'desk@local.example' });
    const { unusualVolumes } = await summaryOf(15);
    expect(unusualVolumes).toEqual([expect.objectContaining({ userId: 1, reads: 1_200 })]);
  });

  it('names each of several people, and each hour of the clock once, the latest first', async () => {
    for (const who of [1, 2]) {
      for (const time of ['08:00:00', '08:20:00', '13:00:00']) await record(16, time, 1_500, { who });
    }
    const { unusualVolumes } = await summaryOf(16);
    expect(unusualVolumes.map(({ hour, who, reads }) => `${hour.slice(11)} ${who} ${reads}`)).toEqual([
      '12:01:00Z user1@local.example 1500',
      '12:01:00Z user2@local.example 1500',
      '07:21:00Z user1@local.example 3000',
      '07:21:00Z user2@local.example 3000',
    ]);
  });

  it('refuses a time that is none', async () => {
    const reply = await admin.get('/audit/summary?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z');
    expect(reply.status).toBe(422);
  });
});
