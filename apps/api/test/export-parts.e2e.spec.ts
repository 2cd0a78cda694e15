import type { IncomingMessage } from 'node:http';
import { text as read } from 'node:stream/consumers';
import { parse } from 'csv-parse/sync';
import { run } from '../../../test/support/cli';
import { codeOf, startApi, type Client, type LocalApi, type Reply } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
import { made } from '../../../test/support/records';
import { tries } from '../../../test/support/soak';

/** How much of the stress data set: in a soak all of it, 434,383 employments among it. */
const scale = tries(0.03, 1);
/** Records that one entry names at most. */
const most = 5_000;

interface Table {
  route: string;
  table: string;
}
const tables: Table[] = [
  { route: 'members', table: 'members' },
  { route: 'organizations', table: 'organizations' },
  { route: 'organization-contacts', table: 'organization_contacts' },
  { route: 'member-employments', table: 'member_employments' },
  { route: 'students', table: 'students' },
];

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  const { status, stderr } = await run(api.database, ['stress', 'seed', '--scale', String(scale)]);
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  staff = await api.as('staff');
  await sealed();
});
afterAll(() => api.close());

/** Until every entry is sealed: the sealer has its hands full with those of the data set. */
const sealed = () =>
  until(async () => {
    const [left] = await api.query('SELECT FROM audit_logs WHERE audit_leaf_index(txid, id) IS NULL LIMIT 1');
    return left === undefined;
  }, 120_000);

const idsOf = ({ text }: Reply) =>
  parse<{ id: string }>(text, { columns: true, bom: true }).map(({ id }) => Number(id));
interface Row {
  id: number;
  version: number;
}
/** What the set holds, none of which is removed. */
const rowsOf = (table: string) =>
  api.query<Row & Record<string, unknown>>(
    `SELECT id, audit_ref::float8 AS version FROM ${table} ORDER BY ${table}.id`,
  );

it.each(tables)('exports all of $table, and names them in entries of at most 5,000', async ({ route, table }) => {
  const reply = await staff.get(`/${route}/export`, { 'X-Access-Reason': 'Mailing' });
  expect(reply.status).toBe(200);
  const ids = idsOf(reply);
  const rows = await rowsOf(table);
  expect(ids).toEqual(rows.map(({ id }) => id));
  const entries = await api.entries({ requestId: reply.requestId });
  expect(entries).toHaveLength(Math.ceil(ids.length / most));
  const facts = {
    action: 'EXPORT',
    tableName: table,
    filters: { format: 'csv' },
    reason: 'Mailing',
    changedBy: staff.account.id,
  };
  expect(entries).toEqual(entries.map(() => expect.objectContaining(facts) as object));
  expect(Math.max(...entries.map(({ recordIds }) => recordIds?.length ?? 0))).toBeLessThanOrEqual(most);
  expect(entries.flatMap(({ recordIds }) => recordIds)).toEqual(ids);
  expect(entries.flatMap(({ recordVersions }) => recordVersions)).toEqual(rows.map(({ version }) => version));
});

it('numbers the parts of one export, under a name that the client does not choose', async () => {
  const [one, other] = [
    await staff.get('/member-employments/export', { 'X-Request-Id': 'mine' }),
    await staff.get('/member-employments/export', { 'X-Request-Id': 'mine' }),
  ];
  expect([one.status, other.status]).toEqual([200, 200]);
  const notes = (await api.entries({ requestId: 'mine' })).map(({ notes }) => String(notes));
  const parts = notes.map((note) => /^part (\d+) of ([0-9a-f]{16})(, the last)?$/.exec(note)?.slice(1));
  const names = [...new Set(parts.map((part) => part?.[1]))];
  expect(names).toHaveLength(2);
  for (const name of names) {
    const own = parts.filter((part) => part?.[1] === name);
    expect(own.map((part) => Number(part?.[0]))).toEqual(own.map((_, index) => index + 1));
    expect(own.map((part) => part?.[2] !== undefined)).toEqual(own.map((_, index) => index === own.length - 1));
  }
});

