import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  aCompoundFile,
  anArchive,
  aPdf,
  aPdfStream,
  formHeaders,
  formOf,
  type Part,
} from '../../../libs/attachments/src/attachment.factory';
import { Files, ownerParts, sha256, upload } from '../../../test/support/files';
import { type Client, codeOf, type LocalApi, startApi } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
import { seedMembers } from '../../../test/support/seed';

const png = Buffer.from(
  '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000049454e44ae426082',
  'hex',
);

let api: LocalApi;
let staff: Client;
let own: number;
let other: number;
let files: Files;

beforeAll(async () => {
  api = await startApi();
  [own = 0, other = 0] = await seedMembers(api.database, 2);
  staff = await api.as('staff');
  files = new Files(api, staff, own);
});
afterAll(() => api.close());

describe('an upload', () => {
  it('is kept as it was sent, described, and on record', async () => {
    const content = aPdf(100_000);
    const parts: Part[] = [
      ...ownerParts(own),
      ['fileCategory', 'dues'],
      ['description', 'Signed'],
      ['file', content, 'Été 1.PDF'],
    ];
    const reply = await upload(staff, parts, { 'X-Access-Reason': 'Intake' });
    expect(reply.status).toBe(201);
    const view = reply.json<{ id: number }>();
    expect(view).toEqual({
      id: view.id,
      recordType: 'member',
      recordId: own,
      fileCategory: 'dues',
      fileName: 'Été 1.pdf',
      originalName: 'Été 1.PDF',
      mediaType: 'application/pdf',
      fileSize: 100_000,
      sha256: sha256(content),
      description: 'Signed',
      createdAt: expect.any(String) as string,
      updatedAt: expect.any(String) as string,
      deletedAt: null,
    });
    expect(reply.headers).toMatchObject({
      location: `/api/v1/attachments/${view.id}`,
      etag: expect.any(String) as string,
    });
    await api.expectAudit(reply, {
      action: 'CREATE',
      tableName: 'file_attachments',
      recordId: view.id,
      route: 'attachments:create',
      reason: 'Intake',
    });
  });

  it('gets a key that says nothing of its name, and two of one name are two', async () => {
    const [first, second] = [await files.attached('same.pdf'), await files.attached('same.pdf')];
    const keys = [await files.keyOf(first), await files.keyOf(second)];
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key).toMatch(/^([0-9a-f]{2})\/\1[0-9a-f-]{34}$/);
  });

  it('is created once, however often it is sent with one key', async () => {
    const content = aPdf();
    const headers = { 'Idempotency-Key': 'attach-1' };
    const parts = (): Part[] => [...ownerParts(own), ['file', content, 'once.pdf']];
    const first = await upload(staff, parts(), headers);
    const before = await files.all();
    const second = await upload(staff, parts(), headers);
    expect([second.status, second.json<{ id: number }>().id]).toEqual([201, first.json<{ id: number }>().id]);
    expect(await files.all()).toEqual(before);
  });

  const taken: [fileName: string, mediaType: string, content: Buffer][] = [
    ['a.pdf', 'application/pdf', aPdf()],
    ['a.doc', 'application/msword', aCompoundFile('WordDocument')],
    ['a.xls', 'application/vnd.ms-excel', aCompoundFile('Workbook')],
    [
      'a.docx',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      anArchive(['[Content_Types].xml'], ['word/document.xml']),
    ],
    [
      'a.xlsx',
      'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      anArchive(['xl/workbook.xml'], ['[Content_Types].xml']),
    ],
    [
      'b.xlsx',
      'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      anArchive(['xl/media/image1.png', Buffer.alloc(700_000)], ['xl/workbook.xml'], ['[Content_Types].xml']),
    ],
    ['a.jpg', 'image/jpeg', Buffer.from('ffd8ffe000104a46494600010100', 'hex')],
    ['a.JPEG', 'image/jpeg', Buffer.from('ffd8ffe000104a46494600010100', 'hex')],
    ['a.png', 'image/png', png],
    ['a.gif', 'image/gif', Buffer.from('GIF89a\x01\0\x01\0')],
    ['a.txt', 'text/plain', Buffer.from('Grüße, <html>')],
    ['a.csv', 'text/csv', Buffer.from('name;number\nRosa;1\n')],
    ['a.json', 'application/json', Buffer.from('{"a": 1}')],
  ];
  it.each(taken)('of %s is taken, as %s', async (fileName, mediaType, content) => {
    const reply = await files.attach(content, fileName);
    expect([reply.status, reply.json()['mediaType']]).toEqual([201, mediaType]);
  });

  const refused: [what: string, fileName: string, content: Buffer][] = [
    ['a program', 'a.exe', Buffer.from('MZ')],
    ['a program that is called a PDF', 'a.pdf', Buffer.from('MZ\x90\0\x03')],
    ['a page that is called a picture', 'a.png', Buffer.from('<html><script>alert(1)</script>')],
    ['a picture that is called a document', 'a.pdf', png],
    ['a PDF that is called a text', 'a.txt', aPdf()],
    ['a program that is called a text', 'a.txt', Buffer.from('\x7fELF\x02\x01\x01\0\0\0')],
    ['text that is not UTF-8', 'a.csv', Buffer.from([0x52, 0xf6, 0x73])],
    ['text that is not UTF-8 far behind', 'a.txt', Buffer.concat([Buffer.alloc(400_000, 'a'), Buffer.from([0xff])])],
    ['text that is cut within a character', 'a.txt', Buffer.from('Grü').subarray(0, 3)],
    ['JSON that is none', 'a.json', Buffer.from('hello')],
    ['a workbook that is called a letter', 'a.doc', aCompoundFile('Workbook')],
    ['a letter that is called a workbook', 'a.xls', aCompoundFile('WordDocument')],
    ['an archive that is called a document', 'a.docx', anArchive(['evil.exe'])],
    [
      'an archive with a document in it that is called a document',
      'a.docx',
      anArchive(['evil.exe'], ['a.docx', anArchive(['[Content_Types].xml'], ['word/document.xml'])]),
    ],
    ['a workbook that is called a document', 'a.docx', anArchive(['[Content_Types].xml'], ['xl/workbook.xml'])],
    ['a name without an ending', 'passwd', aPdf()],
    ['a name of another kind at its end', 'a.pdf.exe', aPdf()],
    ['an ending that objects have', 'a.constructor', aPdf()],
  ];
  it.each(refused)('of %s is refused, and nothing is left', async (_what, fileName, content) => {
    const before = await files.all();
    expect(codeOf(await files.attach(content, fileName))).toEqual([415, 'attachments.type-refused']);
    expect(await files.all()).toEqual(before);
  });

  const names: [sent: string, safe: string, original?: string][] = [
    ['../../etc/passwd.pdf', 'passwd.pdf'],
    ['C:\\\\Users\\\\rosa\\\\scan.pdf', 'scan.pdf', 'C:\\Users\\rosa\\scan.pdf'],
    ['/etc/cron.d/x.pdf', 'x.pdf'],
    ['..pdf', 'file.pdf'],
    ['.htaccess.pdf', 'htaccess.pdf'],
    ['invoice\u202efdp.exe.pdf', 'invoicefdp.exe.pdf'],
    ['a\u0001b\u007fc.pdf', 'abc.pdf', 'abc.pdf'],
    ['con.pdf', '_con.pdf'],
    ['a<b>c:d|e?f*g.pdf', 'a_b_c_d_e_f_g.pdf'],
    [`${'x'.repeat(400)}.pdf`, `${'x'.repeat(197)}.pdf`, 'x'.repeat(255)],
    [`${'😀'.repeat(100)}.pdf`, `${'😀'.repeat(49)}.pdf`],
  ];
  it.each(names)('of the name %j is called %j', async (sent, safe, original = sent) => {
    const reply = await files.attach(aPdf(), sent);
    expect([reply.status, reply.json()]).toEqual([
      201,
      expect.objectContaining({ fileName: safe, originalName: original }) as object,
    ]);
    expect(await files.keyOf(reply.json<{ id: number }>().id)).toMatch(/^[0-9a-f/-]+$/);
  });

  const file: Part = ['file', aPdf(), 'a.pdf'];
  const owner = (): Part[] => ownerParts(own);
  const broken: [what: string, parts: () => Part[], outcome: [number, string]][] = [
    ['an empty file', () => [...owner(), ['file', Buffer.alloc(0), 'a.pdf']], [422, 'request.invalid']],
    ['two files', () => [...owner(), file, file], [400, 'request.malformed']],
    ['a field after the file', () => [...owner(), file, ['description', 'late']], [400, 'request.malformed']],
    ['no file', owner, [400, 'request.malformed']],
    ['a file of another name', () => [...owner(), ['scan', aPdf(), 'a.pdf']], [422, 'request.invalid']],
    ['no record', () => [['recordType', 'member'], file], [422, 'request.invalid']],
    ['a field twice', () => [...owner(), ['recordId', other], file], [422, 'request.invalid']],
    ['an unknown field', () => [...owner(), ['colour', 'red'], file], [422, 'request.invalid']],
    ['an unknown kind of record', () => [['recordType', 'users'], ['recordId', 1], file], [422, 'request.invalid']],
    ['an unknown category', () => [...owner(), ['fileCategory', 'secrets'], file], [422, 'request.invalid']],
    ['a record that is not there', () => [...ownerParts(999_999), file], [422, 'reference.missing']],
  ];
  it.each(broken)('with %s is refused, and nothing is left', async (_what, parts, outcome) => {
    const before = await files.all();
    expect(codeOf(await upload(staff, parts()))).toEqual(outcome);
    expect(await files.all()).toEqual(before);
    expect((await staff.get('/attachments/2147483647')).status).toBe(404);
  });

  it('that ends in the middle is refused, and nothing is left', async () => {
    const before = await files.all();
    const reply = await staff.post('/attachments', formOf([...owner(), file], { ending: false }), formHeaders);
    expect(codeOf(reply)).toEqual([400, 'request.malformed']);
    expect(await files.all()).toEqual(before);
  });

  it('of another kind of body is refused', async () => {
    expect(codeOf(await staff.post('/attachments', {}))).toEqual([415, 'request.media-type-unsupported']);
    const bare = { 'Content-Type': 'multipart/form-data' };
    expect(codeOf(await staff.post('/attachments', 'nothing', bare))).toEqual([400, 'request.malformed']);
  });

  it('of more than 50 MiB is refused, and its client hears it', async () => {
    const before = await files.all();
    const content = aPdfStream(51 * 1024 * 1024);
    const reply = await upload(staff, [...owner(), ['file', content, 'large.pdf']]);
    expect(codeOf(reply)).toEqual([413, 'request.too-large']);
    expect(await files.all()).toEqual(before);
  });

  it('leaves nothing where its client goes away', async () => {
    const before = await files.all();
    const never = aPdfStream(40 * 1024 * 1024);
    const abort = new AbortController();
    const body = formOf([...owner(), ['file', never, 'gone.pdf']]) as unknown as RequestInit['body'];
    const headers = { ...formHeaders, Authorization: `Bearer ${staff.session.accessToken}` };
    const options = { method: 'POST', headers, body, duplex: 'half', signal: abort.signal } as RequestInit;
    const request = fetch(`${api.url}/api/v1/attachments`, options);
    const isUnderWay = (name: string) => name.startsWith('.tmp') && statSync(join(files.folder, name)).size > 1_000_000;
    await until(() => files.objects().some(isUnderWay), 10_000, 0);
    abort.abort();
    await expect(request).rejects.toThrow('aborted');
    await until(() => !files.objects().some((name) => name.startsWith('.tmp')));
    expect(await files.all()).toEqual(before);
  });

  it('leaves no object where its row can not be committed', async () => {
    const before = await files.all();
    const role = new URL(api.database.applicationUrl).username;
    await api.query(`REVOKE INSERT ON file_attachments FROM ${role}`);
    const reply = await files.attach(aPdf(), 'a.pdf');
    await api.query(`GRANT INSERT ON file_attachments TO ${role}`);
    expect(codeOf(reply)).toEqual([503, 'service.unavailable']);
    expect(await files.all()).toEqual(before);
  });
});
