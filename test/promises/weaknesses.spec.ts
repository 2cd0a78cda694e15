import { Client } from 'pg';
import { migrate } from '#platform/database';
import { run } from '../support/cli';
import { until } from '../support/load';
import { spawnApi, startApi, type LocalApi } from '../support/harness';
import { OwnServer } from '../support/own-server';
import { readinessOf } from '../support/readiness';

/**
 * Somebody weakens what P1 and P4 stand on. On a server of its own, because roles belong to all databases of a server.
 * Each weakening is named by the running API, and taken back.
 */
let server: OwnServer;
let api: LocalApi;
let superuser: Client;
let month: string;

beforeAll(async () => {
  server = await OwnServer.start();
  await migrate(server);
  api = await startApi({ database: server });
  superuser = new Client({ connectionString: server.superuserUrl });
  await superuser.connect();
  const { rows } = await superuser.query<{ name: string }>(
    `SELECT relid::regclass::text AS name FROM pg_partition_tree('audit_logs') WHERE isleaf ORDER BY 1 DESC LIMIT 1`,
  );
  month = rows[0]?.name ?? '';
});
afterAll(async () => {
  await superuser.end();
  await api.close();
  await server.drop();
});

interface Ready {
  status: string;
  checks: { grants: { status: string; detail?: string } };
}

async function ready(): Promise<Ready> {
  const reply = await readinessOf(api);
  expect(reply.status).toBe(200);
  return (await reply.json()) as Ready;
}

const fine = { status: 'ok' };
const weak = (detail: string) => ({ status: 'warn', detail });

/** The trigger by which PostgreSQL holds a foreign key, whose name has a number. */
const foreignKey = (
  verb: string,
) => `DO $do$ BEGIN EXECUTE format('ALTER TABLE grievance_step_records ${verb} TRIGGER %I',
  (SELECT tgname FROM pg_trigger WHERE tgrelid = 'grievance_step_records'::regclass AND tgisinternal ORDER BY 1 LIMIT 1)); END $do$`;