it('sends no byte of a part before the entry that names it is durable', async () => {
  const message = await staff.open('GET', '/member-employments/export');
  const requestId = String(message.headers['x-request-id']);
  let text = '';
  let isNamed = true;
  for await (const chunk of message) {
    text += String(chunk);
    const ids = [...text.matchAll(/^(\d+),/gm)].map(([, id]) => Number(id));
    const [named] = await api.query<{ last: number }>(
      'SELECT max(shown)::integer AS last FROM audit_logs l, unnest(l.record_ids) AS shown WHERE request_id = $1',
      [requestId],
    );
    isNamed &&= Number(named?.last) >= Math.max(0, ...ids.slice(-2));
  }
  expect(isNamed).toBe(true);
});

it('breaks off, and shows no more, once the account has lost its rights', async () => {
  const clerk = await api.somebody(['staff']);
  const message = await clerk.open('GET', '/member-employments/export');
  await api.query('DELETE FROM user_roles WHERE user_id = $1', [clerk.account.id]);
  let text = '';
  const reading = (async () => {
    for await (const chunk of message) text += String(chunk);
  })();
  await expect(reading).rejects.toThrow('aborted');
  const [entry, ...others] = await api.entries({ requestId: String(message.headers['x-request-id']) });
  expect(others.filter(({ action }) => action === 'EXPORT')).toEqual([]);
  expect(text.trimEnd().split('\n').length - 1).toBeLessThanOrEqual(entry?.recordIds?.length ?? 0);
});

it('goes on when the same person has logged out elsewhere', async () => {
  const clerk = await api.somebody(['staff']);
  const elsewhere = await api.login(clerk.account);
  const message = await clerk.open('GET', '/member-employments/export');
  expect((await elsewhere.post('/auth/logout')).status).toBe(204);
  let lines = 0;
  for await (const chunk of message) lines += String(chunk).split('\n').length - 1;
  expect(lines - 1).toBe((await rowsOf('member_employments')).length);
});

it('breaks off when a later part cannot be recorded', async () => {
  const message = await staff.open('GET', '/member-employments/export');
  await api.query('REVOKE INSERT ON audit_logs FROM ip2a_owner');
  await expect(read(message)).rejects.toThrow('aborted');
  await api.query('GRANT INSERT ON audit_logs TO ip2a_owner');
});

