import { once } from 'node:events';
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
