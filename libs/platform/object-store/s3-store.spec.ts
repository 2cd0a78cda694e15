import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ObjectExistsError, openObjectStore } from '#platform/object-store';
import {
  bytes,
  keepsClasses,
  keepsLocks,
  keepsTheContract,
  keysOf,
  listsManyObjects,
  mediaType,
  read,
  sha256,
  type StoreUnderTest,
} from '../../../test/support/object-store-contract';
import { startGlacier, type Glacier } from '../../../test/support/glacier-shim';
import { missingPrograms, startRadosgw, type Radosgw } from '../../../test/support/radosgw';
import { isSoak } from '../../../test/support/soak';

const mebibyte = 2 ** 20;
/** What radosgw takes: no part but the last may be smaller. */
const small = { wholeBytes: 6 * mebibyte, partBytes: 5 * mebibyte };

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ip2a-store-'))));
afterAll(() => rmSync(folder, { recursive: true }));
const settings = () => ({ dataFolder: join(folder, 'data'), S3_FORCE_PATH_STYLE: true });

it('is refused at the start where nothing names the region of a bucket', async () => {
  const { AWS_REGION } = process.env;
  delete process.env.AWS_REGION;
  process.env.AWS_CONFIG_FILE = join(folder, 'absent');
  await expect(openObjectStore('ATTACHMENTS_URL', 's3://files', settings())).rejects.toMatchObject({
    name: 'ConfigError',
    variable: 'S3_REGION',
  });
  if (AWS_REGION !== undefined) process.env.AWS_REGION = AWS_REGION;
});

const missing = missingPrograms();
if (missing.length > 0) {
  process.stderr.write(
    `SKIPPED: the object store is not tested on S3, because ${missing.join(', ')} is not installed. ` +
      'apt-get install --no-install-recommends radosgw ceph-mon ceph-osd\n',
  );
}

