import { text as read } from 'node:stream/consumers';
import { parse } from 'csv-parse/sync';
import { run } from '../../../test/support/cli';
import { startApi, type Client, type LocalApi, type Reply } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
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
});
afterAll(() => api.close());

const idsOf = ({ text }: Reply) => parse<{ id: string }>(text, { columns: true }).map(({ id }) => Number(id));
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
  await api.query('REVOKE INSERT ON audit_logs FROM ip2a_app');
  await expect(read(message)).rejects.toThrow('aborted');
  await api.query('GRANT INSERT ON audit_logs TO ip2a_app');
});

it('lets no other entry wait for those of an export', async () => {
  await api.query(`CREATE FUNCTION slow_part() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF cardinality(NEW.record_ids) > 1000 THEN PERFORM pg_advisory_xact_lock(4711), pg_sleep(0.8); END IF; RETURN NEW; END $$;
    CREATE TRIGGER slow_part BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION slow_part()`);
  let isAnswered = false;
  const exporting = staff.open('HEAD', '/member-employments/export').then(({ statusCode }) => {
    isAnswered = true;
    return statusCode;
  });
  await until(async () => {
    const held = await api.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711`);
    return held.length > 0;
  });
  const reply = await staff.get('/members/1');
  expect([reply.status, isAnswered]).toEqual([200, false]);
  expect(await exporting).toBe(200);
  await api.query('DROP TRIGGER slow_part ON audit_logs');
});

it('is answered with 503, without a record, while its first entry cannot be written', async () => {
  await api.query('REVOKE INSERT ON audit_logs FROM ip2a_app');
  const reply = await staff.get('/member-employments/export');
  await api.query('GRANT INSERT ON audit_logs TO ip2a_app');
  expect([reply.status, reply.headers['content-type']]).toEqual([503, 'application/problem+json; charset=utf-8']);
  expect(reply.ms).toBeLessThan(2_000);
});
