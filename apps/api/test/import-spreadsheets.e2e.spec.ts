import { aMember } from '../../../libs/members/src/member.factory';
import { type Client, codeOf, type LocalApi, type Reply, startApi } from '../../../test/support/harness';

let api: LocalApi;
let staff: Client;
beforeAll(async () => {
  api = await startApi();
  staff = await api.as('staff');
});
beforeEach(() => api.query('DELETE FROM members'));
afterAll(() => api.close());

const lines = ['memberNumber,firstName,lastName,classification', 'Z1,Zoë,Müller,foreman', 'Z2,“Al”,Œrsted,retiree'];
const csv = lines.join('\n');
const as = (separator: string) => csv.replaceAll(',', separator);
const utf16be = (text: string) => Buffer.from(text, 'utf16le').swap16();
/** The same text as Windows writes it: of the characters here, four are not those of Latin-1. */
const windows1252 = (text: string) =>
  Buffer.from(text.replace('“', '\x93').replace('”', '\x94').replace('Œ', '\x8c').replace('€', '\x80'), 'latin1');

const send = (body: string | Buffer, query = '') =>
  staff.post(`/members/import?${query}`, body, { 'Content-Type': 'text/csv' });
const sendForm = (body: string | Buffer, query = '') =>
  staff.post(
    `/members/import?${query}`,
    Buffer.concat([
      Buffer.from('--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n'),
      Buffer.from('Content-Type: application/vnd.ms-excel\r\n\r\n'),
      Buffer.from(body),
      Buffer.from('\r\n--x--\r\n'),
    ]),
    { 'Content-Type': 'multipart/form-data; boundary=x' },
  );
const columns = 'member_number, first_name, last_name, classification';
const membersNow = () => api.query<Record<string, string>>(`SELECT ${columns} FROM members ORDER BY member_number`);
const both = [
  { member_number: 'Z1', first_name: 'Zoë', last_name: 'Müller', classification: 'foreman' },
  { member_number: 'Z2', first_name: '“Al”', last_name: 'Œrsted', classification: 'retiree' },
];
const faultsOf = (reply: Reply) =>
  reply.json<{ errors: { pointer: string; message: string }[] }>().errors.map(({ pointer }) => pointer);

