import { Client } from 'pg';
import { migrate } from '#platform/database';
import { migrations } from '#migrations';
import { OwnServer } from '../support/own-server';

/**
 * Somebody changes an object of the schema and takes it back before anything looks. Event triggers put that on record, where a
 * superuser has made them. On a server of its own, because roles belong to all databases of a server.
 */
let server: OwnServer;
beforeAll(async () => {
  server = await OwnServer.start();
});
afterAll(() => server.drop());

interface Entry extends Record<string, unknown> {
  action: string;
  table: string | null;
  role: string;
  source: string;
  filters: { command: string; application: string };
  notes: string;
}

const entriesSql = `SELECT action, table_name AS "table", database_role AS role, source, filters, notes FROM audit_logs
  WHERE action = 'DDL'`;

async function as<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'maintenance' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** What a transaction of the role leaves, after each of the commands. */
const after = (url: string, ...commands: string[]) =>
  as(url, async (client) => {
    await client.query('BEGIN');
    for (const command of commands) await client.query(command);
    const { rows } = await client.query<Entry>(`${entriesSql} AND txid = pg_current_xact_id() ORDER BY id`);
    await client.query('COMMIT');
    return rows;
  });

const count = async () => (await server.query(entriesSql)).length;
const eventTriggers = () =>
  server.query(`SELECT evtname AS name, evtenabled AS enabled FROM pg_event_trigger ORDER BY 1`);

it('needs a superuser: an owner that is none migrates without, in silence', async () => {
  await migrate({ ownerUrl: server.ownerUrl, applicationUrl: server.applicationUrl });
  expect(await eventTriggers()).toEqual([]);
  expect(await server.query(`SELECT FROM pg_roles WHERE rolname = 'ip2a_watch'`)).toEqual([]);
  expect(await after(server.ownerUrl, 'CREATE TABLE aside (id integer)', 'DROP TABLE aside')).toEqual([]);
});

it('is made once by whoever names a superuser, and stays with every later migration', async () => {
  const enabled = [
    { name: 'ip2a_ddl_command_end', enabled: 'A' },
    { name: 'ip2a_sql_drop', enabled: 'A' },
  ];
  await migrate(server);
  expect(await eventTriggers()).toEqual(enabled);
  await migrate(server);
  await migrate({ ownerUrl: server.ownerUrl, applicationUrl: server.applicationUrl });
  expect(await eventTriggers()).toEqual(enabled);
  expect(await count()).toBe(0);
});

