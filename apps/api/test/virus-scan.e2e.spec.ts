import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { aPdf, anArchive } from '../../../libs/attachments/src/attachment.factory';
import { Clamd, eicar, noClamd } from '../../../test/support/clamd';
import { Files } from '../../../test/support/files';
import { codeOf, startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { until } from '../../../test/support/load';
import { readinessOf } from '../../../test/support/readiness';
import { seedMembers } from '../../../test/support/seed';

/** CLAMD_TIMEOUT_SECONDS of these tests. */
const timeoutSeconds = 2;
/** clamd's limits in these tests, in bytes. */
const limits = { MaxFileSize: 3 * 1024 * 1024, StreamMaxLength: 4 * 1024 * 1024 };
/** More than the kernel keeps of a connection, in bytes: a pause or an end comes in the middle. */
const large = 16 * 1024 * 1024;
const csv = (cell: Buffer | string) =>
  Buffer.concat([Buffer.from('memberNumber,firstName,lastName\nV-1,Rosa,'), Buffer.from(cell), Buffer.from('\n')]);

interface Office {
  api: LocalApi;
  staff: Client;
  files: Files;
  member: number;
}

async function open(CLAMD_URL?: string): Promise<Office> {
  const api = await startApi({ config: { CLAMD_URL, CLAMD_TIMEOUT_SECONDS: timeoutSeconds } });
  const [member = 0] = await seedMembers(api.database, 1);
  const staff = await api.as('staff');
  return { api, staff, files: new Files(api, staff, member), member };
}

/** What readiness says of uploads; undefined while it has nothing to say. */
async function uploadsOf(api: LocalApi): Promise<unknown> {
  const { checks } = (await (await readinessOf(api)).json()) as { checks: Record<string, { status: string }> };
  return checks['uploads']?.status;
}

/** How often an outcome was counted. */
async function counted(api: LocalApi, outcome: string): Promise<number> {
  const text = await (await fetch(`${api.url}/metrics`)).text();
  return Number(new RegExp(`^ip2a_virus_scans_total{outcome="${outcome}".*} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

const unavailable = [503, 'service.unavailable'];
const refusal = { action: 'ACCESS_DENIED', outcome: 'denied', notes: 'upload.infected' };

(noClamd ? describe.skip : describe)(`clamd${noClamd ? ` (${noClamd})` : ''}`, () => {
  let clamd: Clamd;
  let api: LocalApi;
  let staff: Client;
  let files: Files;
  let member: number;
  beforeAll(async () => {
    clamd = await Clamd.start({ ...limits, AlertExceedsMax: 'yes' });
    ({ api, staff, files, member } = await open(clamd.url));
  });
  afterAll(async () => {
    await api.close();
    await clamd.stop();
  });

  it('lets a clean file be stored as it was sent', async () => {
    const content = aPdf(300_000);
    const before = await counted(api, 'clean');
    const id = await files.attached('clean.pdf', content);
    expect(readFileSync(await files.pathOf(id)).equals(content)).toBe(true);
    expect(await counted(api, 'clean')).toBe(before + 1);
    expect(await uploadsOf(api)).toBeUndefined();
  });

  const infected: [what: string, name: string, content: Buffer][] = [
    ['alone', 'eicar.txt', eicar],
    [
      'in the middle of a text',
      'long.txt',
      Buffer.concat([Buffer.alloc(700_000, 'a'), eicar, Buffer.alloc(9_000, 'b')]),
    ],
    ['at the end of a PDF', 'a.pdf', Buffer.concat([aPdf(100_000), eicar])],
    ['in a file of an archive', 'a.docx', anArchive(['[Content_Types].xml'], ['word/document.xml'], ['a', eicar])],
  ];
  it.each(infected)(
    'refuses an infected file %s, stores nothing, and has it on record',
    async (_what, name, content) => {
      const before = [await files.all(), await counted(api, 'infected')] as const;
      const reply = await files.attach(content, name);
      expect(codeOf(reply)).toEqual([422, 'upload.infected']);
      expect(reply.json<{ detail: string }>().detail).toContain('Eicar-Test-');
      expect(await files.all()).toEqual(before[0]);
      expect(await counted(api, 'infected')).toBe(before[1] + 1);
      await api.expectAudit(reply, { ...refusal, tableName: 'members', recordId: member, route: 'attachments:create' });
    },
  );

  it('is not asked about a record: an infected file for one that is not there gets the same answer', async () => {
    const reply = await files.attach(eicar, 'eicar.txt', staff, 999_999);
    expect(codeOf(reply)).toEqual([422, 'upload.infected']);
    expect(codeOf(await files.attach(aPdf(), 'a.pdf', staff, 999_999))).toEqual([422, 'reference.missing']);
  });

  it('scans imports as well', async () => {
    const headers = { 'Content-Type': 'text/csv' };
    const admin = await api.as('admin');
    const send = (content: Buffer) => admin.post('/members/import', content.toString(), headers);
    const reply = await send(csv(eicar));
    expect(codeOf(reply)).toEqual([422, 'upload.infected']);
    await api.expectAudit(reply, { ...refusal, tableName: 'members', recordId: null, route: 'members:import' });
    expect(codeOf(await send(csv('')))).toEqual([422, 'import.rejected']);
  });

  it('takes files up to its limits, and others are refused with 413', async () => {
    const { MaxFileSize, StreamMaxLength } = limits;
    const before = await files.all();
    for (const size of [MaxFileSize + 1, StreamMaxLength + 1, StreamMaxLength + 100_000, large]) {
      const reply = await files.attach(aPdf(size), 'long.pdf');
      expect(codeOf(reply)).toEqual([413, 'request.too-large']);
    }
    expect(await files.all()).toEqual(before);
    await files.attached('longest.pdf', aPdf(MaxFileSize));
  });

  it('may listen on a socket of the file system', async () => {
    const other = await open(clamd.socketUrl);
    try {
      expect(codeOf(await other.files.attach(eicar, 'eicar.txt'))).toEqual([422, 'upload.infected']);
      expect(codeOf(await other.files.attach(aPdf(large), 'a.pdf'))).toEqual([413, 'request.too-large']);
      await other.files.attached();
    } finally {
      await other.api.close();
    }
  });

  it('that hangs is waited for as long as promised, and nobody else is', async () => {
    const before = await files.all();
    clamd.pause();
    try {
      const begun = performance.now();
      let answered = 0;
      const uploads = Array.from({ length: 30 }, () => files.attach(aPdf(), 'a.pdf').finally(() => (answered += 1)));
      await until(() => clamd.hasUnread());
      expect((await staff.get(`/members/${member}`)).status).toBe(200);
      expect(answered).toBe(0);
      expect(await connectionsInTransactions()).toBe(0);
      expect((await Promise.all(uploads)).map(codeOf)).toEqual(uploads.map(() => unavailable));
      expect(performance.now() - begun).toBeGreaterThan(timeoutSeconds * 1_000 - 50);
      expect(await uploadsOf(api)).toBe('warn');
      expect(await files.all()).toEqual(before);
    } finally {
      clamd.resume();
    }
    await until(async () => (await uploadsOf(api)) === undefined);
    await files.attached();
  });

  it('that is killed in the middle of a scan leaves nothing, and is used again when it is back', async () => {
    const before = await files.all();
    clamd.pause();
    const scanned = files.attach(aPdf(large), 'a.pdf');
    await until(() => clamd.hasUnread());
    await clamd.kill();
    expect(codeOf(await scanned)).toEqual(unavailable);
    const reply = await files.attach(aPdf(), 'a.pdf');
    expect([codeOf(reply), reply.headers['retry-after']]).toEqual([unavailable, '2']);
    expect(await uploadsOf(api)).toBe('warn');
    expect(await files.all()).toEqual(before);
    await clamd.startAgain();
    await files.attached();
    expect(await uploadsOf(api)).toBeUndefined();
  });

  async function connectionsInTransactions(): Promise<number> {
    const [row] = await api.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM pg_stat_activity
       WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    );
    return row?.count ?? -1;
  }
});

describe('a server that is not clamd', () => {
  let server: Server;
  let answer = (_socket: Socket): unknown => undefined;
  let api: LocalApi;
  let staff: Client;
  let files: Files;
  let member: number;
  beforeAll(async () => {
    server = createServer((socket) => void socket.on('error', () => {}).once('data', () => answer(socket)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    ({ api, staff, files, member } = await open(`tcp://127.0.0.1:${port}`));
  });
  afterAll(() => api.close());

  const liars: [what: string, says: string][] = [
    ['speaks another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['says something else', 'PONG\0'],
    ['has an error', 'COMMAND READ TIMED OUT. ERROR\0'],
    ['finds nothing under a name', 'stream:  FOUND\0'],
    ['says that another file is clean', '/etc/passwd: OK\0'],
    ['does not end its answer', 'stream: OK'],
    ['does not stop', 'x'.repeat(100_000)],
    ['closes at once', ''],
  ];
  it.each(liars)('counts as away where it %s', async (_what, says) => {
    answer = (socket) => socket.end(says);
    const before = [await files.all(), await counted(api, 'failed')] as const;
    expect(codeOf(await files.attach(aPdf(), 'a.pdf'))).toEqual(unavailable);
    expect(await files.all()).toEqual(before[0]);
    expect(await uploadsOf(api)).toBe('warn');
    expect(await counted(api, 'failed')).toBe(before[1] + 1);
  });

  const hasty: [what: string, act: (socket: Socket) => unknown][] = [
    ['says that a file is clean', (socket) => socket.resume().write('stream: OK\0')],
    ['ends its side', (socket) => socket.resume().end()],
    ['is reset', (socket) => socket.resetAndDestroy()],
  ];
  it.each(hasty)('counts as away where it %s before it has seen the whole', async (_what, act) => {
    answer = act;
    const before = await files.all();
    expect(codeOf(await files.attach(aPdf(large), 'a.pdf'))).toEqual(unavailable);
    expect(await files.all()).toEqual(before);
  });

  it('is none where nobody listens: uploads are refused, and the rest goes on', async () => {
    await new Promise((resolve) => server.close(resolve));
    const before = await files.all();
    expect(codeOf(await files.attach(aPdf(), 'a.pdf'))).toEqual(unavailable);
    expect((await staff.get(`/attachments?recordType=member&recordId=${member}`)).status).toBe(200);
    expect(await files.all()).toEqual(before);
    expect(await uploadsOf(api)).toBe('warn');
  });
});

it('is not needed: without CLAMD_URL a file is stored as it comes, and readiness says nothing of it', async () => {
  const { api, files } = await open();
  try {
    expect((await files.attach(eicar, 'eicar.txt')).status).toBe(201);
    expect(await uploadsOf(api)).toBeUndefined();
  } finally {
    await api.close();
  }
});
