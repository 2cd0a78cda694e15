import { startApi, codeOf, type Client, type LocalApi } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';

let api: LocalApi;
let staff: Client;
let admin: Client;
let id: number;
let etag: string;
beforeAll(async () => {
  api = await startApi();
  [id] = (await seedMembers(api.database, 1)) as [number];
  staff = await api.as('staff');
  admin = await api.as('admin');
  etag = String((await staff.get(`/members/${id}`)).headers.etag);
});
afterAll(() => api.close());

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const json = { 'Content-Type': 'application/json' };

describe('text from outside that is not UTF-8 is refused, and changes nothing', () => {
  const field = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const form = (description: string, fileName: string) =>
    latin1(
      field('recordType', 'member') +
        field('recordId', String(id)) +
        field('description', description) +
        `--b\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\n` +
        'Content-Type: text/plain\r\n\r\nhello\r\n--b--\r\n',
    );
  const multipart = { 'Content-Type': 'multipart/form-data; boundary=b' };
  const merge = 'application/merge-patch+json';
  const inUtf8 = { 'Content-Type': `${merge}; charset=UTF-8` };
  const malformed = [400, 'request.malformed'];
  const foreign = [415, 'request.media-type-unsupported'];
  const patch = (path: string, body: Buffer, headers = {}) => staff.patch(path, body, { 'If-Match': etag, ...headers });

  it.each<[string, unknown[], () => Promise<Awaited<ReturnType<Client['get']>>>]>([
    ['a lone byte in JSON', malformed, () => staff.post('/members', latin1('{"firstName":"Jos\xe9"}'), json)],
    ['a name of a property', malformed, () => staff.post('/members', latin1('{"\xe9":1}'), json)],
    ['a lone byte in a merge patch', malformed, () => patch(`/members/${id}`, latin1('{"phone":"\xe9"}'))],
    ['an over-long form of a slash', malformed, () => patch(`/members/${id}`, latin1('{"phone":"\xc0\xaf"}'))],
    ['half of a pair as bytes', malformed, () => patch(`/members/${id}`, latin1('{"phone":"\xed\xa0\x80"}'))],
    ['a cut character at the end', malformed, () => patch(`/members/${id}`, latin1('{"phone":"1"}\xe2\x82'))],
    ['UTF-16', malformed, () => patch(`/members/${id}`, Buffer.from('\ufeff{"phone":"é"}', 'utf16le'))],
    ['a byte in a query', malformed, () => staff.get('/members?q=Jos%E9')],
    ['a byte in a query’s name', malformed, () => staff.get('/members?%E9=1')],
    ['a cut character in a query', malformed, () => staff.get('/members?q=%E2%82')],
    ['half of a pair in a query', malformed, () => staff.get('/members?q=%ED%A0%80')],
    ['broken percent-encoding in a query', malformed, () => staff.get('/members?q=100%')],
    ['a byte in a path', malformed, () => staff.get('/members/by-number/%E9')],
    ['a field of a form', malformed, () => staff.post('/attachments', form('caf\xe9', 'a.txt'), multipart)],
    ['a file’s name', malformed, () => staff.post('/attachments', form('note', 'caf\xe9.txt'), multipart)],
    [
      'JSON in Latin-1',
      foreign,
      () => patch(`/members/${id}`, latin1('{"phone":"1"}'), { 'Content-Type': `${merge}; charset=iso-8859-1` }),
    ],
    [
      'JSON in UTF-16',
      foreign,
      () => patch(`/members/${id}`, latin1('{"phone":"1"}'), { 'Content-Type': `${merge};charset="utf-16"` }),
    ],
    [
      'CSV in another charset',
      foreign,
      () => admin.post('/members/import', 'a,b', { 'Content-Type': 'text/csv; charset=windows-1252' }),
    ],
  ])('%s', async (_, expected, send) => {
    const before = await api.query('SELECT * FROM members ORDER BY id');
    expect(codeOf(await send())).toEqual(expected);
    expect(await api.query('SELECT * FROM members ORDER BY id')).toEqual(before);
  });

  it('and what is UTF-8 is stored as it was sent', async () => {
    const reply = await patch(`/members/${id}`, Buffer.from('{"address":"Straße 1, 東京 𠮷"}'), inUtf8);
    expect(reply.json()).toMatchObject({ address: 'Straße 1, 東京 𠮷' });
    expect((await staff.get('/members?q=%E6%9D%B1')).status).toBe(200);
  });
});

describe('a media type without a body', () => {
  it('is no body', async () => {
    const withJson = (method: string, path: string, headers = {}) =>
      admin.send(method, path, '', { ...json, ...headers });
    const { headers } = await admin.get(`/members/${id}`);
    const removed = await withJson('DELETE', `/members/${id}`, { 'If-Match': headers.etag });
    const restored = await withJson('POST', `/members/${id}/restore`);
    const out = await withJson('POST', '/auth/logout-all');
    expect([removed, restored, out].map(({ status }) => status)).toEqual([204, 200, 204]);
  });

  it('is told as a missing body where one belongs', async () => {
    expect(codeOf(await staff.send('POST', '/members', '', json))).toEqual([422, 'request.invalid']);
  });
});
