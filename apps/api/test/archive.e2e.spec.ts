import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { ArchiverService, type ArchiveReport } from '#archival';
import { CONFIG, type Config } from '#platform/config';
import { RequestContext } from '#platform/context';
import { OwnServer } from '../../../test/support/own-server';
import type { Client as Person } from '../../../test/support/client';
import { run as runCommand } from '../../../test/support/cli';
import { startApi, type LocalApi } from '../../../test/support/harness';
import { until } from '../../../test/support/load';

/** A server of its own: what others have under way would hold the sealing up. */
let server: OwnServer;
let api: LocalApi;
let superuser: Client;
let admin: Person;
let member: Person;
/** What the ledger said before anything was archived. */
let before: Told;

const asOf = '2026-09-01';
const record = 17;

interface Entry {
  id: number;
  recordsCursor?: string;
  changedAt: string;
}

interface Page {
  items: Entry[];
  nextCursor: string | null;
}

/** As many records as one entry names, with the one that is looked at far behind. */
const many = `ARRAY(SELECT CASE place WHEN 4000 THEN ${record} ELSE 10000 + place END FROM generate_series(1, 5000) place)`;

/** Entries of old months, as they were written then: changes of many members, of which one is looked at, and lists that showed it. */
async function write(day: string, count: number): Promise<void> {
  const name = `audit_logs_${day.slice(0, 7).replace('-', '_')}`;
  await server.query(`SELECT audit_make_month($1::timestamp) WHERE to_regclass($2) IS NULL`, [
    `${day.slice(0, 7)}-01`,
    name,
  ]);
  await superuser.query(
    `INSERT INTO audit_logs (action, source, table_name, record_id, record_ids, filters, old_values, new_values, changed_fields,
       changed_by, actor_email, actor_roles, ip_address, request_id, route, reason, changed_at, record_versions, notes)
     SELECT CASE n % 3 WHEN 0 THEN 'BULK_READ' ELSE 'UPDATE' END, 'api', 'members', CASE WHEN n % 3 > 0 THEN n % 40 END,
       CASE WHEN n = 57 THEN ${many} WHEN n % 3 = 0 THEN ARRAY[n % 40, 5000 + n] END, CASE WHEN n % 3 = 0 THEN '{"q": "a\\"b"}'::jsonb END, '{"phone": null}',
       jsonb_build_object('phone', n, 'hourly_rate', '41.50'::numeric), '{phone,hourly_rate}', n % 4, 'clerk@local.example', '{staff,"odd, one"}',
       CASE n % 2 WHEN 0 THEN '192.0.2.17'::inet ELSE '2001:db8::7' END, 'r' || n % 9, 'members:update', 'called', $1::timestamptz + n * interval '1 minute',
       CASE n WHEN 57 THEN ARRAY(SELECT generate_series(1, 5000)) END,
       CASE n WHEN 177 THEN 'part 1 of 0123456789abcdef' WHEN 297 THEN 'part 2 of 0123456789abcdef, the last' END
     FROM generate_series(1, $2::integer) n`,
    [day, count],
  );
}

const questions = [
  `/audit/logs?tableName=members&recordId=${record}&to=2026-09-01T00:00:00Z`,
  `/audit/logs?tableName=members&recordId=${record}&from=2026-03-05T01:00:00Z&to=2026-04-05T00:10:00%2B00:00`,
  '/audit/logs?changedBy=2&to=2026-07-01T00:00:00Z',
  '/audit/logs?ipAddress=2001:DB8:0:0:0:0:0:7&to=2026-05-01T00:00:00Z',
  '/audit/logs?requestId=r3&to=2026-09-01T00:00:00Z',
  '/audit/logs?action=BULK_READ&tableName=members&to=2026-09-01T00:00:00Z',
];

type Told = Record<string, unknown>;

/**
 * Every page of every question, an entry by itself, the records of a large one, the member's access log, and the export.
 */
async function told(): Promise<Told> {
  const answers: Told = {};
  for (const question of questions) answers[question] = await pages(admin, `${question}&limit=7`);
  const entries = answers[questions[0] ?? ''] as Entry[];
  answers.one = (await get(`/audit/logs/${entries[0]?.id}`)).body;
  const large = entries.find(({ recordsCursor }) => recordsCursor !== undefined);
  answers.further = (await get(`/audit/logs/${large?.id}?cursor=${large?.recordsCursor}`)).body;
  answers.accessLog = await pages(member, '/me/access-log?limit=7&to=2026-09-01T00:00:00Z');
  answers.export = (await admin.get('/audit/export?to=2026-09-01T00:00:00Z')).text;
  return answers;
}

