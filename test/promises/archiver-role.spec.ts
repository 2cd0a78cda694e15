import { Client } from 'pg';
import { migrate } from '#platform/database';
import { OwnServer } from '../support/own-server';

/**
 * What the role of an archiver may do, which migrating grants it: take months out of the ledger that are stored, and nothing else
 * (docs/decisions/0016-archiver-role.md).
 */
let server: OwnServer;
let owner: Client;
let archiver: Client;
let application: Client;
let months: string[];
let stored: number;

const past = '2026-03-01';

beforeAll(async () => {
  server = await OwnServer.start();
  const superuser = await connect(server.superuserUrl);
  await superuser.query(`CREATE ROLE archiver LOGIN PASSWORD 'archiver'`);
  const url = Object.assign(new URL(server.ownerUrl), { username: 'archiver', password: 'archiver' });
  await migrate({ ownerUrl: server.ownerUrl, applicationUrl: server.applicationUrl, archiverUrl: url.href });
  owner = await connect(server.ownerUrl);
  archiver = await connect(url.href);
  application = await connect(server.applicationUrl);
  await owner.query(`SELECT audit_make_month('${past}')`);
  await superuser.query(
    `INSERT INTO audit_logs (action, source, changed_at) SELECT 'READ', 'job', '2026-03-05'::timestamptz + n * interval '1 hour' FROM generate_series(1, 3) n`,
  );
  await superuser.end();
  months = await attached();
  stored = await archiveOf('exporting');
});
afterAll(async () => {
  for (const client of [owner, archiver, application]) await client.end();
  await server.drop();
});

/** The row of an object that holds the month up to its last entry. */
async function archiveOf(state: 'exporting' | 'stored'): Promise<number> {
  const { rows } = await owner.query<{ id: number }>(
    `INSERT INTO archives (month, state, format, object_key, after_txid, after_id, through_txid, through_id, entry_count, bytes, sha256, root,
       longest_line, first_txid, first_id, lowest_id, highest_id, first_changed_at, last_changed_at, table_names, storage_class, retain_until,
       manifest, stored_at)
     SELECT $1::date, $2, 'parquet', 'entries/' || gen_random_uuid(), 0, 0, txid::text::bigint, id, 3, 1, repeat('0', 64), repeat('0', 64), 1, 1, 1, 1, 1,
       changed_at, changed_at, '{}', 'STANDARD', '2033-04-01', '', now()
     FROM audit_logs WHERE changed_at >= $1::date AND changed_at < $1::date + 31 ORDER BY txid DESC, id DESC LIMIT 1 RETURNING id`,
    [past, state],
  );
  return rows[0]?.id ?? 0;
}

const release = (client: Client, month = past, ids = [stored]) =>
  client.query('SELECT audit_release_month($1::date, $2)', [month, ids]);

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

