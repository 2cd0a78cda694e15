import { Client as Connection } from 'pg';
import { aMember } from '../../libs/members/src/member.factory';
import { spawnApi, type Client, type Program, type Reply } from '../support/harness';
import { inParallel, until } from '../support/load';
import { seedMembers } from '../support/seed';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { slowerThan } from '../support/metrics';
import { tries } from '../support/soak';

/** P2: an access that cannot be recorded is refused within this time, without the data. */
const promisedSeconds = 2;

/** A way to make the ledger unwritable in a database of its own, and what undoes it. */
interface Fault {
  name: string;
  begin: (database: TestDatabase) => Promise<() => Promise<unknown>>;
}

const faults: Fault[] = [
  {
    name: 'the ledger is locked by somebody else',
    begin: async ({ ownerUrl }) => {
      const other = new Connection({ connectionString: ownerUrl });
      await other.connect();
      await other.query('BEGIN; LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE');
      return () => other.end();
    },
  },
  {
    name: 'the application may not insert entries',
    begin: async ({ query }) => {
      await query('REVOKE INSERT ON audit_logs FROM ip2a_owner');
      return () => query('GRANT INSERT ON audit_logs TO ip2a_owner');
    },
  },
  {
    name: 'the disk is full',
    begin: async ({ query }) => {
      // SQLSTATE 53100 is what PostgreSQL raises when a relation cannot be extended.
      await query(`CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
        CREATE TRIGGER disk_full BEFORE INSERT ON audit_logs FOR EACH ROW EXECUTE FUNCTION disk_full()`);
      // To drop the trigger would lock the ledger while the service uses it, which can deadlock.
      return () =>
        query(`CREATE OR REPLACE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$`);
    },
  },
  {
    name: 'the month has no partition',
    begin: async ({ query }) => {
      const [row] = await query<{ name: string }>(
        `SELECT to_char(now() AT TIME ZONE 'UTC', '"audit_logs_"YYYY_MM') AS name`,
      );
      const [bounds] = await query<{ bounds: string }>(
        `SELECT pg_get_expr(relpartbound, oid) AS bounds FROM pg_class WHERE relname = $1`,
        [row?.name],
      );
      await query(`ALTER TABLE audit_logs DETACH PARTITION ${row?.name}`);
      return () => query(`ALTER TABLE audit_logs ATTACH PARTITION ${row?.name} ${bounds?.bounds}`);
    },
  },
];

let api: Program;
let database: TestDatabase;
let ids: number[];
let staff: Client;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  ids = await seedMembers(database, 300);
  api = await spawnApi(database);
  staff = await api.as('staff');
  admin = await api.as('admin');
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

function readings(): Promise<Reply>[] {
  const [id] = ids;
  return [
    staff.get(`/members/${id}`),
    staff.get('/members/by-number/S000001'),
    staff.get('/members?limit=5&count=true'),
    staff.get('/members?q=delgado'),
    staff.get('/members?q=nobody has this name'),
    staff.get('/members/export'),
    staff.get(`/members/${id}`, { 'If-None-Match': '"1"' }),
    staff.get(`/members/${id}/audit-trail`),
    staff.patch(`/members/${id}`, {}),
    staff.get('/auth/me'),
    admin.get('/users'),
    admin.get('/audit/logs'),
    admin.get(`/audit/logs?tableName=members&recordId=${id}`),
  ];
}

function changes(): Promise<Reply>[] {
  const [, id, other] = ids;
  const { email, password } = staff.account;
  return [
    staff.post('/members', aMember()),
    staff.post('/members', aMember(), { 'Idempotency-Key': 'once' }),
    staff.patch(`/members/${id}`, { phone: '555-9999' }),
    staff.delete(`/members/${other}`),
    staff.post('/members/import', 'memberNumber,firstName,lastName,classification\n1,A,B,foreman', {
      'Content-Type': 'text/csv',
    }),
    admin.put(`/users/${staff.account.id}/roles`, { roles: ['member'] }),
    api.anonymous.post('/auth/login', { email, password }),
    api.anonymous.post('/auth/refresh', { refreshToken: staff.session.refreshToken }),
    staff.post('/auth/logout'),
  ];
}

function refusals(): Promise<Reply>[] {
  return [
    staff.get('/users'),
    api.anonymous.get(`/members/${ids[0]}`),
    api.anonymous.post('/auth/login', { email: staff.account.email, password: 'not this one' }),
  ];
}