async function pages(person: Person, path: string): Promise<Entry[]> {
  const items: Entry[] = [];
  let cursor: string | null = null;
  do {
    const reply = await person.get(`${path}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    const page: Page = reply.json<Page>();
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}

interface Reply<Body> {
  status: number;
  body: Body;
}

async function get<Body>(path: string): Promise<Reply<Body>> {
  const reply = await admin.get(path);
  return { status: reply.status, body: reply.json<Body>() };
}

/** What `archive run` does; `destroys` as by ARCHIVE_AS_OF_DESTROYS. */
async function run(day: string, { dryRun = false, destroys = false } = {}): Promise<ArchiveReport> {
  Object.assign(api.app.get<Config>(CONFIG), { ARCHIVE_AS_OF_DESTROYS: destroys });
  const context = new RequestContext({ source: 'cli', requestId: 'spec', route: 'archive:run' });
  return api.app.get(ArchiverService).run(context, { dryRun, asOf: new Date(day) });
}

async function months(): Promise<string[]> {
  const rows = await server.query<{ name: string }>(
    `SELECT relid::regclass::text AS name FROM pg_partition_tree('audit_logs') WHERE isleaf ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

beforeAll(async () => {
  server = await OwnServer.start();
  superuser = new Client({ connectionString: server.superuserUrl });
  superuser.on('error', () => undefined);
  await superuser.connect();
  await write('2026-03-05', 300);
  await write('2026-04-05', 90);
  await write('2026-05-20', 45);
  await write('2026-08-05', 45);
  api = await startApi({ database: server });
  admin = await api.as('admin');
  await server.query(
    `INSERT INTO members (id, member_number, first_name, last_name, classification) VALUES ($1, 'A17', 'Rosa', 'Delgado', 'foreman')`,
    [record],
  );
  member = await api.as('member', { memberId: record });
  await until(async () => {
    const { items } = (await get<Page>('/audit/logs?limit=1')).body;
    return items[0] !== undefined && 'sealed' in items[0] && items[0].sealed !== null;
  });
  before = await told();
});
afterAll(async () => {
  await superuser.end();
  await api.close();
  await server.drop();
});

it('says in a dry run what it would do, and does nothing', async () => {
  const attached = await months();
  const report = await run(asOf, { dryRun: true });
  expect(report.dryRun).toBe(true);
  expect(report.months.map(({ month, action, objects }) => [month, action, objects[0]?.entries])).toEqual([
    ['2026-03', 'archive', 300],
    ['2026-04', 'archive', 90],
    ['2026-05', 'archive', 45],
  ]);
  expect(await months()).toEqual(attached);
  expect((await get('/archives')).body).toMatchObject({ items: [] });
});

it('moves whole months whose time has come', async () => {
  const report = await run(asOf);
  expect([report.dryRun, report.months.map(({ month, action, detail }) => [month, action, detail])]).toEqual([
    false,
    ['2026-03', '2026-04', '2026-05'].map((month) => [month, 'archive', undefined]),
  ]);
  expect((await months()).filter((name) => name < 'audit_logs_2026_08')).toEqual([]);
  expect((await get('/archives?sort=month')).body).toMatchObject({
    items: [
      { month: '2026-03-01', state: 'archived', entryCount: 300, tableNames: ['members'] },
      { month: '2026-04-01', state: 'archived', entryCount: 90 },
      { month: '2026-05-01', state: 'archived', entryCount: 45 },
    ],
  });
});

it('answers as before, wherever the entries are', async () => {
  expect(Object.keys(before)).toHaveLength(questions.length + 4);
  expect((before.further as { recordIds: number[] }).recordIds).toHaveLength(1_000);
  // A list in two parts is told once.
  const lists = (before[questions[0] ?? ''] as Entry[]).length;
  expect((before.accessLog as Entry[]).length).toBe(lists - 1);
  expect((before[questions[0] ?? ''] as Entry[]).length).toBeGreaterThan(7);
  expect(await told()).toEqual(before);
});

it('verifies as before, and finds nothing left to do', async () => {
  const reply = await admin.post('/audit/verify', {});
  expect(reply.json()).toMatchObject({ valid: true, fault: null, unread: 0, rows: [] });
  const { status, stdout } = await command(['audit', 'verify', '--json']);
  expect([status, JSON.parse(stdout)]).toMatchObject([0, { valid: true, unread: 0 }]);
  expect((await run(asOf)).months).toEqual([]);
});

it('proves an entry that has left the database', async () => {
  const [entry] = before[questions[0] ?? ''] as Entry[];
  const reply = await admin.get(`/audit/logs/${entry?.id}/proof`);
  expect([reply.status, reply.text.startsWith('c2sp.org/tlog-proof@v1\n')]).toEqual([200, true]);
});

it('tells on the command line what is where', async () => {
  const { status, stdout } = await command(['archive', 'list', '--json']);
  const { items, tiers } = JSON.parse(stdout) as { items: object[]; tiers: { tier: string; entries: number }[] };
  expect([status, items]).toMatchObject([
    0,
    [
      { month: '2026-03', state: 'archived', storageClass: 'STANDARD_IA', entries: 300 },
      { month: '2026-04', entries: 90 },
      { month: '2026-05', entries: 45 },
    ],
  ]);
  expect(tiers.map(({ tier, entries }) => [tier, entries > 0])).toEqual([
    ['PostgreSQL', true],
    ['STANDARD_IA', true],
  ]);
});

it.each([
  [['archive', 'run', '--as-of', 'tomorrow'], 'It must be a day such as 2026-11-24.'],
  [['archive', 'restore', 'all'], 'It must be a whole number above zero.'],
  [['archive', 'restore', '4711'], 'There is no such archive.'],
  [['archive', 'restore', '1'], 'It can be read as it is.'],
])('says on the command line what is wrong with %j, and ends with 2', async (args, message) => {
  const { status, stdout, stderr } = await command(args);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});

it('runs over HTTP by the real clock, and takes no other day', async () => {
  const reply = await admin.post('/archives/run', {});
  expect([reply.status, reply.json<ArchiveReport>().months.map(({ action }) => action)]).toEqual([200, ['archive']]);
  const refused = await admin.post('/archives/run', { asOf: '2199-12-31' });
  expect([refused.status, refused.json()['errors']]).toEqual([
    422,
    [{ pointer: '/asOf', message: 'is not known here' }],
  ]);
});

describe('years later', () => {
  const hold = {
    matter: 'Smith v. Local 17',
    reason: 'Subpoena of 3 May',
    tableName: 'members',
    heldFrom: '2026-03-01T00:00:00Z',
    heldTo: '2026-03-10T00:00:00Z',
  };
  /** When the retention of March 2026 is over. */
  const due = '2033-04-02';
  let cold: { id: number; month: string }[];

  it('what is old is cold, and what was hot until now has left, too; the month that goes on goes on', async () => {
    const report = await run('2029-05-02');
    expect(report.months.map(({ month, action }) => [month, action])).toEqual([[thisMonth(), 'archive']]);
    expect(report.objects.map(({ month, action, detail }) => [month, action, detail])).toEqual([
      ['2026-03', 'cool', 'GLACIER'],
      ['2026-04', 'cool', 'GLACIER'],
    ]);
    expect(await months()).toContain(`audit_logs_${thisMonth().replace('-', '_')}`);
    expect((await admin.get('/members')).status).toBe(200);
    const reply = await admin.post('/audit/verify', {});
    expect(reply.json()).toMatchObject({ valid: true, fault: null, unread: 390 });
  });

  it('a search names the archives that must be asked for, and an export of their time is refused', async () => {
    const { body } = await get<Page & { cold?: { archiveId: number; month: string }[] }>(
      `/audit/logs?tableName=members&recordId=${record}&to=2026-09-01T00:00:00Z&limit=200`,
    );
    cold = (body.cold ?? []).map(({ archiveId: id, month }) => ({ id, month }));
    expect(cold.map(({ month }) => month).sort()).toEqual(['2026-03', '2026-04']);
    const expected = (before[questions[0] ?? ''] as Entry[]).filter(({ changedAt }) => changedAt > '2026-05');
    expect(body.items.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    const reply = await admin.get('/audit/export?to=2026-09-01T00:00:00Z');
    expect([reply.status, reply.json<{ type: string }>().type]).toEqual([409, '/docs/errors#archive.cold']);
    expect((await admin.get('/audit/export?from=2026-05-01T00:00:00Z')).status).toBe(200);
  });

  it('what is asked for takes part again, and answers as ever', async () => {
    for (const { id } of cold) {
      const reply = await admin.post(`/archives/${id}/restore`);
      expect([reply.status, typeof reply.json<{ readableUntil: unknown }>().readableUntil]).toEqual([202, 'string']);
    }
    expect(await told()).toEqual(before);
    expect((await admin.post('/audit/verify', {})).json()).toMatchObject({ valid: true, unread: 0 });
  });

  it('what is on hold is not destroyed, whatever somebody has made of the row since', async () => {
    const placed = await admin.post('/legal-holds', hold);
    expect(placed.status).toBe(201);
    await server.query(
      `UPDATE archives SET table_names = '{users}', first_changed_at = '2026-03-31', retain_until = '2000-01-01'
       WHERE month = '2026-03-01'`,
    );
    const report = await run(due, { destroys: true });
    expect(report.objects.find(({ month }) => month === '2026-03')).toMatchObject({
      action: 'keep',
      detail: 'on hold: hold 1 (Smith v. Local 17)',
    });
    expect((await admin.post('/legal-holds/1/release', { reason: 'Settled' })).status).toBe(200);
  });

  it('nothing is destroyed before its time, whatever day is named', async () => {
    const args = ['archive', 'run', '--json', '--dry-run', '--as-of', '2199-12-31'];
    const planned = JSON.parse((await command(args)).stdout) as ArchiveReport;
    for (const { objects } of [planned, await run('2199-12-31')]) {
      expect(objects.filter(({ action }) => action === 'destroy')).toEqual([]);
    }
    const { items } = (await get<{ items: { state: string }[] }>('/archives?limit=50')).body;
    expect([...new Set(items.map(({ state }) => state))]).toEqual(['archived']);
  });

  it('what nobody holds is destroyed in a rehearsal, with a certificate that says so, and the rest still verifies', async () => {
    const report = await run(due, { destroys: true });
    expect(report.objects.filter(({ action }) => action !== 'cool')).toEqual([
      expect.objectContaining({ month: '2026-03', action: 'destroy', detail: 'LMRDA (members)' }),
    ]);
    const { items } = (await get<{ items: Destroyed[] }>('/archives?month=2026-03')).body;
    expect(items).toMatchObject([{ state: 'destroyed', entryCount: 300 }]);
    expect(items[0]?.certificate).toMatch(
      /^ip2a-destruction\/1\n\{.*"entries":300.*"rehearsal":true\}\n\n— ip2a\/test /,
    );
    expect(existsSync(join(api.folder, 'archive', String(items[0]?.objectKey)))).toBe(false);
    const purged = await get<Page>('/audit/logs?tableName=archives&action=PURGE');
    expect(purged.body.items).toHaveLength(1);
    const verdict = (await admin.post('/audit/verify', {})).json<{ unread: number }>();
    expect(verdict).toMatchObject({ valid: true, fault: null, rows: [], rehearsals: [items[0]?.objectKey] });
    expect((await command(['audit', 'verify'])).stdout).toContain(
      `REHEARSAL: ${items[0]?.objectKey} was destroyed before its time\n`,
    );
    expect(verdict.unread).toBeGreaterThanOrEqual(300);
    const rest = await get<Page>(`/audit/logs?tableName=members&to=2026-04-01T00:00:00Z`);
    expect(rest.body.items).toEqual([]);
  });
});

interface Destroyed {
  certificate: string;
  objectKey: string;
}

const thisMonth = () => new Date().toISOString().slice(0, 7);

/** A command of the same site as the API. */
function command(args: string[]) {
  const { LEDGER_PRIVATE_KEY_FILE, LEDGER_ORIGIN, dataFolder } = api.app.get<Config>(CONFIG);
  return runCommand(server, args, { folder: dataFolder, env: { LEDGER_PRIVATE_KEY_FILE, LEDGER_ORIGIN } });
}
