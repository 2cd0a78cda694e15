import { createHash } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { DomainError } from '#kernel';
import { ObjectExistsError, openObjectStore, type ObjectStore } from '#platform/object-store';
import { missingPrograms, startRadosgw, type Radosgw } from '../../../test/setup/radosgw';

const mediaType = 'application/pdf';
const bytes = (text: string) => Readable.from([Buffer.from(text)]);
const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

async function read(stream: Readable | undefined): Promise<string | undefined> {
  if (!stream) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function keysOf(store: ObjectStore, prefix?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ip2a-store-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = () => ({ dataFolder: join(folder, 'data'), S3_FORCE_PATH_STYLE: true });
const openFolder = (name: string) => openObjectStore('ATTACHMENTS_URL', `file:${join(folder, name)}`, settings());

describe('a folder', () => {
  keepsTheContract(() => openFolder('objects'));

  it('is open to its owner alone, and so is what is in it', async () => {
    const store = await openFolder('private');
    await store.put('a/b', bytes('secret'), { mediaType });
    const modes = ['', '.tmp', 'a', 'a/b', 'a/b.facts'].map(
      (name) => statSync(join(folder, 'private', name)).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o700, 0o700, 0o600, 0o600]);
  });

  it('leaves no temporary file behind, whether a put succeeds or not', async () => {
    const store = await openFolder('tidy');
    await store.put('a', bytes('one'), { mediaType });
    await expect(store.put('a', bytes('two'), { mediaType })).rejects.toThrow(ObjectExistsError);
    await expect(store.put('b', broken(), { mediaType })).rejects.toThrow('gone');
    expect(readdirSync(join(folder, 'tidy', '.tmp'))).toEqual([]);
    expect(readdirSync(join(folder, 'tidy')).sort()).toEqual(['.tmp', 'a', 'a.facts']);
  });

  it('knows size and hash of an object whose facts were lost', async () => {
    const store = await openFolder('killed');
    await store.put('a', bytes('one'), { mediaType });
    unlinkSync(join(folder, 'killed', 'a.facts'));
    expect(await store.head('a')).toEqual({ size: 3, sha256: sha256('one'), mediaType: 'application/octet-stream' });
  });

  it('clears away what a killed program left a day ago, and nothing younger', async () => {
    await openFolder('restarted');
    const temporary = join(folder, 'restarted', '.tmp');
    for (const name of ['old', 'young']) writeFileSync(join(temporary, name), '');
    const yesterday = Date.now() / 1000 - 86_401;
    utimesSync(join(temporary, 'old'), yesterday, yesterday);
    await openFolder('restarted');
    expect(readdirSync(temporary)).toEqual(['young']);
  });

  it('is a 503 while it can not be written', async () => {
    const store = await openFolder('full');
    rmSync(join(folder, 'full'), { recursive: true });
    symlinkSync('/proc', join(folder, 'full'));
    await expect(store.put('a', bytes('one'), { mediaType })).rejects.toMatchObject({ status: 503 });
  });

  it('is refused at the start where it can not be one', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(openFolder('file')).rejects.toMatchObject({ name: 'ConfigError', variable: 'ATTACHMENTS_URL' });
  });
});

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
  let server: Radosgw;
  const open = (url: string, changed: object = {}) =>
    openObjectStore('ATTACHMENTS_URL', url, { ...settings(), S3_ENDPOINT: server.endpoint, ...changed });

  beforeAll(async () => {
    server = await startRadosgw();
    const { endpoint, accessKeyId, secretAccessKey } = server;
    process.env.AWS_ACCESS_KEY_ID = accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = secretAccessKey;
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'files' }));
    client.destroy();
  });
  afterAll(() => server.stop());

  keepsTheContract(() => open('s3://files/attachments'));

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

const broken = () =>
  Readable.from(
    (function* () {
      yield Buffer.from('beginning');
      throw new DomainError('request.malformed', 'gone');
    })(),
  );

