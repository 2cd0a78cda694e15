import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CreateBucketCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { openObjectStore } from '#platform/object-store';
import { bytes, mediaType, read, sha256 } from '../../../test/support/object-store-contract';
import { startGlacier, type Glacier } from '../../../test/support/glacier-shim';
import { missingPrograms, startRadosgw, type Radosgw } from '../../../test/support/radosgw';

const missing = missingPrograms();
if (missing.length > 0) {
  process.stderr.write(`SKIPPED: faults of S3 are not tested, because ${missing.join(', ')} is not installed.\n`);
}

(missing.length > 0 ? describe.skip : describe)('an S3 server that fails', () => {
  let folder: string;
  let server: Radosgw;
  let glacier: Glacier;
  let client: S3Client;
  /** Far below the two minutes that one try of sending may take otherwise. */
  const patienceMs = 30_000;
  const hasty = { callMs: 600, sendMs: 400 };
  const open = (url: string, changed: object = {}) =>
    openObjectStore('ARCHIVE_URL', url, {
      ...{ dataFolder: folder, S3_FORCE_PATH_STYLE: true, S3_ENDPOINT: glacier.endpoint, ...changed },
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ip2a-store-'));
    server = await startRadosgw();
    glacier = await startGlacier(server);
    const { endpoint, accessKeyId, secretAccessKey } = server;
    process.env.AWS_ACCESS_KEY_ID = accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = secretAccessKey;
    client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'files' }));
    await client.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
  });
  afterEach(() => glacier.faults.none());
  afterAll(async () => {
    client.destroy();
    await glacier.stop();
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  describe.each(['files', 'locked'])('in the bucket "%s"', (bucket) => {
    it('stores once what it acknowledged to nobody', async () => {
      const store = await open(`s3://${bucket}/lost`);
      glacier.faults.next('lost', { method: 'PUT' });
      await store.put('a', bytes('one'), { mediaType });
      expect(await read(await store.get('a'))).toBe('one');
      glacier.faults.next('lost', { method: 'PUT', times: 3 });
      await store.put('b', bytes('two'), { mediaType });
      expect(await read(await store.get('b'))).toBe('two');
      const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket, Prefix: 'lost/' }));
      expect(Versions.map(({ Key }) => Key)).toEqual(['lost/a', 'lost/b']);
    });

    it('moves once what it acknowledged to nobody', async () => {
      const store = await open(`s3://${bucket}/moved`);
      await store.put('a', bytes('one'), { mediaType });
      glacier.faults.next('lost', { method: 'PUT', times: 2 });
      await store.changeClass('a', 'GLACIER');
      expect(await store.head('a')).toEqual({ size: 3, sha256: sha256('one'), mediaType, storageClass: 'GLACIER' });
    });
  });

  it('is tried again after errors, and given up after three', async () => {
    const store = await open('s3://files/errors');
    glacier.faults.next('error', { method: 'PUT', times: 2 });
    await store.put('a', bytes('one'), { mediaType });
    glacier.faults.next('error', { method: 'GET', path: /errors/, times: 2 });
    expect(await read(await store.get('a'))).toBe('one');
    glacier.faults.next('error', { method: 'GET', path: /errors/, times: 3 });
    await expect(store.get('a')).rejects.toMatchObject({ status: 503 });
    glacier.faults.next('error', { method: 'PUT', times: 3 });
    await expect(store.put('b', bytes('two'), { mediaType })).rejects.toMatchObject({ status: 503 });
    expect(await store.head('b')).toBeUndefined();
    expect(readdirSync(join(folder, 'spool'))).toEqual([]);
  });

  it('is not waited for longer than the limits say', async () => {
    const store = await open('s3://files/timeouts', { s3Limits: hasty });
    await store.put('a', bytes('one'), { mediaType });
    glacier.faults.next('timeout', { times: 100 });
    const begun = performance.now();
    const outcomes = await Promise.allSettled([
      ...[store.get('a'), store.head('a'), store.remove('a'), store.changeClass('a', 'GLACIER')],
      ...[store.restore('a', { days: 1, tier: 'Bulk' }), store.canLock(), store.put('b', bytes('two'), { mediaType })],
    ]);
    const unavailable = expect.objectContaining({ code: 'service.unavailable' }) as unknown;
    expect(outcomes).toEqual(Array(7).fill({ status: 'rejected', reason: unavailable }));
    expect(performance.now() - begun).toBeLessThan(patienceMs);
    glacier.faults.none();
    expect(await read(await store.get('a'))).toBe('one');
    expect(await store.head('b')).toBeUndefined();
  });

  it('breaks a download off, which its reader notices', async () => {
    const store = await open('s3://files/truncated');
    const { sha256: expected } = await store.put('a', Readable.from([randomBytes(300_000)]), { mediaType });
    glacier.faults.next('truncate', { bytes: 100_000 });
    expect(await hashOf(await store.get('a'))).not.toBe(expected);
    expect(await hashOf(await store.get('a'))).toBe(expected);
  });

  it('acknowledges only what it holds, whatever goes wrong', async () => {
    glacier.faults.randomly(0.2, 7);
    const store = await open('s3://locked/chance', { s3Limits: hasty });
    const texts = Array.from({ length: 12 }, (_, index) => `text ${index}`);
    const outcomes = await Promise.allSettled(
      texts.map((text) => store.put(text.replace(' ', '-'), bytes(text), { mediaType })),
    );
    glacier.faults.none();
    for (const [index, text] of texts.entries()) {
      const found = await store.head(text.replace(' ', '-'));
      if (outcomes[index]?.status === 'fulfilled') expect(found?.sha256).toBe(sha256(text));
      else expect([undefined, sha256(text)]).toContain(found?.sha256);
    }
  });
});

/** Undefined where the stream breaks off. */
async function hashOf(content: Readable | undefined): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of content ?? Readable.from([])) hash.update(chunk as Buffer);
    return hash.digest('hex');
  } catch {
    return undefined;
  }
}
