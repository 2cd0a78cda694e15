import { Client } from 'pg';
import { systemActor } from '#access';
import { OwnSeals, queryOn, VerificationService } from '#ledger';
import { RequestContext } from '#platform/context';
import { run } from '../support/cli';
import { until } from '../support/load';
import { createTestDatabase } from '../support/database';
import { startApi, type LocalApi } from '../support/harness';
import { readinessOf } from '../support/readiness';

/**
 * Somebody with the password of the application's role writes to the ledger, beside the
 * application.
 */
let api: LocalApi;
let application: Client;
let superuser: Client;
let site: { folder: string; env: NodeJS.ProcessEnv };

beforeAll(async () => {
  api = await startApi();
  application = await connect(api.database.applicationUrl);
  superuser = await connect(api.database.superuserUrl);
  const LEDGER_PRIVATE_KEY_FILE = `${api.folder}/ledger.pem`;
  site = { folder: api.folder, env: { LEDGER_ORIGIN: 'ip2a/test', LEDGER_PRIVATE_KEY_FILE } };
  await sealed();
});
afterAll(async () => {
  await application.end();
  await superuser.end();
  await api.close();
});

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}

async function one<Row extends Record<string, unknown>>(sql: string, values?: unknown[]): Promise<Row> {
  const [row] = await api.query<Row>(sql, values);
  if (!row) throw new Error(`No row: ${sql}`);
  return row;
}

/** Writes an entry and waits until it is sealed: sealing goes on. */
async function sealed(): Promise<void> {
  const requestId = `sealed-${performance.now()}`;
  await application.query('SELECT audit_append($1)', [JSON.stringify([{ action: 'READ', source: 'api', requestId }])]);
  await until(async () => {
    const [entry] = await api.query<{ place: string | null }>(
      'SELECT audit_leaf_index(txid, id) AS place FROM audit_logs WHERE request_id = $1',
      [requestId],
    );
    return typeof entry?.place === 'string';
  }, 20_000);
}

async function verdict() {
  const { status, stdout } = await run(api.database, ['audit', 'verify', '--json'], site);
  return {
    status,
    ...(JSON.parse(stdout) as { valid: boolean; fault: { kind: string; entryId: string; detail: string } | null }),
  };
}

async function verify(part: { afterSeq?: number } = {}) {
  return (await api.app.get(VerificationService).run(part)).verdict;
}

const drill = () =>
  new RequestContext({
    source: 'cli',
    requestId: 'drill',
    route: 'ledger:resume',
    actor: systemActor('ledger:resume'),
    reason: 'a drill',
  });

async function ledger(): Promise<{ status: string; detail: string }> {
  const reply = await readinessOf(api);
  return ((await reply.json()) as { checks: { ledger: { status: string; detail: string } } }).checks.ledger;
}

describe('the application’s role', () => {
  it.each([
    ['an entry under an id in use', `INSERT INTO audit_logs (id, action, source) VALUES (1, 'READ', 'api')`],
    ['an entry with a new id', `INSERT INTO audit_logs (action, source) VALUES ('READ', 'api')`],
    ['an entry by COPY', `COPY audit_logs (action, source) FROM PROGRAM 'true'`],
    ['a number of an entry', `SELECT nextval('audit_logs_id_seq')`],
    [
      'an entry of a change',
      `SELECT audit_append('[{"action":"UPDATE","source":"api","tableName":"members","recordId":1}]')`,
    ],
    [
      'an entry of a removal',
      `SELECT audit_append('[{"action":"DELETE","source":"cli","tableName":"members","recordId":1}]')`,
    ],
    ['an entry of psql', `SELECT audit_append('[{"action":"READ","source":"database"}]')`],
    ['a seal', `INSERT INTO audit_seals SELECT * FROM audit_seals LIMIT 1`],
    ['a node of the tree', `INSERT INTO audit_tree_nodes VALUES (1, 99, decode(repeat('00', 32), 'hex'), 1)`],
    ['a cosignature', `INSERT INTO audit_cosignatures (seq, witness, line) VALUES (1, 'w', 'x')`],
    ['that a seal is not the log’s', 'INSERT INTO disowned_seals (seq) VALUES (1)'],
    ['that such a seal was cleared', 'UPDATE disowned_seals SET cleared_at = now()'],
    ['a seal with other entries', bogusSeal(`'{999999999}'`, `decode(repeat('00', 32), 'hex')`)],
  ])('does not write %s', async (_, sql) => {
    await expect(application.query(sql)).rejects.toMatchObject({
      code: expect.stringMatching(/^(42501|55000)$/) as string,
    });
  });

  it.each(['audit_capture', 'audit_touch', 'audit_refuse'])('does not put %s on a table of its own', async (name) => {
    await application.query(
      `CREATE TEMP TABLE IF NOT EXISTS members (id integer, updated_at timestamptz, audit_ref bigint)`,
    );
    const statement = `CREATE TRIGGER mine AFTER INSERT ON pg_temp.members REFERENCING NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION public.${name}()`;
    await expect(application.query(statement)).rejects.toMatchObject({ code: '42501' });
    await application.query('DROP TABLE pg_temp.members');
  });

  it('says in a context of its own who acted, but not as which role: the guide says so', async () => {
    const context = JSON.stringify({ userId: 1, email: 'president@local.example', source: 'api' });
    await application.query('BEGIN');
    await application.query(`SELECT set_config('ip2a.context', $1, true)`, [context]);
    await application.query(`INSERT INTO members (member_number, first_name, last_name, classification)
      VALUES ('forged', 'a', 'b', 'foreman')`);
    await application.query('COMMIT');
    const [entry] = await api.entries({ tableName: 'members' });
    expect(entry).toMatchObject({ actorEmail: 'president@local.example', databaseRole: 'ip2a_app' });
  });
});