describe('without ownership', () => {
  it('no privilege on a table lets a role detach its partitions', async () => {
    await owner.query(`BEGIN; GRANT ALL ON audit_logs, audit_logs_2026_03 TO archiver; COMMIT`);
    await expect(archiver.query(`ALTER TABLE audit_logs DETACH PARTITION audit_logs_2026_03`)).rejects.toThrow(
      'must be owner',
    );
    await owner.query(`REVOKE ALL ON audit_logs, audit_logs_2026_03 FROM archiver`);
  });

  it('detaching concurrently can be done by no function', async () => {
    await owner.query(`CREATE FUNCTION concurrently() RETURNS void LANGUAGE plpgsql AS
      $$ BEGIN EXECUTE 'ALTER TABLE audit_logs DETACH PARTITION audit_logs_2026_03 CONCURRENTLY'; END $$`);
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

describe('a role that may execute two functions of the owner', () => {
  it.each([
    ['a month that is not stored', () => release(archiver), 'is not stored as a whole'],
    ['a month of which another object is stored', () => release(archiver, past, [4711]), 'is not stored as a whole'],
    ['what is no month', () => release(archiver, '1999-01-01'), 'is no month of the ledger'],
    [
      'dropping what was not taken out',
      () => archiver.query('SELECT audit_drop_released($1)', [[stored]]),
      'Not all of these are archived',
    ],
  ])('is refused %s', async (_, work, message) => {
    await expect(work()).rejects.toThrow(message);
    expect(await attached()).toEqual(months);
  });

  it('is not led to believe that a month is stored by tables of its own', async () => {
    await archiver.query(
      `CREATE TEMP TABLE archives AS SELECT ${stored} AS id, '${past}'::date AS month, 'stored'::text AS state, 1::bigint AS through_txid, 1::bigint AS through_id`,
    );
    await archiver.query('SET search_path = pg_temp, public');
    await expect(archiver.query('SELECT public.audit_release_month($1::date, $2)', [past, [stored]])).rejects.toThrow(
      'not stored as a whole',
    );
    await archiver.query('RESET search_path; DROP TABLE pg_temp.archives');
  });

  it.each([
    ['add entries', `INSERT INTO audit_logs (action, source) VALUES ('READ', 'job')`],
    ['read them', 'SELECT FROM audit_logs'],
    ['change them', `UPDATE audit_logs SET notes = 'x'`],
    ['remove them', 'DELETE FROM audit_logs'],
    ['empty the ledger', 'TRUNCATE audit_logs'],
    ['drop a month', 'DROP TABLE audit_logs_2026_03'],
    ['empty a month', 'TRUNCATE audit_logs_2026_03'],
    ['disable a trigger', 'ALTER TABLE audit_logs_2026_03 DISABLE TRIGGER ALL'],
    ['say what is stored', `UPDATE archives SET state = 'stored'`],
    ['make months', `SELECT audit_make_month('2020-01-01')`],
    ['read records', 'SELECT FROM members'],
    ['change the function', 'ALTER FUNCTION audit_release_month RESET ALL'],
  ])('may not %s', async (_, sql) => {
    await expect(archiver.query(sql)).rejects.toThrow(/permission denied|must be owner/);
  });

  it('waits less than a writer does, and gives up without a change', async () => {
    await owner.query(`UPDATE archives SET state = 'stored' WHERE id = $1`, [stored]);
    const busy = await connect(server.applicationUrl);
    await busy.query(`BEGIN; SELECT audit_append('[{"action": "READ", "source": "job"}]')`);
    const gaveUp = release(archiver).catch((error: unknown) => error);
    await lockIsAwaited(gaveUp);
    const begun = performance.now();
    await application.query(`SELECT audit_append('[{"action": "READ", "source": "job"}]')`);
    expect(performance.now() - begun).toBeLessThan(800);
    expect(await gaveUp).toMatchObject({ code: '55P03' });
    await busy.query('COMMIT');
    await busy.end();
    expect(await attached()).toEqual(months);
  });

  it('takes out a stored month whole, which then still refuses to be changed, by its owner, too', async () => {
    await release(archiver);
    expect(await attached()).toEqual(months.filter((name) => name !== 'audit_logs_2026_03'));
    const taken = `audit_logs_released_${stored}`;
    const { rows } = await owner.query<{ count: number }>(`SELECT count(*)::integer AS count FROM ${taken}`);
    expect(rows).toEqual([{ count: 3 }]);
    for (const sql of [`UPDATE ${taken} SET notes = NULL`, `DELETE FROM ${taken}`, `TRUNCATE ${taken}`]) {
      await expect(owner.query(sql)).rejects.toThrow('is refused');
      await expect(archiver.query(sql)).rejects.toThrow('permission denied');
      await expect(application.query(sql)).rejects.toThrow('permission denied');
    }
  });

  it('says in the same transaction where the entries are, on record under its own name', async () => {
    const { rows } = await owner.query(
      `SELECT a.state, l.database_role AS "databaseRole", l.new_values ->> 'state' AS told FROM archives a JOIN audit_logs l ON l.id = a.audit_ref WHERE a.id = $1`,
      [stored],
    );
    expect(rows).toEqual([{ state: 'archived', databaseRole: 'archiver', told: 'archived' }]);
  });

  it('drops it, once', async () => {
    for (let time = 0; time < 2; time += 1) await archiver.query('SELECT audit_drop_released($1)', [[stored]]);
    const { rows } = await owner.query(`SELECT to_regclass($1) AS left`, [`audit_logs_released_${stored}`]);
    expect(rows).toEqual([{ left: null }]);
  });

  it('leaves in the ledger what came after what is stored', async () => {
    await owner.query(`SELECT audit_make_month('${past}')`);
    const superuser = await connect(server.superuserUrl);
    const late = (hour: number) =>
      superuser.query(
        `INSERT INTO audit_logs (action, source, changed_at) VALUES ('READ', 'job', '2026-03-05 0${hour}:00Z') RETURNING id`,
      );
    await late(1);
    const second = await archiveOf('stored');
    const { rows: after } = await late(2);
    await superuser.end();
    await release(archiver, past, [second]);
    const { rows } = await owner.query(`SELECT id FROM audit_logs WHERE changed_at < '2026-04-01'`);
    expect(rows).toEqual(after);
    expect(await attached()).toEqual(months);
  });

  it('the application may not', async () => {
    await expect(release(application)).rejects.toThrow('permission denied');
    await expect(application.query('SELECT audit_drop_released($1)', [[stored]])).rejects.toThrow('permission denied');
  });
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
