import { once } from 'node:events';
import { connect } from 'node:net';
import { anArchive } from '../../libs/attachments/src/attachment.factory';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { spawnApi, type Client, type Program } from '../support/harness';
import { seedMembers } from '../support/seed';
import { isSoak, tries } from '../support/soak';

/**
 * The longest that others may wait while hostile input is read, in ms. The everyday bound is wide,
 * because other tests use the processors, too. Quadratic work takes seconds.
 */
const longestMs = isSoak ? 100 : 1_000;
const patienceMs = 60_000;
const mebibyte = 1024 * 1024;

let database: TestDatabase;
let api: Program;
let staff: Client;
let member: number;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await spawnApi(database);
  [member = 0] = await seedMembers(database, 1);
  staff = await api.as('staff');
});
afterAll(async () => {
  await api.close();
  await database.drop();
});

/** Of the program's event loop, since this was asked last. */
async function longestPauseMs(): Promise<number> {
  const { text } = await api.anonymous.get('/../../metrics');
  return 1_000 * Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1]);
}

/** Sends a body in chunks of so many bytes; answers the status. */
async function sendChunks(path: string, type: string, body: Buffer, bytes: number): Promise<number> {
  const { hostname, port } = new URL(api.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const head = [
    `POST /api/v1${path} HTTP/1.1`,
    'Host: local.example',
    `Authorization: Bearer ${staff.session.accessToken}`,
    `Content-Type: ${type}`,
    'Transfer-Encoding: chunked',
    'Connection: close',
  ];
  const chunks: Buffer[] = [Buffer.from(`${head.join('\r\n')}\r\n\r\n`)];
  for (let at = 0; at < body.length; at += bytes) {
    const chunk = body.subarray(at, at + bytes);
    chunks.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  let answer = '';
  socket.on('data', (data: Buffer) => (answer += data.toString('latin1')));
  // A refusal may come, and the connection end, before the body was sent.
  socket.on('error', () => undefined);
  socket.write(Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]));
  await new Promise((resolve) => socket.once('close', resolve));
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

const csv = 'text/csv';
const json = 'application/json';
const form = 'multipart/form-data; boundary=x';
const header = 'memberNumber,firstName,lastName,classification\n';
const formWith = (content: Buffer, name: string) =>
  Buffer.concat([
    ...['recordType\r\nmember', `recordId\r\n${member}`].map((field) => {
      const [key, value] = field.split('\r\n');
      return Buffer.from(`--x\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`);
    }),
    Buffer.from(`--x\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`),
    content,
    Buffer.from('\r\n--x--\r\n'),
  ]);
const pdf = () => Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(mebibyte, 'x')]);
const columns = (count: number, name: (index: number) => string) =>
  Buffer.from(`${Array.from({ length: count }, (_, index) => name(index)).join(',')}\n`);
const object = (entries: string) => Buffer.from(`{${entries.slice(0, -1)}}`);
const times = (text: string, bytes = 900_000) => text.repeat(Math.floor(bytes / text.length));
const numbered = (count: number, entry: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => entry(index)).join('');

type Hostile = [what: string, status: number, path: string, type: string, body: () => Buffer, bytes: number];
const inputs: Hostile[] = [
  ['a header of many columns', 422, '/members/import', csv, () => columns(32_833, (n) => n.toString(36)), mebibyte],
  ['a header of one column, many times', 422, '/members/import', csv, () => columns(64_000, () => 'a'), mebibyte],
  [
    'a header of a column of ours, many times',
    422,
    '/members/import',
    csv,
    () => columns(9_000, () => 'firstName'),
    512,
  ],
  [
    'rows of many cells',
    422,
    '/members/import',
    csv,
    () => Buffer.from(header + times(`a${','.repeat(60_000)}\n`)),
    mebibyte,
  ],
  ['rows of empty cells', 200, '/members/import', csv, () => Buffer.from(header + times(',,,\n')), mebibyte],
  ['a header of separators', 422, '/members/import', csv, () => Buffer.from(times(',;\t', 120_000)), mebibyte],
  ['rows of one character', 422, '/members/import', csv, () => Buffer.from(header + times('a\n', 60_000)), mebibyte],
  ['empty lines', 200, '/members/import', csv, () => Buffer.from(header + times('\n')), mebibyte],
  ['quotes', 400, '/members/import', csv, () => Buffer.from(header + times('""')), mebibyte],
  [
    'a file in chunks of a byte',
    422,
    '/members/import',
    csv,
    () => Buffer.from(header + times('a,b,c,d\n', 200_000)),
    1,
  ],
  [
    'a form in chunks of a byte',
    422,
    '/members/import',
    form,
    () => formWith(Buffer.from(header + times('a,b\n', 100_000)), 'a.csv'),
    1,
  ],
  ['an upload in chunks of a byte', 201, '/attachments', form, () => formWith(pdf(), 'a.pdf'), 1],
  ['an upload in chunks of three bytes', 201, '/attachments', form, () => formWith(pdf(), 'a.pdf'), 3],
  ['an archive of many files', 415, '/attachments', form, () => formWith(manyFiles(), 'a.docx'), mebibyte],
  [
    'beginnings of a boundary',
    201,
    '/attachments',
    form,
    () => formWith(Buffer.from(times('\r\n--y')), 'a.txt'),
    mebibyte,
  ],
  [
    'many fields',
    422,
    '/attachments',
    form,
    () => Buffer.from(times('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n')),
    mebibyte,
  ],
  ['JSON in chunks of a byte', 422, '/members', json, () => object(`"notes":"${times('x')}",`), 1],
  ['JSON beyond its size in chunks of a byte', 413, '/members', json, () => Buffer.alloc(1.2 * mebibyte, ' '), 1],
  ['many unknown fields', 422, '/members', json, () => object(numbered(90_000, (n) => `"${n}":1,`)), mebibyte],
  ['deep arrays', 422, '/members', json, () => Buffer.from(`${'['.repeat(400_000)}${']'.repeat(400_000)}`), mebibyte],
  [
    'a long list of what is not known',
    422,
    '/organizations',
    json,
    () => object(`"orgType":[${times('1,')}1],`),
    mebibyte,
  ],
  [
    'a long text of spaces',
    422,
    '/members',
    json,
    () => object(`"firstName":"${times(' ')}x${times(' ', 90_000)}",`),
    mebibyte,
  ],
  ['a long text of signs', 422, '/members', json, () => object(`"email":"${times('a.@')}",`), mebibyte],
  ['a body that nobody reads in chunks of a byte', 404, '/nothing', csv, () => Buffer.alloc(mebibyte, 'x'), 1],
];

function manyFiles(): Buffer {
  return anArchive(...Array.from({ length: 8_000 }, (): [string, Buffer] => ['a', Buffer.alloc(0)]));
}

describe('hostile input holds nobody else up:', () => {
  it.each(inputs)(
    '%s',
    async (_what, status, path, type, body, bytes) => {
      const sent = body();
      await longestPauseMs();
      for (let time = 0; time < tries(1, 5); time += 1) expect(await sendChunks(path, type, sent, bytes)).toBe(status);
      const pause = await longestPauseMs();
      expect(pause).toBeLessThan(longestMs);
    },
    patienceMs,
  );
});
