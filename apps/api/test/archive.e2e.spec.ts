import { Client } from 'pg';
import { OwnServer } from '../../../test/promises/own-server';
import type { Client as Person } from './client';
import { ip2a } from './command';
import { startApi, type LocalApi } from './harness';
import { until } from './load';

/** A server of its own: what others have under way would hold the sealing up. */
let server: OwnServer;
let api: LocalApi;
let superuser: Client;
let admin: Person;
/** What the ledger said before anything was archived. */
let before: Told;

const asOf = '2026-09-01';
const record = 17;

interface Entry {
  id: number;
  changedAt: string;
}

interface Page {
  items: Entry[];
  nextCursor: string | null;
}

interface Report {
  dryRun: boolean;
  months: { month: string; action: string; detail?: string; objects: { entries: number }[] }[];
}

/** Entries of old months, as they were written then: changes of many members, of which one is looked at, and lists that showed it. */
async function write(day: string, count: number): Promise<void> {
  const name = `audit_logs_${day.slice(0, 7).replace('-', '_')}`;
  await server.query(`SELECT audit_make_month($1::timestamp) WHERE to_regclass($2) IS NULL`, [
    `${day.slice(0, 7)}-01`,
    name,
  ]);
  await superuser.query(
    `INSERT INTO audit_logs (action, source, table_name, record_id, record_ids, filters, old_values, new_values, changed_fields,
       changed_by, actor_email, actor_roles, ip_address, request_id, route, reason, changed_at)
     SELECT CASE n % 3 WHEN 0 THEN 'BULK_READ' ELSE 'UPDATE' END, 'api', 'members', CASE WHEN n % 3 > 0 THEN n % 40 END,
       CASE WHEN n % 3 = 0 THEN ARRAY[n % 40, 5000 + n] END, CASE WHEN n % 3 = 0 THEN '{"q": "a\\"b"}'::jsonb END, '{"phone": null}',
       jsonb_build_object('phone', n, 'hourly_rate', '41.50'::numeric), '{phone,hourly_rate}', n % 4, 'clerk@local.example', '{staff,"odd, one"}',
       CASE n % 2 WHEN 0 THEN '192.0.2.17'::inet ELSE '2001:db8::7' END, 'r' || n % 9, 'members:update', 'called', $1::timestamptz + n * interval '1 minute'
     FROM generate_series(1, $2::integer) n`,
    [day, count],
  );
}

const questions = [
  `/audit/logs?tableName=members&recordId=${record}&to=2026-09-01T00:00:00Z`,
  `/audit/logs?tableName=members&recordId=${record}&from=2026-03-05T01:00:00Z&to=2026-04-05T00:10:00%2B00:00`,
  '/audit/logs?changedBy=2&to=2026-07-01T00:00:00Z',
  '/audit/logs?ipAddress=2001:db8::7&to=2026-05-01T00:00:00Z',
  '/audit/logs?requestId=r3&to=2026-09-01T00:00:00Z',
  '/audit/logs?action=BULK_READ&tableName=members&to=2026-09-01T00:00:00Z',
];

type Told = Record<string, unknown>;

/** Every page of every question, an entry by itself, and the export. */
async function told(): Promise<Told> {
  const answers: Told = {};
  for (const question of questions) {
    const entries: Entry[] = [];
    let cursor: string | null = null;
    do {
      const page: Reply<Page> = await get(
        `${question}&limit=7${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      );
      entries.push(...page.body.items);
      cursor = page.body.nextCursor;
    } while (cursor);
    answers[question] = entries;
  }
  const [entry] = answers[questions[0] ?? ''] as Entry[];
  answers.one = (await get(`/audit/logs/${entry?.id}`)).body;
  answers.export = (await admin.get('/audit/export?to=2026-09-01T00:00:00Z')).text;
  return answers;
}

interface Reply<Body> {
  status: number;
  body: Body;
}

async function get<Body>(path: string): Promise<Reply<Body>> {
  const reply = await admin.get(path);
  return { status: reply.status, body: reply.json<Body>() };
}

async function run(body: object): Promise<Reply<Report>> {
  const reply = await admin.post('/archives/run', body);
  return { status: reply.status, body: reply.json<Report>() };
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
  const { status, body } = await run({ dryRun: true, asOf });
  expect([status, body.dryRun]).toEqual([200, true]);
  expect(body.months.map(({ month, action, objects }) => [month, action, objects[0]?.entries])).toEqual([
    ['2026-03', 'archive', 300],
    ['2026-04', 'archive', 90],
    ['2026-05', 'archive', 45],
  ]);
  expect(await months()).toEqual(attached);
  expect((await get('/archives')).body).toMatchObject({ items: [] });
});

it('moves whole months whose time has come', async () => {
  const { status, body } = await run({ asOf });
  expect([status, body.months.map(({ month, action, detail }) => [month, action, detail])]).toEqual([
    200,
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
  expect(Object.keys(before)).toHaveLength(questions.length + 2);
  expect((before[questions[0] ?? ''] as Entry[]).length).toBeGreaterThan(7);
  expect(await told()).toEqual(before);
});

it('verifies as before, and finds nothing left to do', async () => {
  const reply = await admin.post('/audit/verify', {});
  expect(reply.json()).toMatchObject({ valid: true, fault: null, unread: 0 });
  const { status, stdout } = await ip2a(server, ['audit', 'verify', '--json']);
  expect([status, JSON.parse(stdout)]).toMatchObject([0, { valid: true, unread: 0 }]);
  expect((await run({ asOf })).body.months).toEqual([]);
});
