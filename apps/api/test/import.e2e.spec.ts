import { readdirSync, readlinkSync } from 'node:fs';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
import { OutsideTransaction } from '../../../test/support/outside-transaction';

interface Report {
  rowsRead: number;
  rowsCreated: number;
  rowsRefused: number;
  errors: { row: number; field: string; message: string }[];
}

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
});
afterAll(() => api.close());

const header = 'memberNumber,firstName,lastName,classification';
let files = 0;
/** So many rows with numbers of their own; the same prefix gives the same file. */
function rows(count: number, prefix = `I${(files += 1)}X`): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index},Rosa,Delgado,foreman`);
}
const fileOf = (lines: string[], first = header) => [first, ...lines].join('\n');

function send(
  csv: string | Buffer | Readable,
  { mode = 'all-or-nothing', key }: { mode?: string; key?: string } = {},
): Promise<Reply> {
  return staff.post(`/members/import?mode=${mode}`, csv, {
    'Content-Type': 'text/csv',
    ...(key && { 'Idempotency-Key': key }),
  });
}
const members = (prefix: string) =>
  api.query<{ number: string }>(`SELECT member_number AS number FROM members WHERE member_number LIKE $1 ORDER BY id`, [
    `${prefix}%`,
  ]);
const clean = (count: number): Report => ({ rowsRead: count, rowsCreated: count, rowsRefused: 0, errors: [] });

describe('an import without faults', () => {
  it.each(['all-or-nothing', 'report'])('creates every row, each on record (%s)', async (mode) => {
    const lines = rows(2500, `A${mode.length}X`);
    const reply = await send(fileOf(lines), { mode });
    expect([reply.status, reply.json()]).toEqual([200, clean(2500)]);
    const entries = await api.entries({ requestId: reply.requestId });
    expect(entries).toHaveLength(2500);
    expect(new Set(entries.map(({ recordId }) => recordId)).size).toBe(2500);
    expect(
      entries.every(
        ({ action, changedBy, route }) =>
          action === 'CREATE' && changedBy === staff.account.id && route === 'members:import',
      ),
    ).toBe(true);
  });

  it('reads what spreadsheets write: a mark, quotes, line breaks, empty lines and cells, either kind of name', async () => {
    const csv = [
      '\ufeffmember_number,"firstName", last_name ,classification,email,hire_date,status,notes',
      'Q1,"Rosa ""Rosie""","Delgado, Jr.",foreman,ROSA@EXAMPLE.ORG,2004-05-17,,"two\r\nlines"',
      '',
      'Q2, Tomás ,Nuñez,journeyman,,,retired,',
    ].join('\r\n');
    const reply = await send(csv);
    expect(reply.json()).toEqual(clean(2));
    expect(
      await api.query(
        `SELECT first_name, last_name, email, hire_date::text, status, notes FROM members WHERE member_number IN ('Q1', 'Q2') ORDER BY id`,
      ),
    ).toEqual([
      {
        first_name: 'Rosa "Rosie"',
        last_name: 'Delgado, Jr.',
        email: 'rosa@example.org',
        hire_date: '2004-05-17',
        status: 'active',
        notes: 'two\r\nlines',
      },
      { first_name: 'Tomás', last_name: 'Nuñez', email: null, hire_date: null, status: 'retired', notes: null },
    ]);
  });

  it('takes the file of a form', async () => {
    const body = [
      '--x',
      'Content-Disposition: form-data; name="file"; filename="members.csv"',
      'Content-Type: text/csv',
      '',
      fileOf(['M1,A,B,foreman']),
      '--x--',
      '',
    ].join('\r\n');
    const reply = await staff.post('/members/import', body, { 'Content-Type': 'multipart/form-data; boundary=x' });
    expect([reply.status, reply.json()]).toEqual([200, clean(1)]);
  });

  it('of nothing but a header creates nobody', async () => {
    expect((await send(header)).json()).toEqual(clean(0));
  });

  it('with an Idempotency-Key is done once, however often it is sent', async () => {
    const csv = fileOf(rows(20, 'ONCEX'));
    const replies = [await send(csv, { key: 'all' }), await send(csv, { key: 'all' })];
    expect(replies.map((reply) => [reply.status, reply.json()])).toEqual([
      [200, clean(20)],
      [200, clean(20)],
    ]);
    expect(await members('ONCEX')).toHaveLength(20);
  });
});

describe('rows with faults', () => {
  const faulty = (prefix: string) => [
    `${prefix}1,Rosa,Delgado,foreman,,`,
    `${prefix}2,,Delgado,foreman,,`,
    `${prefix}3,Rosa,Delgado,king,,`,
    `${prefix}1,Rosa,Delgado,foreman,,`,
    `${prefix}4,Rosa,Delgado,foreman,no address,`,
    `${prefix}5,Rosa,Delgado,foreman`,
    `${prefix}6,Rosa,Delgado,foreman,,2026-02-30`,
    `TAKEN,Rosa,Delgado,foreman,,`,
    `${prefix}-7,Rosa,Delgado,foreman,,`,
    `${prefix}8,Rosa,Delgado,foreman,,`,
  ];
  const wide = `${header},email,hireDate`;
  const expected: [row: number, field: string][] = [
    [2, 'firstName'],
    [3, 'classification'],
    [4, 'memberNumber'],
    [5, 'email'],
    [6, ''],
    [7, 'hireDate'],
    [8, 'memberNumber'],
    [9, 'memberNumber'],
  ];
  beforeAll(() => send(fileOf(['TAKEN,Rosa,Delgado,foreman'])));

  it('keep all or nothing from being imported, and each is named', async () => {
    const reply = await send(fileOf(faulty('F'), wide));
    expect(codeOf(reply)).toEqual([422, 'import.rejected']);
    const { errors } = reply.json<{ errors: { pointer: string; message: string }[] }>();
    expect(errors.map(({ pointer }) => pointer)).toEqual(
      expected.map(([row, field]) => `/${row}${field && `/${field}`}`),
    );
    expect(await members('F')).toEqual([]);
    await api.expectAudit(reply, { action: 'READ', tableName: 'members', notes: 'import.rejected' });
  });

  it('are left out of a report’s import, and each is named', async () => {
    const reply = await send(fileOf(faulty('G'), wide), { mode: 'report' });
    expect(reply.json()).toMatchObject({ rowsRead: 10, rowsCreated: 2, rowsRefused: 8 });
    expect(reply.json<Report>().errors.map(({ row, field }) => [row, field])).toEqual(expected);
    expect((await members('G')).map(({ number }) => number)).toEqual(['G1', 'G8']);
    const entries = await api.entries({ requestId: reply.requestId });
    expect(entries.map(({ action }) => action)).toEqual(['CREATE', 'CREATE', 'BULK_READ']);
  });

  it('are found across the whole file, and listed up to a thousand', async () => {
    const lines = rows(3500, 'H');
    lines[3400] = lines[0]!;
    const twice = await send(fileOf(lines));
    expect(twice.json<{ errors: object[] }>().errors).toEqual([
      { pointer: '/3401/memberNumber', message: expect.any(String) as string },
    ]);
    expect(await members('H')).toEqual([]);
    const many = await send(fileOf(Array<string>(2200).fill('bad-number,a,b,foreman')), { mode: 'report' });
    expect(many.json()).toMatchObject({ rowsRead: 2200, rowsCreated: 0, rowsRefused: 2200 });
    expect(many.json<Report>().errors).toHaveLength(1000);
  });

  it('that are not UTF-8 are refused, each for itself', async () => {
    const latin = Buffer.concat([
      Buffer.from(`${header}\nU1,Rosa,Delgado,foreman\nU2,Tom`),
      Buffer.from([0xe1]),
      Buffer.from('s,Nunez,foreman'),
    ]);
    const reply = await send(latin, { mode: 'report' });
    expect(reply.json()).toEqual({
      rowsRead: 2,
      rowsCreated: 1,
      rowsRefused: 1,
      errors: [{ row: 2, field: '', message: 'is not UTF-8 text' }],
    });
  });

  it('are refused for NUL, as everywhere', async () => {
    const reply = await send(fileOf(['N1,Ro\0sa,Delgado,foreman', 'N2,Rosa,Delgado,foreman']), { mode: 'report' });
    expect(reply.json()).toMatchObject({ rowsCreated: 1, errors: [{ row: 1, field: 'firstName' }] });
  });

  it('that came meanwhile by another way are refused like those before', async () => {
    const reply = await send(fileOf(['TAKEN,Rosa,Delgado,foreman', 'W1,Rosa,Delgado,foreman']), { mode: 'report' });
    expect(reply.json()).toMatchObject({ rowsCreated: 1, rowsRefused: 1 });
    await api.query(`UPDATE members SET deleted_at = now() WHERE member_number = 'W1'`);
    expect((await send(fileOf(['W1,Rosa,Delgado,foreman']), { mode: 'report' })).json()).toMatchObject({
      rowsCreated: 0,
      rowsRefused: 1,
    });
  });
});

describe('a file that can not be read', () => {
  it.each([
    ['an unknown column', 'memberNumber,colour\n1,red', 422],
    ['a column twice', `${header},first_name\n`, 422],
    ['nothing but empty cells', ',,,\n;;\n', 422],
    ['data where the header belongs', 'I1,Rosa,Delgado,foreman', 422],
    ['a quote that is never closed', `${header}\nX1,"Rosa,Delgado,foreman`, 400],
    ['a quote in the middle', `${header}\nX1,Ro"sa,Delgado,foreman`, 400],
    ['nothing in it', '', 422],
  ])('is refused for %s', async (_what, csv, status) => {
    for (const mode of ['all-or-nothing', 'report']) expect((await send(csv, { mode })).status).toBe(status);
    expect(await members('X')).toEqual([]);
  });
});