describe('a file as a spreadsheet leaves it is imported:', () => {
  it.each<[string, string | Buffer, string]>([
    ['semicolons', as(';'), ''],
    ['tabs', as('\t'), ''],
    ['semicolons with commas in the cells', as(';').replace('Müller', '"Müller, Jr."'), ''],
    ['a line that names the separator', `sep=;\r\n${as(';')}`, ''],
    ['empty cells at the end of each row', csv.replaceAll('\n', ',,\n') + ',,', ''],
    ['an empty cell too many', csv.replace('foreman', 'foreman,'), ''],
    ['empty cells too many, with blanks', csv.replace('foreman', 'foreman, , '), ''],
    ['an empty column in the middle', csv.replaceAll(/^([^,]+),/gm, '$1,,'), ''],
    ['rows of empty cells', `,,,\n${lines.join('\n,,,\n , ,,\n')}\n,,,\n,,,,,\n`, ''],
    ['rows of empty cells between semicolons', `;;;\n${lines.join('\n;;;\n').replaceAll(',', ';')}\n;;;`, ''],
    ['line ends of several kinds', csv.replace('\n', '\r\n'), ''],
    ['line ends of an old Macintosh', csv.replaceAll('\n', '\r'), ''],
    ['UTF-8 with a mark', `\ufeff${csv}`, ''],
    ['UTF-16, little end first', Buffer.from(`\ufeff${csv}`, 'utf16le'), ''],
    ['UTF-16, big end first', utf16be(`\ufeff${csv}`), ''],
    ['UTF-16 with tabs, as “Unicode Text”', Buffer.from(`\ufeff${as('\t')}`, 'utf16le'), ''],
    ['UTF-16 without a mark', Buffer.from(csv, 'utf16le'), 'charset=utf-16le'],
    ['UTF-16 with a mark that says more than the query', utf16be(`\ufeff${csv}`), 'charset=utf-16le'],
    ['Windows-1252', windows1252(csv), 'charset=windows-1252'],
    ['Windows-1252 in capitals, with semicolons', windows1252(as(';')), 'charset=Windows-1252'],
    ['characters on the edge of what is read at once', `\ufeff${csv}\n${',,,\n'.repeat(2_001)}`, ''],
  ])('%s', async (what, body, query) => {
    for (const mode of ['all-or-nothing', 'report']) {
      await api.query('DELETE FROM members');
      const reply = await (mode === 'report' ? sendForm : send)(body, `${query}&mode=${mode}`);
      expect([reply.status, reply.json()]).toEqual([200, { rowsRead: 2, rowsCreated: 2, rowsRefused: 0, errors: [] }]);
      const [first, second] = both;
      const lastName = what.includes('commas in') ? 'Müller, Jr.' : 'Müller';
      expect(await membersNow()).toEqual([{ ...first, last_name: lastName }, second]);
    }
  });

  it.each([8191, 8192, 8193, 16_383, 16_385])('a character that begins at byte %i of the file', async (at) => {
    const padded = (size: (text: string) => number) => {
      const [head, first] = lines;
      const before = size(`${head}\n${first?.split('ë')[0]}`);
      return `${head}\n${' '.repeat(at - before)}${first}`;
    };
    const utf8 = await send(padded((text) => Buffer.byteLength(text)));
    expect([utf8.status, (await membersNow())[0]]).toEqual([200, both[0]]);
  });

  it.each<[string, string, string]>([
    ['a cell too many', csv.replace('foreman', 'foreman,x'), '/1'],
    ['a cell under no name', csv.replaceAll(/^([^,]+),/gm, '$1,,').replace('Z1,', 'Z1,x'), '/1'],
    ['a cell too few', csv.replace(',foreman', ''), '/1'],
  ])('but %s is a fault', async (_what, body, pointer) => {
    const reply = await send(body);
    expect([codeOf(reply), faultsOf(reply)]).toEqual([[422, 'import.rejected'], [pointer]]);
  });

  it('but a charset that is not known is refused, and so are bytes that are no text', async () => {
    expect(codeOf(await send(csv, 'charset=ebcdic'))).toEqual([422, 'request.invalid']);
    expect(faultsOf(await send(windows1252(csv)))).toEqual(['/1', '/2']);
    expect(codeOf(await send(Buffer.from(csv, 'utf16le')))[0]).toBe(422);
  });
});

describe('our own export', () => {
  const texts = ['=1+1', '+1', '-1', '@SUM(A1)', "'=1+1", "''-1", "'quoted'", '＝1+1', 'a=b', 'a;b', '"x", y', '1'];

  it('begins with a byte order mark, and is imported as it was', async () => {
    for (const [index, address] of texts.entries()) {
      const notes = `${address}\nand\tmore`;
      const member = aMember({ memberNumber: `Y${index}`, lastName: address, address, notes });
      expect((await staff.post('/members', member)).status).toBe(201);
    }
    await staff.post('/members', aMember({ memberNumber: 'Y99', hireDate: '2004-05-17', email: 'a@example.org' }));
    const kept = `SELECT to_jsonb(m) - '{id,created_at,updated_at,audit_ref}'::text[] AS m FROM members m ORDER BY member_number`;
    const before = await api.query(kept);
    const { text } = await staff.get('/members/export');
    expect(text.startsWith('\ufeffid,')).toBe(true);
    await api.query('DELETE FROM members');
    for (const body of [text, Buffer.from(text, 'utf16le')]) {
      const reply = await send(body);
      expect([reply.status, reply.json()]).toMatchObject([200, { rowsCreated: texts.length + 1 }]);
      expect(await api.query(kept)).toEqual(before);
      await api.query('DELETE FROM members');
    }
  });

  it.each(['ID', 'created_at', 'Updated At', 'deletedAt'])('may have its %s, which the server makes', async (made) => {
    const reply = await send(lines.map((line, index) => `${line},${index ? 'x' : made}`).join('\n'));
    expect(reply.json()).toMatchObject({ rowsCreated: 2 });
  });
});