/** What is done, how it is undone, and what is then said. `MONTH` is a partition. */
const weakenings: [what: string, done: string, undone: string, said: string][] = [
  [
    'the application’s role is a superuser',
    'ALTER ROLE ip2a_app SUPERUSER',
    'ALTER ROLE ip2a_app NOSUPERUSER',
    'ip2a_app is a superuser: nothing in the database is refused to it',
  ],
  [
    'it may create roles',
    'ALTER ROLE ip2a_app CREATEROLE',
    'ALTER ROLE ip2a_app NOCREATEROLE',
    'ip2a_app may create roles, and perhaps give itself others',
  ],
  [
    'it may run programs of the server',
    'GRANT pg_execute_server_program TO ip2a_app',
    'REVOKE pg_execute_server_program FROM ip2a_app',
    'ip2a_app is a member of pg_execute_server_program, and so master of the server',
  ],
  [
    'it may update entries',
    'GRANT UPDATE ON audit_logs TO ip2a_app',
    'REVOKE UPDATE ON audit_logs FROM ip2a_app',
    'ip2a_app may UPDATE on audit_logs',
  ],
  [
    'it may update one column of them',
    'GRANT UPDATE (notes) ON audit_logs TO ip2a_app',
    'REVOKE UPDATE (notes) ON audit_logs FROM ip2a_app',
    'ip2a_app may UPDATE on audit_logs',
  ],
  [
    'everybody may delete and truncate a month of them',
    'GRANT DELETE, TRUNCATE ON MONTH TO PUBLIC',
    'REVOKE DELETE, TRUNCATE ON MONTH FROM PUBLIC',
    'ip2a_app may DELETE, TRUNCATE on MONTH',
  ],
  [
    'it may add triggers to an audited table',
    'GRANT TRIGGER ON grievances TO ip2a_app',
    'REVOKE TRIGGER ON grievances FROM ip2a_app',
    'ip2a_app may TRIGGER on grievances',
  ],
  [
    'it may set the numbers of entries',
    'GRANT UPDATE ON SEQUENCE audit_logs_id_seq TO ip2a_app',
    'REVOKE UPDATE ON SEQUENCE audit_logs_id_seq FROM ip2a_app',
    'ip2a_app may take or set the numbers of entries (UPDATE on audit_logs_id_seq)',
  ],
  [
    'it may take them',
    'GRANT USAGE ON SEQUENCE audit_logs_id_seq TO ip2a_app',
    'REVOKE USAGE ON SEQUENCE audit_logs_id_seq FROM ip2a_app',
    'ip2a_app may take or set the numbers of entries (USAGE on audit_logs_id_seq)',
  ],
  [
    'it may write a column of entries by itself',
    'GRANT INSERT (id) ON audit_logs TO ip2a_app',
    'REVOKE INSERT (id) ON audit_logs FROM ip2a_app',
    'ip2a_app may INSERT on audit_logs',
  ],
  [
    'everybody may write seals',
    'GRANT INSERT ON audit_seals TO PUBLIC',
    'REVOKE INSERT ON audit_seals FROM PUBLIC',
    'ip2a_app may INSERT on audit_seals',
  ],
  [
    'it may say of a seal that it is not the log’s',
    'GRANT INSERT ON disowned_seals TO ip2a_app',
    'REVOKE INSERT ON disowned_seals FROM ip2a_app',
    'ip2a_app may INSERT on disowned_seals',
  ],
  [
    'everybody may put the trigger that captures on a table of their own',
    'GRANT EXECUTE ON FUNCTION audit_capture() TO PUBLIC',
    'REVOKE EXECUTE ON FUNCTION audit_capture() FROM PUBLIC',
    'ip2a_app may execute audit_capture, which only triggers and the owner do',
  ],
  [
    'it may put triggers to sleep',
    'GRANT SET ON PARAMETER session_replication_role TO ip2a_app',
    'REVOKE SET ON PARAMETER session_replication_role FROM ip2a_app',
    'ip2a_app may set session_replication_role, which puts foreign keys to sleep',
  ],
  [
    'it may make things in the schema',
    'GRANT CREATE ON SCHEMA public TO ip2a_app',
    'REVOKE CREATE ON SCHEMA public FROM ip2a_app',
    'ip2a_app may CREATE in schema public',
  ],
  [
    'it owns an audited table',
    'ALTER TABLE students OWNER TO ip2a_app',
    'ALTER TABLE students OWNER TO ip2a_owner',
    'ip2a_app owns students: it can disable what protects them',
  ],
  [
    'it owns a month of entries',
    'ALTER TABLE MONTH OWNER TO ip2a_app',
    'ALTER TABLE MONTH OWNER TO ip2a_owner',
    'ip2a_app owns MONTH: it can disable what protects them',
  ],
  [
    'it owns the function that captures',
    'ALTER FUNCTION audit_capture() OWNER TO ip2a_app',
    'ALTER FUNCTION audit_capture() OWNER TO ip2a_owner',
    'ip2a_app owns audit_capture(): it can disable what protects them',
  ],
  [
    'a trigger of an audited table is disabled',
    'ALTER TABLE members DISABLE TRIGGER audit_capture_update',
    'ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_update',
    'trigger audit_capture_update of members is disabled',
  ],
  [
    'one sleeps for replicas',
    'ALTER TABLE members ENABLE TRIGGER zz_audit_touch',
    'ALTER TABLE members ENABLE ALWAYS TRIGGER zz_audit_touch',
    'trigger zz_audit_touch of members sleeps in some sessions (it is not ENABLE ALWAYS)',
  ],
  [
    'one is gone',
    'DROP TRIGGER audit_capture_delete ON refresh_tokens',
    `CREATE TRIGGER audit_capture_delete AFTER DELETE ON refresh_tokens FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}');
     ALTER TABLE refresh_tokens ENABLE ALWAYS TRIGGER audit_capture_delete`,
    'trigger audit_capture_delete of refresh_tokens is missing',
  ],
  [
    'one looks away under a condition',
    `CREATE OR REPLACE TRIGGER audit_capture_update AFTER UPDATE ON members FOR EACH ROW WHEN (OLD.id <> 17)
       EXECUTE FUNCTION audit_capture('{}');
     ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_update`,
    `CREATE OR REPLACE TRIGGER audit_capture_update AFTER UPDATE ON members FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
     ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_update`,
    'trigger audit_capture_update of members is not the one that was made',
  ],
  [
    'one does something else',
    `CREATE FUNCTION look_away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE OR REPLACE TRIGGER audit_capture_delete AFTER DELETE ON members FOR EACH ROW EXECUTE FUNCTION look_away();
     ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_delete`,
    `CREATE OR REPLACE TRIGGER audit_capture_delete AFTER DELETE ON members FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
     ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_delete;
     DROP FUNCTION look_away`,
    'trigger audit_capture_delete of members is not the one that was made',
  ],
  [
    'a month may be rewritten by its owner',
    'ALTER TABLE MONTH DISABLE TRIGGER audit_logs_refuse_change',
    'ALTER TABLE MONTH ENABLE ALWAYS TRIGGER audit_logs_refuse_change',
    'trigger audit_logs_refuse_change of MONTH is disabled',
  ],
  [
    'a month may be emptied',
    'DROP TRIGGER audit_logs_refuse_truncate ON MONTH',
    `CREATE TRIGGER audit_logs_refuse_truncate BEFORE TRUNCATE ON MONTH FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
     ALTER TABLE MONTH ENABLE ALWAYS TRIGGER audit_logs_refuse_truncate`,
    'trigger audit_logs_refuse_truncate of MONTH is missing',
  ],
  [
    'entries are swallowed by a rule',
    'CREATE RULE swallow AS ON INSERT TO MONTH DO INSTEAD NOTHING',
    'DROP RULE swallow ON MONTH',
    'MONTH has rules, which can swallow what is written to it',
  ],
  [
    'a trigger restores the number of the entry, so a change leaves none',
    `CREATE FUNCTION restore_ref() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.audit_ref := OLD.audit_ref; RETURN NEW; END';
     CREATE TRIGGER zzz_restore BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION restore_ref()`,
    'DROP TRIGGER zzz_restore ON members; DROP FUNCTION restore_ref',
    'trigger zzz_restore of members is not ours',
  ],
  [
    'a trigger of a month drops entries',
    `CREATE TRIGGER aaa_drop BEFORE INSERT ON MONTH FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`,
    'DROP TRIGGER aaa_drop ON MONTH',
    'trigger aaa_drop of MONTH is not ours',
  ],
  [
    'the trigger that captures hides every value',
    `CREATE OR REPLACE TRIGGER audit_capture_update AFTER UPDATE ON members FOR EACH ROW EXECUTE FUNCTION audit_capture('{phone,city}');
     ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_update`,
    `CREATE OR REPLACE TRIGGER audit_capture_update AFTER UPDATE ON members FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
     ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_update`,
    'trigger audit_capture_update of members is not the one that was made',
  ],
  [
    'a trigger of ours beside the ledger’s is disabled',
    'ALTER TABLE users DISABLE TRIGGER zz_account_changed',
    'ALTER TABLE users ENABLE ALWAYS TRIGGER zz_account_changed',
    'trigger zz_account_changed of users is disabled',
  ],
  [
    'it is gone',
    'DROP TRIGGER hold_stays ON legal_holds',
    `CREATE TRIGGER hold_stays BEFORE DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION legal_hold_stays();
     ALTER TABLE legal_holds ENABLE ALWAYS TRIGGER hold_stays`,
    'trigger hold_stays of legal_holds is missing',
  ],
  [
    'a function of the ledger has another body',
    `DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('audit_leaf_index'::regproc), 'LIMIT 1', 'LIMIT 2'); END $do$`,
    `DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('audit_leaf_index'::regproc), 'LIMIT 2', 'LIMIT 1'); END $do$`,
    'function audit_leaf_index(entry_txid xid8, entry_id bigint) is not the one that was made',
  ],
  [
    'a function looks names up elsewhere',
    'ALTER FUNCTION audit_touch() RESET search_path',
    'ALTER FUNCTION audit_touch() SET search_path = public, pg_temp',
    'function audit_touch() is not the one that was made',
  ],
  [
    'a function of ours is gone',
    'ALTER FUNCTION next_student_number() RENAME TO another',
    'ALTER FUNCTION another() RENAME TO next_student_number',
    'function next_student_number() is missing',
  ],
  [
    'foreign keys are disabled',
    foreignKey('DISABLE'),
    foreignKey('ENABLE'),
    'foreign keys of grievance_step_records are disabled',
  ],
  [
    'rows are hidden by a policy',
    'ALTER TABLE members ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON members USING (id > 1)',
    'DROP POLICY few ON members; ALTER TABLE members DISABLE ROW LEVEL SECURITY',
    'members has row security, which can hide rows and refuse writes',
  ],
  [
    'a child table adds rows',
    'CREATE SCHEMA aside; CREATE TABLE aside.more_members () INHERITS (members)',
    'DROP SCHEMA aside CASCADE',
    'members has the child table more_members, whose rows count as its own',
  ],
  [
    'a parent table reaches rows',
    'CREATE TABLE any_row (id integer NOT NULL); ALTER TABLE members INHERIT any_row',
    'ALTER TABLE members NO INHERIT any_row; DROP TABLE any_row',
    'members is a child table of any_row, by which it can be changed',
  ],
  [
    'rows are handed on by logical replication',
    'CREATE PUBLICATION leak FOR TABLE members, students',
    'DROP PUBLICATION leak',
    'publication leak hands on rows of members, students without entries',
  ],
  [
    'rows come by logical replication',
    `CREATE SUBSCRIPTION feed CONNECTION 'dbname=none' PUBLICATION feed WITH (connect = false, slot_name = NONE, enabled = false);
     INSERT INTO pg_subscription_rel SELECT oid, 'members'::regclass, 'r', '0/0' FROM pg_subscription`,
    'DROP SUBSCRIPTION feed',
    'subscription feed writes into members without entries',
  ],
  [
    'a crash would empty a table',
    'ALTER TABLE salting_activities SET UNLOGGED',
    'ALTER TABLE salting_activities SET LOGGED',
    'salting_activities is not logged: a crash empties it',
  ],
  [
    'what tells of changed objects is disabled',
    'ALTER EVENT TRIGGER ip2a_ddl_command_end DISABLE',
    'ALTER EVENT TRIGGER ip2a_ddl_command_end ENABLE ALWAYS',
    'event trigger ip2a_ddl_command_end is disabled',
  ],
  [
    'it sleeps for replicas',
    'ALTER EVENT TRIGGER ip2a_sql_drop ENABLE',
    'ALTER EVENT TRIGGER ip2a_sql_drop ENABLE ALWAYS',
    'event trigger ip2a_sql_drop sleeps in some sessions (it is not ENABLE ALWAYS)',
  ],
  [
    'it is gone',
    'DROP EVENT TRIGGER ip2a_sql_drop',
    `CREATE EVENT TRIGGER ip2a_sql_drop ON sql_drop EXECUTE FUNCTION ip2a_watch.note_ddl();
     ALTER EVENT TRIGGER ip2a_sql_drop ENABLE ALWAYS`,
    'event trigger ip2a_sql_drop is missing',
  ],
  [
    'it is told of some commands only',
    `DROP EVENT TRIGGER ip2a_sql_drop;
     CREATE EVENT TRIGGER ip2a_sql_drop ON sql_drop WHEN TAG IN ('DROP VIEW') EXECUTE FUNCTION ip2a_watch.note_ddl();
     ALTER EVENT TRIGGER ip2a_sql_drop ENABLE ALWAYS`,
    `DROP EVENT TRIGGER ip2a_sql_drop;
     CREATE EVENT TRIGGER ip2a_sql_drop ON sql_drop EXECUTE FUNCTION ip2a_watch.note_ddl();
     ALTER EVENT TRIGGER ip2a_sql_drop ENABLE ALWAYS`,
    'event trigger ip2a_sql_drop is not the one that was made',
  ],
  [
    'sessions of the owner begin without it',
    'ALTER ROLE ip2a_owner SET event_triggers = off',
    'ALTER ROLE ip2a_owner RESET event_triggers',
    'ip2a_owner begins its sessions with event_triggers=off',
  ],
  [
    'sessions of the application begin as somebody',
    `ALTER ROLE ip2a_app SET ip2a.context = '{}'`,
    'ALTER ROLE ip2a_app RESET ip2a.context',
    'ip2a_app begins its sessions with ip2a.context={}',
  ],
];

