import { Client } from 'pg';
import { OwnServer } from './promises/own-server';

/**
 * What PostgreSQL permits a role that takes sealed months out of the ledger: the ground of
 * docs/decisions/0016-archiver-role.md. The function below is the shape that the decision describes; which months are sealed
 * is a table here.
 */
let server: OwnServer;
let owner: Client;
let archiver: Client;
let application: Client;
let months: string[];

const detach = `
  CREATE TABLE sealed_months (name text PRIMARY KEY);
  CREATE FUNCTION audit_detach_partition(month text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET lock_timeout = '400ms'
  AS $$
  DECLARE
    partition regclass;
  BEGIN
    SELECT i.inhrelid INTO partition FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'public.audit_logs'::regclass AND c.relname = month AND c.relnamespace = 'public'::regnamespace;
    IF partition IS NULL THEN
      RAISE EXCEPTION '% is no month of the ledger', month USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT EXISTS (SELECT FROM sealed_months s WHERE s.name = month) THEN
      RAISE EXCEPTION '% is not wholly sealed', month USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    EXECUTE format('ALTER TABLE audit_logs DETACH PARTITION %s', partition);
    EXECUTE format('CREATE TRIGGER audit_logs_refuse_change BEFORE UPDATE OR DELETE ON %s
      FOR EACH ROW EXECUTE FUNCTION audit_refuse()', partition);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER audit_logs_refuse_change', partition);
  END $$;
  REVOKE EXECUTE ON FUNCTION audit_detach_partition FROM PUBLIC`;

beforeAll(async () => {
  server = await OwnServer.start();
  const superuser = await connect(server.superuserUrl);
  await superuser.query(`CREATE ROLE archiver LOGIN PASSWORD 'archiver'`);
  await superuser.end();
  owner = await connect(server.ownerUrl);
  await owner.query(detach);
  await owner.query(`GRANT USAGE ON SCHEMA public TO archiver; GRANT SELECT ON audit_logs TO archiver;
    GRANT EXECUTE ON FUNCTION audit_detach_partition TO archiver`);
  const url = Object.assign(new URL(server.ownerUrl), { username: 'archiver', password: 'archiver' });
  archiver = await connect(url.href);
  application = await connect(server.applicationUrl);
  const { rows } = await owner.query<{ name: string }>(
    `SELECT relid::regclass::text AS name FROM pg_partition_tree('audit_logs') WHERE isleaf ORDER BY 1`,
  );
  months = rows.map(({ name }) => name);
  await owner.query(
    `INSERT INTO audit_logs (action, source, changed_at) SELECT 'READ', 'job', date_trunc('month', now()) + interval '1 month 1 day'`,
  );
});
afterAll(async () => {
  for (const client of [owner, archiver, application]) await client.end();
  await server.drop();
});

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}

const attached = async () =>
  (
    await owner.query<{ name: string }>(
      `SELECT relid::regclass::text AS name FROM pg_partition_tree('audit_logs') WHERE isleaf ORDER BY 1`,
    )
  ).rows.map(({ name }) => name);

const month = (index: number) => String(months[index]);

describe('without ownership', () => {
  it('no privilege on a table lets a role detach its partitions', async () => {
    await owner.query(`BEGIN; GRANT ALL ON audit_logs, ${month(1)} TO archiver; COMMIT`);
    await expect(archiver.query(`ALTER TABLE audit_logs DETACH PARTITION ${month(1)}`)).rejects.toThrow(
      'must be owner',
    );
    await owner.query(`REVOKE ALL ON audit_logs, ${month(1)} FROM archiver; GRANT SELECT ON audit_logs TO archiver`);
  });

  it('detaching concurrently can be done by no function', async () => {
    await owner.query(`CREATE FUNCTION concurrently() RETURNS void LANGUAGE plpgsql AS
      $$ BEGIN EXECUTE 'ALTER TABLE audit_logs DETACH PARTITION ${month(1)} CONCURRENTLY'; END $$`);
    await expect(owner.query('SELECT concurrently()')).rejects.toThrow('cannot be executed from a function');
    await owner.query('DROP FUNCTION concurrently');
  });
});

it('membership in the owner gives everything: triggers can be disabled', async () => {
  const superuser = await connect(server.superuserUrl);
  await superuser.query('GRANT ip2a_owner TO archiver');
  await archiver.query('BEGIN; ALTER TABLE audit_logs DISABLE TRIGGER audit_logs_refuse_change; ROLLBACK');
  await superuser.query('REVOKE ip2a_owner FROM archiver');
  await superuser.end();
  await expect(archiver.query('ALTER TABLE audit_logs DISABLE TRIGGER audit_logs_refuse_change')).rejects.toThrow(
    'must be owner',
  );
});