(missing.length > 0 ? describe.skip : describe)('an S3 bucket (radosgw)', () => {
  const restoreMs = 60_000;
  let server: Radosgw;
  let glacier: Glacier;
  let client: S3Client;
  let passedMs = 0;
  const now = () => new Date(Date.now() + passedMs);
  const open = (url: string, changed: object = {}) =>
    openObjectStore('ARCHIVE_URL', url, { ...settings(), S3_ENDPOINT: glacier.endpoint, ...changed });

  async function underTest(url: string, changed: object = {}): Promise<StoreUnderTest> {
    return {
      ...{ store: await open(url, changed), restoreMs, now },
      letPass: (ms) => {
        passedMs += ms;
      },
      // The server's locks go by its own clock.
      unlocked: async (until) => {
        while (Date.now() < until.getTime() + 1_000) await sleep(100);
      },
    };
  }

  beforeAll(async () => {
    server = await startRadosgw();
    glacier = await startGlacier(server, { restoreMs, now });
    const { endpoint, accessKeyId, secretAccessKey } = server;
    process.env.AWS_ACCESS_KEY_ID = accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = secretAccessKey;
    client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'files' }));
    await client.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
  });
  afterAll(async () => {
    client.destroy();
    await glacier.stop();
    await server.stop();
  });

  describe('without versions', () => {
    keepsTheContract(() => underTest('s3://files/archive'));
    listsManyObjects(() => underTest('s3://files/many', { s3Limits: { pageKeys: 10 } }));
    // In a soak the list is also longer than a page of S3's own.
    if (isSoak) listsManyObjects(() => underTest('s3://files/whole-pages'));
    keepsClasses(() => underTest('s3://files/archive'));

    it('can not lock, and says so before it takes anything', async () => {
      const store = await open('s3://files/archive');
      expect(await store.canLock()).toBe(false);
      const lockedUntil = new Date(Date.now() + 60_000);
      const putting = store.put('unlocked', bytes('x'), { mediaType, lockedUntil });
      await expect(putting).rejects.toMatchObject({ status: 503 });
      expect(await store.head('unlocked')).toBeUndefined();
      await store.put('unlocked', bytes('x'), { mediaType });
      await expect(store.lockUntil('unlocked', lockedUntil)).rejects.toMatchObject({ status: 503 });
    });
  });

  describe('with Object Lock', () => {
    keepsTheContract(() => underTest('s3://locked/archive'));
    keepsClasses(() => underTest('s3://locked/archive'));
    keepsLocks(async () => ({ ...(await underTest('s3://locked/archive')), now: () => new Date() }));

    it('leaves no version of a writer that lost', async () => {
      const store = await open('s3://locked/raced');
      for (const key of ['a', 'b', 'c', 'd', 'e']) {
        const putting = [1, 2, 3, 4, 5, 6].map((writer) => store.put(key, bytes(`w${writer}`), { mediaType }));
        const outcomes = await Promise.allSettled(putting);
        const won = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [`w${index + 1}`] : []));
        expect([await read(await store.get(key))]).toEqual(won);
        expect(await versionsOf(`raced/${key}`)).toEqual({ versions: 1, markers: 0 });
      }
    });

    it('removes the bytes, and not only the name', async () => {
      const store = await open('s3://locked/removed');
      await store.put('a', bytes('one'), { mediaType });
      await client.send(new DeleteObjectCommand({ Bucket: 'locked', Key: 'removed/a' }));
      expect(await store.head('a')).toBeUndefined();
      await store.put('a', bytes('two'), { mediaType });
      expect(await read(await store.get('a'))).toBe('two');
      expect(await versionsOf('removed/a')).toEqual({ versions: 2, markers: 1 });
      await store.remove('a');
      expect(await versionsOf('removed/a')).toEqual({ versions: 0, markers: 0 });
    });

    it('keeps the old version of a moved object only where that is locked', async () => {
      const store = await open('s3://locked/moved');
      await store.put('free', bytes('one'), { mediaType });
      await store.changeClass('free', 'GLACIER');
      expect(await versionsOf('moved/free')).toEqual({ versions: 1, markers: 0 });
      await store.put('held', bytes('one'), { mediaType, lockedUntil: new Date(Date.now() + 600_000) });
      await store.changeClass('held', 'STANDARD_IA');
      expect(await versionsOf('moved/held')).toEqual({ versions: 2, markers: 0 });
    });

    it('finishes a move that was interrupted after its copy', async () => {
      const store = await open('s3://locked/halfway');
      const lockedUntil = new Date(Date.now() + 600_000);
      await store.put('a', bytes('one'), { mediaType, lockedUntil, storageClass: 'STANDARD_IA' });
      const one = { Bucket: 'locked', Key: 'halfway/a' };
      const { VersionId, Metadata } = await client.send(new HeadObjectCommand(one));
      const kept = { MetadataDirective: 'REPLACE', Metadata, ContentType: mediaType } as const;
      const copy = { CopySource: `locked/halfway/a?versionId=${VersionId}`, StorageClass: 'GLACIER', ...kept } as const;
      await client.send(new CopyObjectCommand({ ...one, ...copy }));
      expect((await store.head('a'))?.lockedUntil).toBeUndefined();
      await store.changeClass('a', 'GLACIER');
      expect(await store.head('a')).toMatchObject({ storageClass: 'GLACIER', lockedUntil });
    });

    it('locks what is sent in parts, which radosgw does not do of itself', async () => {
      const store = await open('s3://locked/parts', { s3Limits: small });
      const content = randomBytes(11 * mebibyte);
      const lockedUntil = new Date(Date.now() + 600_000);
      const options = { mediaType, lockedUntil, storageClass: 'STANDARD_IA', facts: { rows: '7' } } as const;
      const stored = await store.put('large', Readable.from([content]), options);
      expect(stored).toEqual({ size: content.length, sha256: sha256(content) });
      expect(await store.head('large')).toEqual({ ...stored, ...options });
      const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket: 'locked', Key: 'parts/large' }));
      expect(Retention).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: lockedUntil });
      await store.changeClass('large', 'GLACIER_IR');
      expect(await hashOf(await store.get('large'))).toBe(stored.sha256);
    });

    async function versionsOf(key: string): Promise<{ versions: number; markers: number }> {
      const found = await client.send(new ListObjectVersionsCommand({ Bucket: 'locked', Prefix: key }));
      return { versions: found.Versions?.length ?? 0, markers: found.DeleteMarkers?.length ?? 0 };
    }
  });

  describe('in parts', () => {
    it('stores what is too large for one piece, once', async () => {
      const store = await open('s3://files/parts', { s3Limits: small });
      const content = randomBytes(12 * mebibyte);
      const options = { mediaType, facts: { rows: '7' }, storageClass: 'GLACIER_IR' } as const;
      const stored = await store.put('large', Readable.from([content]), options);
      expect(stored).toEqual({ size: content.length, sha256: sha256(content) });
      expect(await store.head('large')).toEqual({ ...stored, ...options });
      expect(await hashOf(await store.get('large'))).toBe(stored.sha256);
      const late = store.put('large', Readable.from([randomBytes(7 * mebibyte)]), { mediaType });
      await expect(late).rejects.toThrow(ObjectExistsError);
      expect((await store.head('large'))?.sha256).toBe(stored.sha256);
      await store.changeClass('large', 'STANDARD');
      expect(await hashOf(await store.get('large'))).toBe(stored.sha256);
      expect(await uploadsLeft()).toBe(0);
    });

    it('leaves no part of an upload that fails', async () => {
      const store = await open('s3://files/parts', { s3Limits: small });
      glacier.faults.next('error', { method: 'PUT', path: /partNumber=2/, times: 3 });
      const failing = store.put('failed', Readable.from([randomBytes(7 * mebibyte)]), { mediaType });
      await expect(failing).rejects.toMatchObject({ status: 503 });
      expect(await store.head('failed')).toBeUndefined();
      expect(await uploadsLeft()).toBe(0);
    });

    it('knows its object again when the answer to the last request was lost', async () => {
      const store = await open('s3://files/parts', { s3Limits: small });
      glacier.faults.next('lost', { method: 'POST', path: /uploadId=/, times: 3 });
      const stored = await store.put('lost', Readable.from([randomBytes(7 * mebibyte)]), { mediaType });
      expect(await hashOf(await store.get('lost'))).toBe(stored.sha256);
      expect(await uploadsLeft()).toBe(0);
    });

    async function uploadsLeft(): Promise<number> {
      return (await client.send(new ListMultipartUploadsCommand({ Bucket: 'files' }))).Uploads?.length ?? 0;
    }
  });

  describe('encrypted by the server', () => {
    it('with a key that is named', async () => {
      const kms = { S3_SSE: 'aws:kms', S3_SSE_KMS_KEY_ID: 'testkey' };
      const store = await open('s3://files/encrypted', { ...kms, s3Limits: small });
      await store.put('a', bytes('secret'), { mediaType });
      const found = await client.send(new HeadObjectCommand({ Bucket: 'files', Key: 'encrypted/a' }));
      expect([found.ServerSideEncryption, found.SSEKMSKeyId]).toEqual(['aws:kms', 'testkey']);
      expect(await read(await store.get('a'))).toBe('secret');
      const large = await store.put('large', Readable.from([randomBytes(7 * mebibyte)]), { mediaType });
      expect(await hashOf(await store.get('large'))).toBe(large.sha256);
    });

    it('or not at all, where the server takes the request and stores in the clear', async () => {
      const store = await open('s3://files/clear', { S3_SSE: 'AES256' });
      await expect(store.put('a', bytes('secret'), { mediaType })).rejects.toMatchObject({ status: 503 });
      expect(await store.head('a')).toBeUndefined();
    });
  });

  it('keeps to its prefix, and leaves nothing in the spool', async () => {
    const [one, other, whole] = [await open('s3://files/one/'), await open('s3://files/on'), await open('s3://files')];
    await one.put('a', bytes('one'), { mediaType });
    expect([await keysOf(one), await keysOf(other), await keysOf(whole, 'one/')]).toEqual([['a'], [], ['one/a']]);
    expect(readdirSync(join(folder, 'data', 'spool'))).toEqual([]);
  });

  it('is a 503 where there is no such bucket', async () => {
    const store = await open('s3://nobody/x');
    await expect(store.put('a', bytes('one'), { mediaType })).rejects.toMatchObject({ status: 503 });
    await expect(store.get('a')).rejects.toMatchObject({ status: 503 });
  });

  it('is a 503 while it does not answer', async () => {
    const store = await open('s3://files/x', { S3_ENDPOINT: 'http://127.0.0.1:1' });
    const refusals = [store.put('a', bytes('one'), { mediaType }), store.get('a'), store.head('a'), store.remove('a')];
    const outcomes = await Promise.allSettled([...refusals, keysOf(store)]);
    expect(outcomes).toEqual(
      Array(5).fill({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'service.unavailable' }) as unknown,
      }),
    );
  });
});

async function hashOf(content: Readable | undefined): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content ?? Readable.from([])) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