/** What no event trigger is told of: roles and settings of the whole server, grants, and what has no schema. */
const isUntold = (done: string) =>
  /^(GRANT|ALTER ROLE|CREATE (PUBLICATION|SUBSCRIPTION)|ALTER EVENT|DROP EVENT)/.test(done);

const inMonth = (text: string) => text.replaceAll('MONTH', month);

it('finds nothing weak in what was made, once its first entries are sealed', async () => {
  await until(async () => (await ready()).status === 'ok');
  expect(await ready()).toMatchObject({ status: 'ok', checks: { grants: fine } });
});

it.each(weakenings)('says so where %s', async (_, done, undone, said) => {
  await superuser.query('BEGIN');
  await superuser.query(inMonth(done));
  const { rows: entries } = await superuser.query(
    `SELECT database_role FROM audit_logs WHERE action = 'DDL' AND txid = pg_current_xact_id()`,
  );
  await superuser.query('COMMIT');
  expect(entries[0]).toEqual(isUntold(done) ? undefined : { database_role: 'postgres' });
  const meanwhile = await ready();
  await superuser.query(inMonth(undone));
  expect([meanwhile.status, meanwhile.checks.grants]).toEqual(['warn', weak(inMonth(said))]);
  expect((await ready()).checks.grants).toEqual(fine);
});