/** What every record is, so that a difference shows. */
async function state(): Promise<unknown> {
  return database.query(`SELECT
    (SELECT md5(string_agg(m::text, '' ORDER BY m.id)) FROM members m) AS members,
    (SELECT md5(string_agg(u::text, '' ORDER BY u.id)) FROM users u) AS users,
    (SELECT md5(string_agg(r::text, '' ORDER BY r.id)) FROM user_roles r) AS roles,
    (SELECT md5(string_agg(t::text, '' ORDER BY t.id)) FROM refresh_tokens t) AS tokens`);
}

/** The parts of a refusal that a test can foresee; `leaks` must be false. */
function summary(reply: Reply) {
  return {
    status: reply.status,
    type: reply.headers['content-type'],
    retryAfter: Number(reply.headers['retry-after']) > 0,
    etag: reply.headers.etag,
    code: /#(audit|service)\.unavailable"/.test(reply.text),
    leaks: /Delgado|Springfield|@example\.org/.test(reply.text),
  };
}
const refused = {
  status: 503,
  type: 'application/problem+json; charset=utf-8',
  retryAfter: true,
  etag: undefined,
  code: true,
  leaks: false,
};

describe.each(faults)('while $name', ({ begin }) => {
  let end: (() => Promise<unknown>) | undefined;
  let before: unknown;

  beforeAll(async () => {
    before = await state();
    end = await begin(database);
  });
  afterAll(async () => end?.());
  afterEach(async () => expect(await slowerThan(api, promisedSeconds)).toBe(0));

  it.each([
    ['readings', readings],
    ['changes', changes],
    ['refusals', refusals],
  ])('answers %s with 503 in time and without data', async (_, send) => {
    const replies = await Promise.all(send());
    expect(replies.map(summary)).toEqual(replies.map(() => refused));
  });

  it('answers HEAD with 503 in time', async () => {
    const reply = await staff.head(`/members/${ids[0]}`);
    expect([reply.status, reply.headers.etag]).toEqual([503, undefined]);
  });

  it('keeps the time when many wait at once', async () => {
    const replies = await inParallel(tries(160, 400), 80, (index) => {
      const path = `/members/${ids[index % ids.length]}`;
      return index % 2 === 0 ? staff.patch(path, { phone: String(index) }) : staff.get(path);
    });
    expect(others(replies)).toEqual([]);
  });

  it('stays alive and small under a flood, and serves again by itself when the fault is over', async () => {
    const begun = api.residentMiB;
    const replies = await inParallel(tries(600, 4_000), 300, (index) => {
      const id = ids[index % ids.length];
      if (index % 10 === 0) return staff.patch(`/members/${id}`, { phone: String(index) });
      return index % 10 === 1 ? staff.get('/members?limit=200') : staff.get(`/members/${id}`);
    });
    expect(others(replies)).toEqual([]);
    expect(api.residentMiB - begun).toBeLessThan(150);
    expect((await api.anonymous.get('/../../health/live')).json()['status']).toBe('ok');

    await end?.();
    end = undefined;
    const reply = await staff.get(`/members/${ids[0]}`);
    expect(reply.status).toBe(200);
    await api.expectAudit(reply, { action: 'READ', tableName: 'members', recordId: ids[0] });
    expect(await state()).toEqual(before);
  });
});

describe('while somebody holds the record', () => {
  it('refuses a change in time, and does not make it once the record is free', async () => {
    const [id] = ids;
    const holder = new Connection({ connectionString: database.ownerUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM members WHERE id = $1 FOR UPDATE', [id]);
    const before = await state();
    const reply = await staff.patch(`/members/${id}`, { phone: '555-0000' });
    expect(summary(reply)).toEqual(refused);

    // A lock on a transaction has no database, but who waits for it holds others that have.
    const waiting = () =>
      database.query(`SELECT DISTINCT w.pid FROM pg_locks w JOIN pg_locks h ON h.pid = w.pid JOIN pg_database d ON d.oid = h.database
        WHERE NOT w.granted AND d.datname = current_database()`);
    expect(await waiting()).toHaveLength(1);
    await holder.end();
    await until(async () => (await waiting()).length === 0);
    await staff.get(`/members/${id}`);
    expect(await state()).toEqual(before);
  });
});

/** The first few replies that are not what is promised. */
function others(replies: Reply[]) {
  return replies
    .map(summary)
    .filter((reply) => JSON.stringify(reply) !== JSON.stringify(refused))
    .slice(0, 5);
}
