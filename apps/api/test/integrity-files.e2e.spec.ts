import { once } from 'node:events';
import { appendFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { systemActor } from '#access';
import { IntegrityService, type Issue } from '#integrity';
import { RequestContext } from '#platform/context';
import { ObjectStore } from '#platform/object-store';
import { aPdf } from '../../../libs/attachments/src/attachment.factory';
import { missingPrograms, startRadosgw } from '../../../test/support/radosgw';
import { run } from '../../../test/support/cli';
import { Files, sha256 } from '../../../test/support/files';
import { startApi, type Client, type LocalApi } from '../../../test/support/harness';
import { seedMembers } from '../../../test/support/seed';

let api: LocalApi;
let files: Files;
let staff: Client;
beforeEach(async () => {
  api = await startApi();
  const [member = 0] = await seedMembers(api.database, 1);
  staff = await api.as('staff');
  files = new Files(api, staff, member);
});
afterEach(() => api.close());

const hourMs = 3_600_000;
const context = () =>
  new RequestContext({ source: 'cli', requestId: 'check', route: 'integrity:check', actor: systemActor('integrity') });

async function issues(onProgress?: (part: string, done: number, of: number) => void): Promise<Issue[]> {
  const found: Issue[] = [];
  const options = { files: true, onProgress };
  for await (const issue of api.app.get(IntegrityService).issues(context(), options)) {
    if (issue.kind.startsWith('attachments.object-')) found.push(issue);
  }
  return found;
}

/** Puts a file into the store's folder behind the API's back, as old as said. */
function stray(name: string, ageMs: number): void {
  const path = join(files.folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'stray');
  const storedAt = (Date.now() - ageMs) / 1000;
  utimesSync(path, storedAt, storedAt);
}

it('finds nothing where every attachment has its object, the removed ones included', async () => {
  const id = await files.attached();
  utimesSync(await files.pathOf(id), 1, 1);
  expect(await issues()).toEqual([]);
  expect((await staff.delete(`/attachments/${id}`)).status).toBe(204);
  expect(await issues()).toEqual([]);
});

it('finds rows whose object is missing, shorter, longer or another', async () => {
  const content = aPdf();
  const ids: number[] = [];
  for (let index = 0; index < 5; index += 1) ids.push(await files.attached(`${index}.pdf`, content));
  const [missing = 0, shorter = 0, longer = 0, other = 0] = ids;
  rmSync(await files.pathOf(missing));
  writeFileSync(await files.pathOf(shorter), content.subarray(0, 10));
  appendFileSync(await files.pathOf(longer), '!');
  const changed = Buffer.from(content);
  changed.writeUInt8(changed.readUInt8(20) ^ 1, 20);
  writeFileSync(await files.pathOf(other), changed);

  const row = { severity: 'warning', table: 'file_attachments' };
  const differs = async (id: number, found: Buffer): Promise<Issue> => ({
    ...{ kind: 'attachments.object-differs', severity: 'warning', table: 'file_attachments' },
    id,
    details: {
      storageKey: await files.keyOf(id),
      size: content.length,
      foundSize: found.length,
      sha256: sha256(content),
      foundSha256: sha256(found),
    },
  });
  expect(await issues()).toEqual([
    { ...row, kind: 'attachments.object-missing', id: missing, details: { storageKey: await files.keyOf(missing) } },
    await differs(shorter, content.subarray(0, 10)),
    await differs(longer, Buffer.concat([content, Buffer.from('!')])),
    await differs(other, changed),
  ]);
});

it('takes a row that names what can not be a key for one without an object', async () => {
  const id = await files.attached();
  await api.query(`UPDATE file_attachments SET storage_key = '../../etc/passwd' WHERE id = $1`, [id]);
  expect(await issues()).toMatchObject([{ kind: 'attachments.object-missing', id }]);
});

it('finds objects without a row once they are older than any upload, whatever they are called', async () => {
  stray('ab/upload-in-progress', hourMs - 60_000);
  expect(await issues()).toEqual([]);
  stray('ab/forgotten', hourMs + 60_000);
  stray('Übersicht (1).pdf', hourMs + 60_000);
  const found = (await issues()).map(({ id, kind, details }) => [kind, id, details['storageKey'], details['size']]);
  expect(found.sort()).toEqual([
    ['attachments.object-without-row', null, 'ab/forgotten', 5],
    ['attachments.object-without-row', null, 'Übersicht (1).pdf', 5],
  ]);
});

it('reads no more than four objects at a time, and tells how far it has come', async () => {
  for (let index = 0; index < 12; index += 1) await files.attached(`${index}.pdf`);
  const store = api.app.get(ObjectStore, { strict: false });
  const get = store.get.bind(store);
  let [open, most] = [0, 0];
  jest.spyOn(store, 'get').mockImplementation(async (key: string) => {
    most = Math.max(most, (open += 1));
    const content = (await get(key)) as Readable;
    void once(content, 'close').then(() => (open -= 1));
    return content;
  });
  const told: [string, number, number][] = [];
  expect(await issues((...progress) => void told.push(progress))).toEqual([]);
  expect([most, open]).toEqual([4, 0]);
  expect(told.filter(([part]) => part === 'files')).toEqual(
    Array.from({ length: 12 }, (_, index) => ['files', index + 1, 12]),
  );
  expect(told.filter(([part]) => part === 'objects')).toHaveLength(12);
});

it('is asked for over HTTP, and shows an object without a row as one without an id', async () => {
  const id = await files.attached();
  rmSync(await files.pathOf(id));
  stray('ab/forgotten', 2 * hourMs);
  const admin = await api.as('admin');
  const without = await admin.post('/integrity/check');
  expect(without.json<{ issues: Issue[] }>().issues.filter(({ table }) => table === 'file_attachments')).toEqual([]);
  const reply = await admin.post('/integrity/check?files=true');
  expect(reply.json<{ issues: Issue[] }>().issues.filter(({ table }) => table === 'file_attachments')).toMatchObject([
    { kind: 'attachments.object-missing', id },
    { kind: 'attachments.object-without-row', id: null, details: { storageKey: 'ab/forgotten' } },
  ]);
  await api.expectAudit(
    reply,
    { action: 'BULK_READ', tableName: 'members', notes: 'integrity check' },
    { action: 'BULK_READ', tableName: 'file_attachments', recordIds: [id], notes: 'integrity check' },
  );
  expect((await admin.post('/integrity/check?files=perhaps')).status).toBe(422);
});

const missing = missingPrograms();
if (missing.length > 0) {
  process.stderr.write(`SKIPPED: files are not compared on S3, because ${missing.join(', ')} is not installed.\n`);
}

(missing.length > 0 ? it.skip : it)('finds the same in an S3 bucket', async () => {
  const server = await startRadosgw();
  const { endpoint, accessKeyId, secretAccessKey } = server;
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'files' }));
  const config = { ATTACHMENTS_URL: 's3://files/kept', S3_ENDPOINT: endpoint, S3_FORCE_PATH_STYLE: true };
  // S3 says itself when it stored an object, so the clock is ahead instead.
  const clock = { now: () => new Date(Date.now() + 2 * hourMs) };
  await api.close();
  api = await startApi({ config, clock });
  const store = api.app.get(ObjectStore, { strict: false });
  const content = aPdf();
  for (const key of ['good', 'lost', 'changed', 'forgotten']) {
    await store.put(key, Readable.from([content]), { mediaType: 'application/pdf' });
  }
  for (const key of ['good', 'lost', 'changed']) {
    await api.query(
      `INSERT INTO file_attachments (record_type, record_id, file_name, original_name, storage_key, media_type, file_size, sha256)
       VALUES ('member', 1, 'a.pdf', 'a.pdf', $1, 'application/pdf', $2, $3)`,
      [key, content.length, sha256(content)],
    );
  }
  await store.remove('lost');
  await client.send(new PutObjectCommand({ Bucket: 'files', Key: 'kept/changed', Body: aPdf(content.length) }));
  const found = (await issues()).map(({ kind, details }) => [kind, details['storageKey']]);
  client.destroy();
  await server.stop();
  expect(found).toEqual([
    ['attachments.object-missing', 'lost'],
    ['attachments.object-differs', 'changed'],
    ['attachments.object-without-row', 'forgotten'],
  ]);
});

