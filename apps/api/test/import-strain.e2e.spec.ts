import { once } from 'node:events';
import { Client as Connection } from 'pg';
import { Readable } from 'node:stream';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { type Client, codeOf, type Program, type Reply, spawnApi } from '../../../test/support/harness';
import { tries } from '../../../test/support/soak';

const header = 'memberNumber,firstName,lastName,classification,address,notes';
/** What the program may grow by, however long the file is. */
const allowanceMiB = 160;

let database: TestDatabase;
let api: Program;
let staff: Client;
beforeAll(async () => {
  database = await createTestDatabase();
  await start();
});
// A program that a test brought down is not there to fail the next test as well.
beforeEach(() => api.anonymous.get('/../../health/live').catch(start));
afterAll(async () => {
  await api.close();
  await database.drop();
});

async function start(): Promise<void> {
  api = await spawnApi(database);
  staff = await api.as('staff');
}

const stillServes = async () =>
  expect([api.isRunning, (await staff.get('/members?limit=1')).status]).toEqual([true, 200]);

describe('a broken file', () => {
  const forms: [what: string, body: string][] = [
    [
      'a form that ends in the middle of its file',
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nmemberNumber,firstName',
    ],
    ['a form that ends in the middle of its header', '--x\r\nContent-Disposition: form-data; na'],
    ['a form with nothing in it', '--x--\r\n'],
    ['no form at all', 'nothing'],
    [
      'a form with a text where its file belongs',
      '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc\r\n--x--\r\n',
    ],
  ];
  it.each(forms)('is refused where it is %s, and the program goes on', async (_what, body) => {
    const reply = await staff.post('/members/import', body, { 'Content-Type': 'multipart/form-data; boundary=x' });
    expect(codeOf(reply)).toEqual([400, 'request.malformed']);
    await stillServes();
  });

  it.each(['all-or-nothing', 'report'])(
    'is refused where a row does not end, and its connection serves the next request (%s)',
    async (mode) => {
      const csv = `${header}\nX1,${'x'.repeat(3_000_000)}`;
      const reply = await staff.post(`/members/import?mode=${mode}`, csv, { 'Content-Type': 'text/csv' });
      expect(codeOf(reply)).toEqual([400, 'request.malformed']);
      await stillServes();
    },
  );
});

describe('a file of many rows', () => {
  const rows = tries(30_000, 100_000);
  function* lines() {
    yield `${header}\n`;
    for (let row = 0; row < rows; row += 1)
      yield `L${row},Rosa,Delgado ${row},foreman,${row} Elm Street,${'note '.repeat(20)}\n`;
  }

  /** The most memory the program had while the work was done, above what it had before. */
  async function growthDuring(work: () => Promise<unknown>): Promise<number> {
    const before = api.residentMiB;
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, api.residentMiB)), 50);
    try {
      await work();
    } finally {
      clearInterval(watch);
    }
    return most - before;
  }

  it('is imported whole, each row on record, in memory that does not grow with it', async () => {
    let reply: Reply | undefined;
    const growth = await growthDuring(async () => {
      reply = await staff.post('/members/import', Readable.from(lines()), { 'Content-Type': 'text/csv' });
    });
    expect([reply?.status, reply?.json()]).toEqual([
      200,
      { rowsRead: rows, rowsCreated: rows, rowsRefused: 0, errors: [] },
    ]);
    const [counted] = await database.query<{ members: number; entries: number }>(
      `SELECT (SELECT count(*)::integer FROM members) AS members,
           (SELECT count(DISTINCT record_id)::integer FROM audit_logs WHERE action = 'CREATE' AND request_id = $1) AS entries`,
      [reply?.requestId],
    );
    expect(counted).toEqual({ members: rows, entries: rows });
    expect(growth).toBeLessThan(allowanceMiB);
  });

  it('is exported whole, in memory that does not grow with it', async () => {
    let received = 0;
    let requestId = '';
    const growth = await growthDuring(async () => {
      const message = await staff.open('GET', '/members/export');
      requestId = String(message.headers['x-request-id']);
      message.on('data', (chunk: Buffer) => (received += chunk.filter((byte) => byte === 10).length));
      await once(message, 'end');
    });
    expect(received).toBe(rows + 1);
    const [entry] = await database.query<{ count: number }>(
      'SELECT sum(cardinality(record_ids))::integer AS count FROM audit_logs WHERE request_id = $1',
      [requestId],
    );
    expect(entry?.count).toBe(rows);
    expect(growth).toBeLessThan(allowanceMiB);
  });
});