const changes: [what: string, table: string | null, tells: string, ...commands: string[]][] = [
  [
    'rows rewritten by another type',
    'members',
    'ALTER TABLE: table public.members',
    `ALTER TABLE members ALTER COLUMN city TYPE varchar(100) USING CASE WHEN id = 17 THEN 'Elsewhere' ELSE city END`,
  ],
  [
    'a trigger more, for a moment',
    'members',
    'DROP TRIGGER: trigger extra on public.members',
    'CREATE TRIGGER extra BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION audit_touch()',
    'DROP TRIGGER extra ON members',
  ],
  [
    'a trigger that slept for a moment',
    'members',
    'ALTER TABLE: table public.members',
    'ALTER TABLE members DISABLE TRIGGER audit_capture_update',
    'ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_update',
  ],
  [
    'a child in another schema',
    'child',
    'CREATE TABLE: table aside.child',
    'CREATE SCHEMA aside',
    'CREATE TABLE aside.child () INHERITS (members)',
  ],
  [
    'a rule',
    'students',
    'CREATE RULE: rule swallow on public.students',
    'CREATE RULE swallow AS ON UPDATE TO students DO INSTEAD NOTHING',
  ],
  ['a rule that goes', 'students', 'DROP RULE: rule swallow on public.students', 'DROP RULE swallow ON students'],
  ['a policy', 'members', 'CREATE POLICY: policy few on public.members', 'CREATE POLICY few ON members'],
  ['a policy that goes', 'members', 'DROP POLICY: policy few on public.members', 'DROP POLICY few ON members'],
  [
    'a function with another body',
    null,
    'CREATE FUNCTION: function public.audit_touch()',
    `DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('audit_touch'::regproc), 'RETURN NEW', 'RETURN  NEW'); END $do$`,
  ],
  [
    'a function that goes',
    null,
    'DROP FUNCTION: function public.aside()',
    `CREATE FUNCTION aside() RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
    'DROP FUNCTION aside()',
  ],
  [
    'a month of the ledger',
    'audit_logs_2031_01',
    'ALTER TABLE: table public.audit_logs_2031_01',
    `SELECT audit_make_month('2031-01-01')`,
  ],
];

describe.each(['ip2a_owner', 'postgres'])('a change by %s', (role) => {
  const url = () => (role === 'postgres' ? server.superuserUrl : server.ownerUrl);
  const undo = (done: string) =>
    ({
      'a child in another schema': 'DROP SCHEMA aside CASCADE',
      'a month of the ledger': 'DROP TABLE audit_logs_2031_01',
    })[done];

  it.each(changes)('of %s has its entry in the same transaction', async (what, table, tells, ...commands) => {
    const entries = await after(url(), ...commands);
    expect(entries.at(-1)).toMatchObject({
      action: 'DDL',
      table,
      role,
      source: 'database',
      filters: { command: tells.split(':')[0], application: 'maintenance' },
      notes: `${tells}; database role ${role}`,
    });
    const undoing = undo(what);
    if (undoing) await after(url(), undoing);
  });

  it('has none where it is rolled back, or concerns nothing of ours', async () => {
    const before = await count();
    const warnings: string[] = [];
    await as(url(), async (client) => {
      client.on('notice', ({ severity, message }) => {
        if (severity === 'WARNING') warnings.push(String(message));
      });
      await client.query('BEGIN; ALTER TABLE members DISABLE TRIGGER audit_capture_update; ROLLBACK');
      await client.query('CREATE TEMPORARY TABLE mine (id integer); CREATE INDEX here ON mine (id); DROP TABLE mine');
      await client.query(
        'CREATE SCHEMA "Aside"; CREATE TABLE "Aside".other (id integer PRIMARY KEY); DROP SCHEMA "Aside" CASCADE',
      );
    });
    expect([await count(), warnings]).toEqual([before, []]);
  });
});

it('lets a change be made whose entry cannot be written, and says so', async () => {
  const warnings: string[] = [];
  await as(server.ownerUrl, async (client) => {
    client.on('notice', ({ message }) => void warnings.push(String(message)));
    await client.query(`BEGIN; REVOKE INSERT ON audit_logs FROM ip2a_watch; CREATE TABLE aside (id integer); ROLLBACK`);
  });
  expect(warnings).toEqual([
    expect.stringMatching(/^the change of table public\.aside has no entry: permission denied/),
  ]);
});

it('runs what the owner has put on the ledger with no rights of a superuser', async () => {
  const [seen] = await as(server.superuserUrl, async (superuser) => {
    await server.query(`CREATE TABLE seen (role text); GRANT INSERT ON seen TO PUBLIC;
      CREATE FUNCTION peep() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.seen VALUES (current_user); RETURN NEW; END $$;
      CREATE TRIGGER peep BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION peep();
      TRUNCATE seen`);
    await superuser.query('CREATE TABLE aside (id integer); DROP TABLE aside');
    return server.query('SELECT DISTINCT role FROM seen');
  });
  await server.query('DROP TRIGGER peep ON audit_logs; DROP FUNCTION peep; DROP TABLE seen');
  expect(seen).toEqual({ role: 'ip2a_watch' });
});

it('is on record for migrations, which go on as before', async () => {
  const last = migrations.at(-1)!;
  const name = new last().name;
  const before = await count();
  await server.query('DELETE FROM migrations WHERE name = $1', [name]);
  await server.query('ALTER TABLE refresh_tokens DROP COLUMN password_proved_at');
  await migrate({ ownerUrl: server.ownerUrl, applicationUrl: server.applicationUrl });
  await server.query('DELETE FROM migrations WHERE name = $1', [name]);
  await migrate(server);
  expect(await count()).toBeGreaterThan(before);
});