it('says so where the application’s role has become a member of the owner, naming every table', async () => {
  await superuser.query('GRANT ip2a_owner TO ip2a_app');
  const { detail = '' } = (await ready()).checks.grants;
  await superuser.query('REVOKE ip2a_owner FROM ip2a_app');
  expect(detail).toMatch(/^ip2a_app is a member of ip2a_owner, which owns archives, audit_append\(\)/);
  for (const name of ['audit_logs,', month, 'members', 'users', 'break_glass_reviews', 'schema public']) {
    expect(detail).toContain(name);
  }
});

it('looks at months that were made since, and at tables that were audited since', async () => {
  await server.query('SELECT audit_make_partitions(6)');
  await server.query(`CREATE TABLE badges (id integer PRIMARY KEY, updated_at timestamptz, audit_ref bigint NOT NULL);
    SELECT audit_watch('badges')`);
  expect((await ready()).checks.grants).toEqual(fine);
  const [last] = await server.query<{ name: string }>(
    `SELECT relid::regclass::text AS name FROM pg_partition_tree('audit_logs') WHERE isleaf ORDER BY 1 DESC LIMIT 1`,
  );
  expect(String(last?.name) > month).toBe(true);
  await server.query(`ALTER TABLE ${last?.name} DISABLE TRIGGER ALL; ALTER TABLE badges DISABLE TRIGGER USER`);
  expect((await ready()).checks.grants.detail?.split('; ')).toEqual([
    ...['audit_capture_delete', 'audit_capture_insert', 'audit_capture_update'].map(
      (name) => `trigger ${name} of badges is disabled`,
    ),
    `trigger audit_logs_refuse_change of ${last?.name} is disabled`,
    `trigger audit_logs_refuse_truncate of ${last?.name} is disabled`,
    'trigger audit_refuse_truncate of badges is disabled',
    'trigger zz_audit_touch of badges is disabled',
  ]);
  await server.query('DROP TABLE badges');
  await superuser.query(`ALTER TABLE ${last?.name} ENABLE ALWAYS TRIGGER audit_logs_refuse_change,
    ENABLE ALWAYS TRIGGER audit_logs_refuse_truncate`);
  expect((await ready()).checks.grants).toEqual(fine);
});