/** A seal by the function that sealing uses, with nothing of it signed. */
function bogusSeal(ids = `'{}'`, hashes = `''`, checkpoint = `'nothing'`): string {
  return `SELECT audit_seal((SELECT coalesce(max(seq), 0) FROM audit_seals WHERE seq NOT IN (SELECT seq FROM disowned_seals)),
    decode(repeat('00', 32), 'hex'), '', ${checkpoint}, '1', ${ids}, ${hashes}, '{1}', '{7}', ARRAY[decode(repeat('01', 32), 'hex')])`;
}

const latest = `(SELECT s FROM audit_seals s WHERE seq NOT IN (SELECT seq FROM disowned_seals) ORDER BY seq DESC LIMIT 1)`;
const copied = (changes: string, condition = 'true') => `INSERT INTO audit_seals
  SELECT (jsonb_populate_record(s, jsonb_build_object('seq', (SELECT max(seq) + 3 FROM audit_seals WHERE seq < 1000000), 'entry_count', 0, 'entry_ids', '{}'::bigint[],
    'leaf_hashes', '') || ${changes})).* FROM audit_seals s WHERE ${condition} ORDER BY seq DESC LIMIT 1`;

describe('a row among the seals that the log did not make', () => {
  const rows: [what: string, client: () => Client, sql: string][] = [
    ['by the function, unsigned', () => application, bogusSeal()],
    [
      'by the function, with a checkpoint that was signed before',
      () => application,
      bogusSeal(`'{}'`, `''`, '(SELECT checkpoint FROM audit_seals ORDER BY seq LIMIT 1)'),
    ],
    [
      'by somebody with more rights, that passes over entries',
      () => superuser,
      copied(`'{"last_txid": "9000000000000000000"}'`),
    ],
    ['of another size', () => superuser, copied(`'{"tree_size": 999999, "checkpoint": "x"}'`)],
    ['from long before', () => superuser, copied(`'{}'`, 'seq = 1')],
    [
      'with an entry that is sealed already',
      () => superuser,
      `INSERT INTO audit_seals SELECT (jsonb_populate_record(s, jsonb_build_object('seq', (SELECT max(seq) + 3 FROM audit_seals WHERE seq < 1000000)))).*
       FROM audit_seals s WHERE entry_count > 0 ORDER BY seq DESC LIMIT 1`,
    ],
    [
      'of the last number there is',
      () => superuser,
      `INSERT INTO audit_seals SELECT (jsonb_populate_record(s, '{"seq": 9223372036854775807, "checkpoint": "x"}')).*
       FROM audit_seals s ORDER BY seq DESC LIMIT 1`,
    ],
  ];
  it.each(rows)('is named, passed over and cleared on record: %s', async (_what, client, sql) => {
    await client().query(sql);
    await sealed();
    const { seq } = await one<{ seq: string }>('SELECT seq FROM disowned_seals WHERE cleared_at IS NULL');
    expect(await ledger()).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining(`the log did not make checkpoint ${seq} in the database`) as string,
    });
    await expect(verify()).resolves.toMatchObject({ valid: false, fault: { kind: 'checkpoint' } });
    await api.app.get(OwnSeals).clear(drill(), queryOn(application));
    expect((await ledger()).status).toBe('ok');
    await expect(verify()).resolves.toMatchObject({ valid: true });
    const entries = await api.entries({ tableName: 'disowned_seals' });
    expect(entries.slice(-2)).toMatchObject([
      { action: 'CREATE', actorEmail: 'system:ledger:seal', newValues: { cleared_at: null } },
      { action: 'UPDATE', actorEmail: 'system:ledger:resume', reason: 'a drill' },
    ]);
  });

  it('is cleared by a command, with a reason', async () => {
    await application.query(bogusSeal());
    await sealed();
    expect((await run(api.database, ['ledger', 'resume'], site)).status).toBe(2);
    expect((await run(api.database, ['ledger', 'resume', '--reason', ' . '], site)).status).toBe(2);
    expect(await verdict()).toMatchObject({ status: 1, fault: { kind: 'checkpoint' } });
    const { status, stdout } = await run(api.database, ['ledger', 'resume', '--reason', 'a drill'], site);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^Cleared: checkpoint \d+\.\n$/)]);
    expect(await verdict()).toMatchObject({ status: 0, valid: true });
  });

  it('is found where it is the log’s own: who disowns a signed checkpoint is told', async () => {
    await until(async () => Number((await one<{ n: string }>(`SELECT (${latest}).seq AS n`)).n) > 0);
    await superuser.query(`INSERT INTO disowned_seals (seq) VALUES ((${latest}).seq)`);
    await expect(verify()).resolves.toMatchObject({ valid: false });
    await superuser.query(`ALTER TABLE disowned_seals DISABLE TRIGGER USER`);
    await superuser.query(`DELETE FROM disowned_seals WHERE id = (SELECT max(id) FROM disowned_seals);
      ALTER TABLE disowned_seals ENABLE ALWAYS TRIGGER zz_audit_touch`);
  });
});