/** What every store promises. */
function keepsTheContract(open: () => Promise<ObjectStore>): void {
  let store: ObjectStore;
  beforeAll(async () => (store = await open()));

  it('gives back what was put, and tells its size, hash and media type', async () => {
    const stored = await store.put('contract/first.pdf', bytes('Hello, world'), { mediaType });
    expect(stored).toEqual({ size: 12, sha256: sha256('Hello, world') });
    expect(await store.head('contract/first.pdf')).toMatchObject({ ...stored, mediaType });
    expect(await read(await store.get('contract/first.pdf'))).toBe('Hello, world');
  });

  it('gives a range, the last byte included', async () => {
    await store.put('contract/range', bytes('0123456789'), { mediaType });
    expect(await read(await store.get('contract/range', { start: 2, end: 4 }))).toBe('234');
  });

  it('stores many chunks whole', async () => {
    const chunks = Array.from({ length: 200 }, (_, index) => Buffer.alloc(65_536, index));
    const stored = await store.put('contract/large', Readable.from(chunks), { mediaType });
    expect(stored).toEqual({ size: 200 * 65_536, sha256: sha256(Buffer.concat(chunks)) });
    const hash = createHash('sha256');
    for await (const chunk of (await store.get('contract/large')) as Readable) hash.update(chunk as Buffer);
    expect(hash.digest('hex')).toBe(stored.sha256);
  });

  it('never overwrites: of many writers of one key one wins, and its bytes stay', async () => {
    const texts = Array.from({ length: 8 }, (_, index) => `writer ${index}`);
    const outcomes = await Promise.allSettled(
      texts.map((text) => store.put('contract/raced', bytes(text), { mediaType })),
    );
    const winners = texts.filter((_, index) => outcomes[index]?.status === 'fulfilled');
    const losers = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
    expect(winners).toHaveLength(1);
    expect(losers.every((loser) => loser instanceof ObjectExistsError)).toBe(true);
    expect(await read(await store.get('contract/raced'))).toBe(winners[0]);
    await expect(store.put('contract/raced', bytes('late'), { mediaType })).rejects.toThrow(ObjectExistsError);
    expect((await store.head('contract/raced'))?.sha256).toBe(sha256(winners[0] ?? ''));
  });

  it('keeps nothing of a stream that fails, and says why it failed', async () => {
    await expect(store.put('contract/broken', broken(), { mediaType })).rejects.toMatchObject({
      code: 'request.malformed',
    });
    expect(await store.head('contract/broken')).toBeUndefined();
    expect(await keysOf(store, 'contract/broken')).toEqual([]);
  });

  it('removes, also what is not there, and the key is free again', async () => {
    await store.put('contract/removed', bytes('one'), { mediaType });
    await store.remove('contract/removed');
    await store.remove('contract/removed');
    expect(await store.get('contract/removed')).toBeUndefined();
    expect(await store.head('contract/removed')).toBeUndefined();
    await store.put('contract/removed', bytes('two'), { mediaType });
    expect(await read(await store.get('contract/removed'))).toBe('two');
  });

  it('lists by prefix, with sizes', async () => {
    for (const key of ['listed/a', 'listed/b/c', 'listed-not']) await store.put(key, bytes(key), { mediaType });
    expect(await keysOf(store, 'listed/')).toEqual(['listed/a', 'listed/b/c']);
    expect(await keysOf(store, 'listed/b')).toEqual(['listed/b/c']);
    expect(await keysOf(store, 'nothing')).toEqual([]);
    for await (const found of store.list('listed/a')) {
      expect([found.key, found.size, Date.now() - found.storedAt.getTime() < 60_000]).toEqual(['listed/a', 8, true]);
    }
  });

  it('lists more than one page of S3, each object once', async () => {
    const keys = Array.from({ length: 1_005 }, (_, index) => `paged/${String(index).padStart(4, '0')}`);
    const putting = Array.from({ length: 20 }, async (_, first) => {
      for (let index = first; index < keys.length; index += 20) {
        await store.put(keys[index] ?? '', bytes('x'), { mediaType });
      }
    });
    await Promise.all(putting);
    expect(await keysOf(store, 'paged/')).toEqual(keys);
  });

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', '.tmp/a', 'a/.', 'a\\b', 'a b', 'ä', 'a.facts', 'x'.repeat(501)])(
    'takes no key such as "%s"',
    async (key) => {
      await expect(store.put(key, bytes('x'), { mediaType })).rejects.toThrow('A key must be');
      await expect(store.get(key)).rejects.toThrow('A key must be');
    },
  );
}