const requestsInFlight = async () =>
  Number(/^ip2a_http_requests_in_flight (\d+)$/m.exec((await api.anonymous.get('/../../metrics')).text)?.[1]);

describe('an upload', () => {
  it('of a request that is refused leaves no file open', async () => {
    const uploads = () =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).includes('ip2a-upload-');
        } catch {
          return false;
        }
      });
    for (let time = 0; time < 5; time += 1) {
      expect((await send(fileOf(rows(3, 'OPEN')), { mode: 'sideways' })).status).toBe(422);
    }
    expect(uploads()).toEqual([]);
    expect(await members('OPEN')).toEqual([]);
  });

  /** Sends the beginning of a file; `end` sends the rest, `breakOff` hangs up. */
  async function begun(lines: string[], mode: string) {
    const upload = new Readable({ read: () => undefined });
    const sent = send(upload, { mode });
    sent.catch(() => undefined);
    upload.push(`${fileOf(lines)}\n`);
    await until(async () => (await requestsInFlight()) === 2);
    const breakOff = async () => {
      upload.destroy(new Error('The cable was pulled.'));
      await expect(sent).rejects.toThrow();
      await until(async () => (await requestsInFlight()) === 1);
    };
    return { end: () => (upload.push(null), sent), breakOff };
  }
  /** Those that write. An entry and a seal have short ones of their own. */
  const transactions = async () =>
    (
      await api.query<{ xid: string }>(`SELECT backend_xid::text AS xid FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL`)
    ).map(({ xid }) => xid);

  it.each(['all-or-nothing', 'report'])('opens no transaction before it has ended (%s)', async (mode) => {
    const prefix = `TX${mode.length}X`;
    const upload = await begun(rows(2500, prefix), mode);
    let lasting = await transactions();
    for (let look = 0; look < 20; look += 1) {
      await sleep(20);
      const now = await transactions();
      lasting = lasting.filter((xid) => now.includes(xid));
    }
    expect(lasting).toEqual([]);
    expect(await members(prefix)).toEqual([]);
    expect((await upload.end()).json()).toEqual(clean(2500));
  });

  it.each(['all-or-nothing', 'report'])('that breaks off leaves nothing (%s)', async (mode) => {
    const prefix = `BX${mode.length}X`;
    const upload = await begun(rows(2500, prefix), mode);
    await upload.breakOff();
    expect(await members(prefix)).toEqual([]);
    expect((await send(fileOf(rows(2500, prefix)), { mode })).json()).toEqual(clean(2500));
  });
});