it('can not serve while it may not add entries', async () => {
  await server.query('REVOKE INSERT ON audit_logs FROM ip2a_owner');
  const reply = await readinessOf(api);
  await server.query('GRANT INSERT ON audit_logs TO ip2a_owner');
  expect([reply.status, ((await reply.json()) as Ready).checks.grants.status]).toEqual([503, 'error']);
});

describe('after migrating', () => {
  const warning = 'Warning: the ledger is weaker than promised: ';

  it('the command says nothing where there is nothing to say, and takes back what was granted', async () => {
    await server.query('GRANT UPDATE, DELETE, TRUNCATE ON audit_logs TO ip2a_app');
    const { status, stdout, stderr } = await run(server, ['migrate']);
    expect([status, stdout, stderr]).toEqual([0, 'The schema is up to date.\n', '']);
    expect((await ready()).checks.grants).toEqual(fine);
  });

  it('the command and the start both say what is weak', async () => {
    await server.query(
      'ALTER TABLE members DISABLE TRIGGER audit_capture_update; GRANT DELETE ON audit_logs TO PUBLIC',
    );
    const expected = [
      `${warning}ip2a_app may DELETE on audit_logs.`,
      `${warning}trigger audit_capture_update of members is disabled.`,
    ];
    const { status, stderr } = await run(server, ['migrate']);
    const program = await spawnApi(server);
    await program.close();
    await server.query(
      'ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_update; REVOKE DELETE ON audit_logs FROM PUBLIC',
    );
    expect([status, stderr.trimEnd().split('\n')]).toEqual([0, expected]);
    expect(program.output.filter((line) => line.startsWith(warning))).toEqual(expected);
  });

  it('the command says so where one role owns and serves', async () => {
    const { status, stderr } = await run(server, ['migrate'], { env: { DATABASE_URL: server.ownerUrl } });
    expect(status).toBe(0);
    const [schema, tables, ...others] = stderr.trimEnd().split('\n');
    expect(schema).toContain(`${warning}ip2a_owner is a member of pg_database_owner, which owns schema public`);
    expect(tables).toContain(`${warning}ip2a_owner owns archives, audit_append()`);
    expect(others).toEqual([]);
  });
});