describe('the trail of an export in parts', () => {
  interface Item {
    id: number;
    recordIds: number[];
    recordVersions: number[];
    recordCount: number;
    recordsCursor?: string;
    sealed: number | null;
  }
  const itemsOf = (reply: Reply) => reply.json<{ items: Item[] }>().items;
  let admin: Client;
  let requestId: string;
  let rows: Row[];
  beforeAll(async () => {
    admin = await api.as('admin');
    rows = await rowsOf('member_employments');
    ({ requestId } = await staff.get('/member-employments/export'));
  });

  async function recordsOf(item: Item): Promise<Row[]> {
    const named: Row[] = [];
    for (let page = item; ;) {
      named.push(...page.recordIds.map((id, index) => ({ id, version: page.recordVersions[index] ?? 0 })));
      if (page.recordsCursor === undefined) return named;
      page = (await admin.get(`/audit/logs/${item.id}?cursor=${page.recordsCursor}`)).json<Item>();
    }
  }

  it('answers how many records each part showed, the first of them, and pages of the rest', async () => {
    const reply = await admin.get(`/audit/logs?requestId=${requestId}&limit=200`);
    const items = itemsOf(reply).reverse();
    expect(items).toHaveLength(Math.ceil(rows.length / most));
    expect(reply.text.length).toBeLessThan(items.length * 6_000);
    expect(items.reduce((sum, { recordCount }) => sum + recordCount, 0)).toBe(rows.length);
    expect(items.map(({ recordIds, recordVersions }) => [recordIds.length, recordVersions.length])).toEqual(
      items.map(({ recordCount }) => [Math.min(200, recordCount), Math.min(200, recordCount)]),
    );
    const [first, last] = [items[0]!, items.at(-1)!];
    expect(await recordsOf(first)).toEqual(rows.slice(0, first.recordCount));
    expect(await recordsOf(last)).toEqual(rows.slice(-last.recordCount));
    const { sealed: _sealed, ...entry } = (await admin.get(`/audit/logs/${first.id}`)).json<Item>();
    expect(first).toMatchObject(entry);
  });

  it('says that its further records were asked for, and shows them to those who may read the entry', async () => {
    const [{ id, recordsCursor: cursor }] = itemsOf(await admin.get(`/audit/logs?requestId=${requestId}`)) as [Item];
    const reply = await admin.get(`/audit/logs/${id}?cursor=${cursor}`);
    expect(reply.json<Item>().recordIds).toHaveLength(1_000);
    const facts = { action: 'READ', tableName: 'audit_logs', recordId: id, route: 'audit:read', filters: { cursor } };
    await api.expectAudit(reply, facts);
    expect((await staff.get(`/audit/logs/${id}?cursor=${cursor}`)).status).toBe(200);
    const organizer = await api.as('organizer');
    expect((await organizer.get(`/audit/logs/${id}?cursor=${cursor}`)).status).toBe(404);
  });

  it.each(['x', 'WyJyZWNvcmRzIiwiLTEiXQ', 'WyJ0cmFpbCIsIjEiXQ', 'WyJyZWNvcmRzIiwiMSIsIjIiXQ'])(
    'refuses the cursor %s, which no entry has made',
    async (cursor) => {
      const [{ id }] = itemsOf(await admin.get(`/audit/logs?requestId=${requestId}`)) as [Item];
      expect((await admin.get(`/audit/logs/${id}?cursor=${cursor}`)).status).toBe(422);
    },
  );

  it('is found by every record, which it then names', async () => {
    for (const { id, version } of [rows[0]!, rows[4_999]!, rows[5_000]!, rows.at(-1)!]) {
      const items = itemsOf(await admin.get(`/member-employments/${id}/audit-trail?limit=200`));
      const [entry] = await api.entries({ requestId });
      const found = items.filter((item) => item.id >= entry!.id && item.recordCount > 0);
      expect(found).toHaveLength(1);
      expect(found[0]?.recordVersions[found[0].recordIds.indexOf(id)]).toBe(version);
    }
  });

  it('holds every record where the ledger is exported', async () => {
    const entries = await api.entries({ requestId });
    await until(async () => {
      const [row] = await api.query<{ isOver: boolean }>(
        'SELECT bool_and(txid < pg_snapshot_xmin(pg_current_snapshot())) AS "isOver" FROM audit_logs WHERE request_id = $1',
        [requestId],
      );
      return row?.isOver === true;
    }, 60_000);
    const reply = await admin.get(`/audit/export?requestId=${requestId}`);
    const lines = reply.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Item);
    expect(lines.map(({ recordIds }) => recordIds)).toEqual(entries.map(({ recordIds }) => recordIds));
    expect(lines.map(({ recordVersions }) => recordVersions)).toEqual(
      entries.map(({ recordVersions }) => recordVersions),
    );
  });

  it('counts as one export, and as the records that it holds', async () => {
    const clerk = await api.somebody(['staff']);
    await clerk.get('/member-employments/export');
    const { people, unusualVolumes } = (await admin.get('/audit/summary?limit=200')).json<{
      people: { userId: number; exports: number; reads: number }[];
      unusualVolumes: { userId: number; reads: number }[];
    }>();
    expect(people.find(({ userId }) => userId === clerk.account.id)).toMatchObject({ exports: 1, reads: 0 });
    expect(unusualVolumes.find(({ userId }) => userId === clerk.account.id)).toMatchObject({ reads: rows.length });
  });

  it('tells a member once of an export that showed several of their records in several parts', async () => {
    const [own] = await api.query<{ memberId: number }>(
      'SELECT member_id AS "memberId" FROM member_employments ORDER BY id LIMIT 1',
    );
    const memberId = own!.memberId;
    const [{ organizationId }] = (await api.query<{ organizationId: number }>(
      'SELECT min(id) AS "organizationId" FROM organizations',
    )) as [{ organizationId: number }];
    await made(staff, '/member-employments', { memberId, organizationId, startDate: '2026-02-01', isCurrent: false });
    const since = new Date().toISOString();
    const exported = await staff.get('/member-employments/export', { 'X-Access-Reason': 'Once' });
    const parts = await api.entries({ requestId: exported.requestId });
    const member = await api.somebody(['member'], memberId);
    const log = async (query: string) =>
      (await member.get(`/me/access-log?${query}`)).json<{ items: { id: number; what: string; reason: string }[] }>()
        .items;
    const told = (await log(`from=${since}&limit=200`)).filter(({ reason }) => reason === 'Once');
    expect(told).toEqual([
      expect.objectContaining({ id: parts[0]?.id, what: 'exported an employment of yours with others' }),
    ]);
    // Of an export that began before the time that is asked for, the first part in that time.
    const [second] = parts.slice(1);
    const later = (await log(`from=${second?.changedAt}&limit=200`)).filter(({ reason }) => reason === 'Once');
    expect(later).toEqual([expect.objectContaining({ id: parts.at(-1)?.id })]);
  });

  it('is whole when the ledger is verified', async () => {
    await sealed();
    expect((await admin.post('/audit/verify', {})).json()).toMatchObject({ valid: true, fault: null });
  });
});