describe('an import that is interrupted', () => {
  const progressOf = async (key: string) =>
    (await api.query<{ read: number }>('SELECT rows_read AS read FROM imports WHERE key = $1', [key]))[0]?.read ?? 0;

  /** Has the import wait at a row, until `goOn`, or until its connection is lost. `read` rows are done then. */
  async function stopAt(row: number, lines: string[], key: string) {
    const other = await OutsideTransaction.begin(api.database);
    await other.query(
      `INSERT INTO members (member_number, first_name, last_name, classification) VALUES ($1, 'A', 'B', 'foreman')`,
      [lines[row]?.split(',')[0]],
    );
    const sent = send(fileOf(lines), { mode: 'report', key });
    await other.waiting(1);
    const read = await progressOf(key);
    const goOn = async () => {
      await other.query('ROLLBACK');
      await other.end();
      return sent;
    };
    const interrupt = async () => {
      await other.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect((await sent).status).toBe(503);
      await goOn();
    };
    return { goOn, interrupt, read };
  }

  it('goes on where it stopped when the same file is sent with the same key', async () => {
    const lines = rows(3300, 'CX');
    const stopped = await stopAt(2000, lines, 'resumed');
    await stopped.interrupt();
    expect(stopped.read).toBeGreaterThan(0);
    expect(await members('CX')).toHaveLength(stopped.read);
    const reply = await send(fileOf(lines), { mode: 'report', key: 'resumed' });
    expect([reply.status, reply.json()]).toEqual([200, clean(3300)]);
    expect(await api.entries({ requestId: reply.requestId })).toHaveLength(3300 - stopped.read);
    expect(await members('CX')).toHaveLength(3300);
    const again = await send(fileOf(lines), { mode: 'report', key: 'resumed' });
    expect([again.status, again.json()]).toEqual([200, clean(3300)]);
  });

  it('is not gone on with by another file, before or after it is done', async () => {
    const lines = rows(1500, 'DX');
    const stopped = await stopAt(1000, lines, 'mixed');
    await stopped.interrupt();
    const others = [rows(1500, 'EX'), lines.slice(0, 500), lines.with(stopped.read - 1, 'EX1,a,b,foreman')];
    for (const other of others) {
      expect(codeOf(await send(fileOf(other), { mode: 'report', key: 'mixed' }))).toEqual([
        422,
        'idempotency.key-reused',
      ]);
    }
    expect((await send(fileOf(lines), { mode: 'report', key: 'mixed' })).json()).toEqual(clean(1500));
    for (const other of others) {
      expect(codeOf(await send(fileOf(other), { mode: 'report', key: 'mixed' }))).toEqual([
        422,
        'idempotency.key-reused',
      ]);
    }
    expect(await members('EX')).toEqual([]);
  });

  it('keeps its person from another one, and nobody else', async () => {
    const stopped = await stopAt(1000, rows(1500, 'KX'), 'running');
    const csv = { 'Content-Type': 'text/csv' };
    for (const mode of ['all-or-nothing', 'report']) {
      expect(codeOf(await send(fileOf(rows(1, 'LX')), { mode }))).toEqual([409, 'import.in-progress']);
    }
    const other = await api.somebody(['staff']);
    expect((await other.post('/members/import', fileOf(rows(1, 'MX')), csv)).json()).toEqual(clean(1));
    expect((await stopped.goOn()).json()).toEqual(clean(1500));
    expect((await send(fileOf(rows(1, 'LX')))).json()).toEqual(clean(1));
  });

  it('is gone on with by one of two who try at once', async () => {
    const lines = rows(2500, 'PX');
    const replies = await Promise.all([1, 2, 3].map(() => send(fileOf(lines), { mode: 'report', key: 'raced' })));
    const done = replies.filter(({ status }) => status === 200);
    expect(done.length).toBeGreaterThan(0);
    expect(
      replies.filter((reply) => reply.status !== 200 && codeOf(reply).join(' ') !== '409 import.in-progress'),
    ).toEqual([]);
    expect(done.map((reply) => reply.json())).toEqual(done.map(() => clean(2500)));
    expect(await members('PX')).toHaveLength(2500);
  });
});