describe('an import on a slow database', () => {
  /** The time of one row, in ms. The rest of an import takes little beside it. */
  const rowMs = 10;
  const file = (prefix: string, rows: number) =>
    [header, ...Array.from({ length: rows }, (_, row) => `${prefix}${row},Rosa,Delgado,foreman,,`)].join('\n');
  let superuser: Connection;
  beforeAll(async () => {
    superuser = new Connection({ connectionString: database.superuserUrl });
    await superuser.connect();
    await database.query(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(${rowMs / 1000}); RETURN NEW; END $$;
      CREATE TRIGGER dawdle BEFORE INSERT ON members FOR EACH ROW EXECUTE FUNCTION dawdle()`);
  });
  afterAll(async () => {
    await database.query('DROP FUNCTION dawdle CASCADE');
    await superuser.end();
  });

  /**
   * Imports while somebody reads. Answers how long its longest transaction kept entries from being sealed, in seconds. Those
   * of other databases, which do so too, are not the import's.
   */
  async function importing(csv: string, mode: string): Promise<{ reply: Reply; waitedSeconds: number }> {
    let waitedSeconds = 0;
    const state = { isOver: false };
    const sent = staff
      .post(`/members/import?mode=${mode}`, csv, { 'Content-Type': 'text/csv' })
      .finally(() => (state.isOver = true));
    while (!state.isOver) {
      await staff.get('/members?limit=1');
      const { rows } = await superuser.query<{ seconds: number | null }>(
        `SELECT max(extract(epoch FROM clock_timestamp() - xact_start))::float8 AS seconds FROM pg_stat_activity
         WHERE datname = current_database() AND backend_xid IS NOT NULL`,
      );
      waitedSeconds = Math.max(waitedSeconds, rows[0]?.seconds ?? 0);
    }
    return { reply: await sent, waitedSeconds };
  }
  const created = async (prefix: string) =>
    (await database.query('SELECT FROM members WHERE member_number LIKE $1', [`${prefix}%`])).length;

  it('is refused before others wait for it where all rows at once would take too long, and says what to do', async () => {
    const { reply, waitedSeconds } = await importing(file('SLOWA', 5_000), 'all-or-nothing');
    expect(codeOf(reply)).toEqual([413, 'request.too-large']);
    expect(reply.json<{ detail: string }>().detail).toMatch(
      /^The database cannot create 5000 rows at once in 12 s, so nothing was created\. Send mode=report, or about \d+ rows at a time\.$/,
    );
    expect(await created('SLOWA')).toBe(0);
    expect(waitedSeconds).toBeLessThan(12);
  });

  it('is done where all rows at once are few enough', async () => {
    const { reply, waitedSeconds } = await importing(file('SLOWB', 400), 'all-or-nothing');
    expect([reply.status, await created('SLOWB')]).toEqual([200, 400]);
    expect(waitedSeconds).toBeLessThan(12);
  });

  it('is done in short transactions where each row is for itself', async () => {
    const rows = tries(1_000, 4_000);
    const { reply, waitedSeconds } = await importing(file('SLOWC', rows), 'report');
    expect([reply.status, await created('SLOWC')]).toEqual([200, rows]);
    expect(waitedSeconds).toBeLessThan(6);
  });
});