describe('a role that may execute one function of the owner', () => {
  it.each([
    ['a month that is not sealed', () => month(1), 'is not wholly sealed'],
    ['the ledger itself', () => 'audit_logs', 'is no month of the ledger'],
    ['another table', () => 'members', 'is no month of the ledger'],
    ['what is no table', () => `${month(1)}; DROP TABLE members`, 'is no month of the ledger'],
  ])('is refused %s', async (_, name, message) => {
    await expect(archiver.query('SELECT audit_detach_partition($1)', [name()])).rejects.toThrow(message);
    expect(await attached()).toEqual(months);
  });

  it('is not led to believe that a month is sealed by tables of its own', async () => {
    await archiver.query(
      `CREATE TEMP TABLE sealed_months (name text); INSERT INTO sealed_months VALUES ('${month(1)}')`,
    );
    await archiver.query('SET search_path = pg_temp, public');
    await expect(archiver.query('SELECT public.audit_detach_partition($1)', [month(1)])).rejects.toThrow(
      'not wholly sealed',
    );
    await archiver.query('RESET search_path; DROP TABLE pg_temp.sealed_months');
  });

  it.each([
    ['add entries', `INSERT INTO audit_logs (action, source) VALUES ('READ', 'job')`],
    ['change them', `UPDATE audit_logs SET notes = 'x'`],
    ['remove them', 'DELETE FROM audit_logs'],
    ['empty the ledger', 'TRUNCATE audit_logs'],
    ['drop a month', 'DROP TABLE MONTH'],
    ['empty a month', 'TRUNCATE MONTH'],
    ['disable a trigger', 'ALTER TABLE MONTH DISABLE TRIGGER ALL'],
    ['say what is sealed', `INSERT INTO sealed_months VALUES ('MONTH')`],
    ['read records', 'SELECT FROM members'],
    ['change the function', 'ALTER FUNCTION audit_detach_partition RESET ALL'],
  ])('may not %s', async (_, sql) => {
    await expect(archiver.query(sql.replace('MONTH', month(1)))).rejects.toThrow(/permission denied|must be owner/);
  });

  it('waits less than a writer does, and gives up without a change', async () => {
    await owner.query('INSERT INTO sealed_months VALUES ($1)', [month(1)]);
    const busy = await connect(server.applicationUrl);
    await busy.query(`BEGIN; INSERT INTO audit_logs (action, source) VALUES ('READ', 'job')`);
    const gaveUp = archiver.query('SELECT audit_detach_partition($1)', [month(1)]).catch((error: unknown) => error);
    await lockIsAwaited(gaveUp);
    const begun = performance.now();
    await application.query(`SELECT audit_append('[{"action": "READ", "source": "job"}]')`);
    expect(performance.now() - begun).toBeLessThan(800);
    expect(await gaveUp).toMatchObject({ code: '55P03' });
    await busy.query('COMMIT');
    await busy.end();
    expect(await attached()).toEqual(months);
  });

  it('takes out a sealed month whole, which then still refuses to be changed, by its owner, too', async () => {
    await archiver.query('SELECT audit_detach_partition($1)', [month(1)]);
    expect(await attached()).toEqual(months.filter((name) => name !== month(1)));
    const { rows } = await owner.query<{ count: number }>(`SELECT count(*)::integer AS count FROM ${month(1)}`);
    expect(rows).toEqual([{ count: 1 }]);
    for (const sql of ['UPDATE MONTH SET notes = NULL', 'DELETE FROM MONTH', 'TRUNCATE MONTH']) {
      await expect(owner.query(sql.replace('MONTH', month(1)))).rejects.toThrow('is refused');
      await expect(archiver.query(sql.replace('MONTH', month(1)))).rejects.toThrow('permission denied');
    }
  });

  it('the application is not', async () => {
    await expect(application.query('SELECT audit_detach_partition($1)', [month(2)])).rejects.toThrow(
      'permission denied',
    );
  });
});

it('a month that is detached by itself loses the trigger that refuses changes', async () => {
  await owner.query(`BEGIN; ALTER TABLE audit_logs DETACH PARTITION ${month(3)}`);
  const { rows } = await owner.query<{ name: string }>(
    `SELECT tgname AS name FROM pg_trigger WHERE tgrelid = '${month(3)}'::regclass ORDER BY 1`,
  );
  await owner.query('ROLLBACK');
  expect(rows.map(({ name }) => name)).toEqual(['audit_logs_refuse_truncate']);
});

/** Resolves once somebody waits for a lock on the ledger; throws where the waiting has ended unseen. */
async function lockIsAwaited(waiting: Promise<unknown>): Promise<void> {
  const waits = { over: false };
  void waiting.then(() => (waits.over = true));
  while (!waits.over) {
    const { rows } = await owner.query(
      `SELECT FROM pg_locks WHERE relation = 'audit_logs'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted`,
    );
    if (rows.length > 0) return;
  }
  throw new Error('Nobody waited for the ledger.');
}
