import { readdirSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aPdfStream } from '../../../libs/attachments/src/attachment.factory';
import { Clamd, noClamd } from '../../../test/support/clamd';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database';
import { ownerParts, upload } from '../../../test/support/files';
import { spawnApi, type Client, type Program } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';

const largest = 50 * 1024 * 1024;
const atOnce = 4;
/** What the program may grow by: half of what the files hold that it takes at once. */
const allowanceMiB = 100;
const patienceMs = 90_000;

let database: TestDatabase;
let api: Program;
let staff: Client;
let member: number;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), 'ip2a-files-'));
  api = await spawnApi(database, { ATTACHMENTS_URL: `file:${folder}` });
  [member = 0] = await seedMembers(database, 1);
  staff = await api.as('staff');
  // What the first of a kind loads and compiles does not count.
  await attach(100_000);
});
afterAll(async () => {
  await api.close();
  await database.drop();
  rmSync(folder, { recursive: true });
});

async function attach(size: number, client = staff): Promise<{ status: number; id: number }> {
  const reply = await upload(client, [...ownerParts(member), ['file', aPdfStream(size), 'large.pdf']]);
  return { status: reply.status, id: reply.json<{ id: number }>().id };
}

/** Downloads, and answers how many bytes came. */
async function download(id: number): Promise<number> {
  const message = await staff.open('GET', `/attachments/${id}/content`);
  let received = 0;
  for await (const chunk of message) received += (chunk as Buffer).length;
  return received;
}

/** The most memory the program had while the work was done, above what it had before. */
async function growthDuring(work: () => Promise<unknown>, program = api): Promise<number> {
  const before = program.residentMiB;
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, program.residentMiB)), 20);
  try {
    await work();
  } finally {
    clearInterval(watch);
  }
  return most - before;
}

it(
  'takes and gives back the largest files, several at once, in memory that does not grow with them',
  async () => {
    const sent = Array.from({ length: atOnce }, () => largest);
    let replies: { status: number; id: number }[] = [];
    const growth = await growthDuring(async () => {
      replies = await Promise.all(sent.map((size) => attach(size)));
    });
    expect(replies.map(({ status }) => status)).toEqual(sent.map(() => 201));
    let received: number[] = [];
    const growthOut = await growthDuring(async () => {
      received = await Promise.all(replies.map(({ id }) => download(id)));
    });
    expect(received).toEqual(sent);
    expect([growth, growthOut].map((grown) => (grown < allowanceMiB ? 'little' : grown))).toEqual(['little', 'little']);
  },
  patienceMs,
);

(noClamd ? it.skip : it)(
  `holds none of them in memory while a virus scanner hangs${noClamd ? ` (${noClamd})` : ''}`,
  async () => {
    const clamd = await Clamd.start();
    const settings = { ATTACHMENTS_URL: `file:${folder}`, CLAMD_URL: clamd.url, CLAMD_TIMEOUT_SECONDS: '5' };
    const program = await spawnApi(database, settings);
    try {
      const client = await program.as('staff');
      await attach(100_000, client);
      clamd.pause();
      let replies: { status: number }[] = [];
      const growth = await growthDuring(async () => {
        replies = await Promise.all(Array.from({ length: atOnce }, () => attach(largest, client)));
      }, program);
      expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 503));
      expect(growth < allowanceMiB ? 'little' : growth).toBe('little');
    } finally {
      await program.close();
      await clamd.stop();
    }
  },
  patienceMs,
);

it(
  'leaves no row without its object where the program is killed in the middle of uploads',
  async () => {
    const before = (await database.query('SELECT FROM file_attachments')).length;
    const uploads = Promise.allSettled(Array.from({ length: atOnce }, () => attach(largest)));
    await new Promise<void>((resolve) => {
      const watch = setInterval(() => {
        if (readdirSync(join(folder, '.tmp')).length < atOnce) return;
        clearInterval(watch);
        resolve();
      }, 5);
    });
    await api.end('SIGKILL');
    await uploads;
    const rows = await database.query<{ key: string }>('SELECT storage_key AS key FROM file_attachments');
    const objects = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(rows.filter(({ key }) => !objects.includes(key))).toEqual([]);
    expect(rows).toHaveLength(before);
  },
  patienceMs,
);