describe('ip2a integrity check', () => {
  const check = (...options: string[]) => run(api.database, ['integrity', 'check', ...options], { folder: api.folder });

  it('prints one document with every issue and nothing else, and what it does beside it', async () => {
    const id = await files.attached();
    rmSync(await files.pathOf(id));
    const { status, stdout, stderr } = await check('--json');
    const document = JSON.parse(stdout) as {
      items: Issue[];
      warning: number;
      kinds: { kind: string; found: number }[];
    };
    expect([status, document.warning]).toEqual([0, 1]);
    expect(document.items.filter(({ severity }) => severity === 'warning')).toMatchObject([
      { kind: 'attachments.object-missing', id },
    ]);
    expect(document.kinds).toContainEqual(
      expect.objectContaining({ kind: 'attachments.object-missing', found: 1 }) as unknown,
    );
    expect(stderr).toMatch(/^rules: \d+\nfiles: 1\n$/);
  });

  it('puts on record what it shows before it shows it', async () => {
    const id = await files.attached();
    rmSync(await files.pathOf(id));
    expect((await check()).stdout).toContain(`warning  attachments.object-missing  file_attachments ${id}`);
    const [entry] = (await api.entries({ tableName: 'file_attachments', action: 'BULK_READ' })).slice(-1);
    expect(entry).toMatchObject({ recordIds: [id], source: 'cli', actorEmail: 'system:integrity:check' });
  });

  it('exits 2 where it can not be made', async () => {
    const { status, stderr } = await run(
      { ...api.database, applicationUrl: api.database.applicationUrl.replace(/\/\w+$/, '/absent') },
      ['integrity', 'check'],
      { folder: api.folder },
    );
    expect([status, stderr.trim().split('\n')]).toEqual([2, [expect.stringContaining('absent') as string]]);
  });
});