it('a line that is no cosignature is not handed out', async () => {
  const { seq } = await one<{ seq: string }>(`SELECT (${latest}).seq`);
  await application.query('SELECT audit_cosign($1, $2, $3)', [seq, 'witness.example', '— witness.example AAAA\n']);
  const admin = await api.as('admin');
  expect((await admin.get('/audit/checkpoint')).text).not.toContain('witness.example');
});

describe('an entry that somebody with more rights wrote under an id in use', () => {
  it('is a fault of a verification, and is not shown in place of the true one', async () => {
    const admin = await api.as('admin');
    const { id } = await one<{ id: string }>(
      `SELECT id FROM audit_logs WHERE action = 'READ' ORDER BY txid, id LIMIT 1`,
    );
    const before = (await admin.get(`/audit/logs/${id}`)).json();
    await superuser.query(`INSERT INTO audit_logs (id, action, source, notes) VALUES ($1, 'READ', 'api', 'false')`, [
      id,
    ]);
    await sealed();
    expect((await admin.get(`/audit/logs/${id}`)).json()).toEqual(before);
    expect(await verdict()).toMatchObject({ status: 1, valid: false, fault: { kind: 'inserted', entryId: id } });
    const newest = () =>
      one<{ seq: number }>('SELECT max(seq)::float8 AS seq FROM audit_seals WHERE seq < 1000000').then(
        ({ seq }) => seq,
      );
    const forgedBy = await newest();
    while ((await newest()) < forgedBy + 3) await sealed();
    const begun = await newest();
    await superuser.query(`INSERT INTO audit_logs (id, action, source, notes) VALUES (1, 'READ', 'api', 'false')`);
    await sealed();
    expect(await verify({ afterSeq: begun })).toMatchObject({
      valid: false,
      fault: { kind: 'inserted', entryId: '1' },
    });
  });
});

it('goes on in a database whose first seal is not the log’s', async () => {
  const database = await createTestDatabase();
  const first = await connect(database.superuserUrl);
  await first.query(`INSERT INTO audit_seals VALUES (1, now(), 7, 0, '', '', 'nothing', '9', 9, '9', '{}', '')`);
  await first.end();
  const other = await startApi({ database });
  await until(
    async () => (await database.query('SELECT FROM audit_logs WHERE audit_leaf_index(txid, id) >= 0')).length > 0,
  );
  await other.close();
  await database.drop();
});