describe('a row is read as people write it', () => {
  it.each([
    ['Member Number', 'memberNumber'],
    ['MEMBER_NUMBER', 'memberNumber'],
    ['member-number', 'memberNumber'],
    ['membernumber', 'memberNumber'],
    ['First  Name', 'firstName'],
    ['LAST NAME', 'lastName'],
    ['Classification', 'classification'],
    ['First_name', 'firstName'],
  ])('with the column %s', async (written, name) => {
    expect((await send(csv.replace(name, written))).json()).toMatchObject({ rowsCreated: 2 });
    expect(await membersNow()).toEqual(both);
  });

  it.each([
    ['classification', 'Journeyman', 'journeyman'],
    ['classification', 'FOREMAN', 'foreman'],
    ['classification', 'Apprentice 1', 'apprentice_1'],
    ['classification', 'apprentice-1', 'apprentice_1'],
    ['classification', 'Apprentice1', 'apprentice_1'],
    ['status', 'Retired', 'retired'],
    ['status', 'ACTIVE', 'active'],
  ])('with the %s %s', async (column, written, value) => {
    const reply = await send(
      `Member Number,First Name,Last Name,${column === 'status' ? 'Classification,' : ''}${column}\nQ1,A,B,${column === 'status' ? 'Foreman,' : ''}${written}`,
    );
    expect([reply.status, await api.query(`SELECT ${column} AS value FROM members`)]).toEqual([200, [{ value }]]);
  });

  const dated = (day: string, query: string) => send(`${lines[0]},hireDate\nQ1,A,B,foreman,${day}`, query);
  it.each([
    ['MM/DD/YYYY', '03/04/2004', '2004-03-04'],
    ['MM/DD/YYYY', '3/4/2004', '2004-03-04'],
    ['M/D/YYYY', '12/31/1999', '1999-12-31'],
    ['DD.MM.YYYY', '03.04.2004', '2004-04-03'],
    ['DD/MM/YYYY', '3/4/2004', '2004-04-03'],
    ['MM-DD-YYYY', '03-04-2004', '2004-03-04'],
    ['YYYY/MM/DD', '2004/3/4', '2004-03-04'],
    ['MM/DD/YYYY', '2004-03-04', '2004-03-04'],
    ['YYYY-MM-DD', '2004-03-04', '2004-03-04'],
  ])('with dates as %s: %s', async (form, written, day) => {
    const reply = await dated(written, `dateFormat=${encodeURIComponent(form)}`);
    expect([reply.status, await api.query('SELECT hire_date::text AS day FROM members')]).toEqual([200, [{ day }]]);
  });

  it.each([
    ['', '03/04/2004'],
    ['', '05/17/2004'],
    ['', '3-4-2004'],
    ['MM/DD/YYYY', '17/05/2004'],
    ['MM/DD/YYYY', '02/30/2004'],
    ['MM/DD/YYYY', '03/04/04'],
    ['MM/DD/YYYY', '03.04.2004'],
    ['DD/MM/YYYY', '05/17/2004'],
    ['DD.MM.YYYY', '1.1.2004 0:00'],
  ])('and no date is guessed (%s: %s)', async (form, written) => {
    const reply = await dated(written, form && `dateFormat=${encodeURIComponent(form)}`);
    expect([codeOf(reply), faultsOf(reply)]).toEqual([[422, 'import.rejected'], ['/1/hireDate']]);
  });

  it.each(['DD/DD/YYYY', 'MM/YYYY/DD', 'MM/DD/YY', 'MM/DD-YYYY', 'YYYY/DD/MM', 'dates'])(
    'and %s is no form of a date',
    async (form) => {
      expect(codeOf(await dated('2004-03-04', `dateFormat=${encodeURIComponent(form)}`))).toEqual([
        422,
        'request.invalid',
      ]);
    },
  );

  it('or told every fault that it has', async () => {
    const file = `${lines[0]},status,email,hireDate\nbad number,,Müller,king,gone,no address,2026-02-30\nQ1,A,B,foreman,,,`;
    const fields = ['memberNumber', 'firstName', 'classification', 'status', 'email', 'hireDate'];
    const refused = await send(file);
    expect(refused.json<{ detail: string }>().detail).toMatch(/^1 of 2 rows/);
    expect(faultsOf(refused).sort()).toEqual(fields.map((field) => `/1/${field}`).sort());
    const report = await send(file, 'mode=report');
    expect(report.json()).toMatchObject({ rowsRead: 2, rowsCreated: 1, rowsRefused: 1 });
    expect(report.json<{ errors: object[] }>().errors).toHaveLength(fields.length);
  });
});