describe('a person', () => {
  const path = '/member-employments/export';
  const busy = async (person: Client, of = path) => codeOf(await person.get(of));

  it('has one export at a time, of records or of the ledger, and others have theirs', async () => {
    const clerk = await api.somebody(['admin']);
    const message = await clerk.open('GET', path);
    const refused = await clerk.get('/members/export');
    expect([codeOf(refused), Number(refused.headers['retry-after']) > 0]).toEqual([[409, 'export.busy'], true]);
    expect(await busy(clerk, '/audit/export')).toEqual([409, 'export.busy']);
    expect((await api.entries({ requestId: refused.requestId })).map(({ action }) => action)).toEqual([]);
    expect((await (await api.as('officer')).get(path)).status).toBe(200);
    await read(message);
    expect((await clerk.get('/members/export')).status).toBe(200);
    expect((await clerk.get('/audit/export?action=LOGIN')).status).toBe(200);
  });

  it('who asks for many at once has one of them', async () => {
    const clerk = await api.somebody(['staff']);
    const replies = await Promise.all(Array.from({ length: tries(6, 60) }, () => clerk.get(path)));
    const counts = replies.map(({ status }) => status).filter((status) => status !== 200);
    expect(counts).toEqual(Array.from({ length: replies.length - 1 }, () => 409));
  });

  it.each([
    ['was broken off', (message: IncomingMessage) => void message.destroy()],
    ['was read to its end', read],
  ])('has the next one once the last %s', async (_, end) => {
    const clerk = await api.somebody(['staff']);
    await end(await clerk.open('GET', path));
    await until(async () => (await api.query('SELECT FROM export_leases')).length === 0);
    expect((await clerk.get(path)).status).toBe(200);
  });

  it('has the next one after a refused one, and after HEAD', async () => {
    const clerk = await api.somebody(['staff']);
    expect((await clerk.get(`${path}?nothing=1`)).status).toBe(422);
    expect((await clerk.head(path)).status).toBe(200);
    await until(async () => (await api.query('SELECT FROM export_leases')).length === 0);
    expect((await clerk.get(path)).status).toBe(200);
  });

  it('has the next one half a minute after the process that served the last one is gone', async () => {
    const clerk = await api.somebody(['staff']);
    const lease = (seconds: number) =>
      api.query(
        `INSERT INTO export_leases VALUES ($1, gen_random_uuid(), now() - $2 * interval '1 second')
         ON CONFLICT (user_id) DO UPDATE SET alive_at = excluded.alive_at`,
        [clerk.account.id, seconds],
      );
    await lease(20);
    expect(await busy(clerk)).toEqual([409, 'export.busy']);
    await lease(31);
    expect((await clerk.get(path)).status).toBe(200);
  });
});

it('lets no other entry wait for those of an export, which may take longer', async () => {
  await api.query(`CREATE FUNCTION slow_part() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.record_ids[1] > 5000 THEN PERFORM pg_advisory_xact_lock(4711), pg_sleep(1.5); END IF; RETURN NEW; END $$;
    CREATE TRIGGER slow_part BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION slow_part()`);
  let isOver = false;
  const exporting = staff.get('/member-employments/export?current=false').finally(() => (isOver = true));
  await until(async () => {
    const held = await api.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711`);
    return held.length > 0;
  });
  const reply = await staff.get('/members/1');
  expect([reply.status, isOver]).toEqual([200, false]);
  expect(idsOf(await exporting).length).toBeGreaterThan(most);
  await api.query('DROP TRIGGER slow_part ON audit_logs');
});

it('is answered with 503, without a record, while its first entry cannot be written', async () => {
  await api.query('REVOKE INSERT ON audit_logs FROM ip2a_owner');
  const reply = await staff.get('/member-employments/export');
  await api.query('GRANT INSERT ON audit_logs TO ip2a_owner');
  expect([reply.status, reply.headers['content-type']]).toEqual([503, 'application/problem+json; charset=utf-8']);
  expect(reply.ms).toBeLessThan(2_000);
});
