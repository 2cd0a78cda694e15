import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { DomainError } from '#kernel';
import {
  ObjectColdError,
  ObjectExistsError,
  ObjectLockedError,
  ObjectMissingError,
  type ObjectStore,
  type StorageClass,
} from '#platform/object-store';
import { tries } from './soak';

export const mediaType = 'application/pdf';
export const bytes = (text: string) => Readable.from([Buffer.from(text)]);
export const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');
const dayMs = 86_400_000;

/** A store, and what a test must do to it from outside. */
export interface StoreUnderTest {
  store: ObjectStore;
  /** How long a restored copy takes to be ready. */
  restoreMs: number;
  /** The time by which copies become ready and end. */
  now(): Date;
  /** Lets that time pass. */
  letPass(ms: number): void;
  /** Resolves once a lock until then has ended. */
  unlocked(until: Date): Promise<void>;
}

export async function read(stream: Readable | undefined): Promise<string | undefined> {
  if (!stream) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export async function keysOf(store: ObjectStore, prefix?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}

export const broken = () =>
  Readable.from(
    (function* () {
      yield Buffer.from('beginning');
      throw new DomainError('request.malformed', 'gone');
    })(),
  );

/** What every store promises of content and keys. */
export function keepsTheContract(open: () => Promise<StoreUnderTest>): void {
  let store: ObjectStore;
  beforeAll(async () => ({ store } = await open()));

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

  it.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', '.tmp/a', 'a/.', 'a\\b', 'a b', 'ä', 'a.facts', 'x'.repeat(501)])(
    'takes no key such as "%s"',
    async (key) => {
      await expect(store.put(key, bytes('x'), { mediaType })).rejects.toThrow('A key must be');
      await expect(store.get(key)).rejects.toThrow('A key must be');
    },
  );
}

/** What every store promises of a long list. */
/** Lists are read page by page; the store's page is much smaller than the list. */
export function listsManyObjects(open: () => Promise<StoreUnderTest>): void {
  it('lists more than one page, each object once', async () => {
    const { store } = await open();
    const keys = Array.from({ length: tries(45, 1_005) }, (_, index) => `paged/${String(index).padStart(4, '0')}`);
    const putting = Array.from({ length: 20 }, async (_, first) => {
      for (let index = first; index < keys.length; index += 20) {
        await store.put(keys[index] ?? '', bytes('x'), { mediaType });
      }
    });
    await Promise.all(putting);
    expect(await keysOf(store, 'paged/')).toEqual(keys);
  });
}

/** What every store promises of classes and of the facts that it keeps. */
export function keepsClasses(open: () => Promise<StoreUnderTest>): void {
  let under: StoreUnderTest;
  let store: ObjectStore;
  beforeAll(async () => {
    under = await open();
    ({ store } = under);
  });

  it('keeps facts and class as they were put, STANDARD where none was asked for', async () => {
    const facts = { rows: '1000', root: 'a'.repeat(64), 'first-id': '17', note: 'two words' };
    await store.put('classes/kept', bytes('one'), { mediaType, storageClass: 'STANDARD_IA', facts });
    await store.put('classes/plain', bytes('one'), { mediaType });
    const content = { size: 3, sha256: sha256('one'), mediaType };
    expect(await store.head('classes/kept')).toEqual({ ...content, storageClass: 'STANDARD_IA', facts });
    expect(await store.head('classes/plain')).toEqual({ ...content, storageClass: 'STANDARD' });
  });

  it.each([
    ['Rows', '1'],
    ['first_id', '1'],
    ['rows', ''],
    ['rows', ' 1'],
    ['rows', 'ä'],
    ['rows', 'x'.repeat(1_500)],
  ])('takes no fact such as %s: "%s"', async (key, value) => {
    const putting = store.put('classes/refused', bytes('x'), { mediaType, facts: { [key]: value } });
    await expect(putting).rejects.toThrow('Facts must be');
    expect(await store.head('classes/refused')).toBeUndefined();
  });

  it.each(['STANDARD_IA', 'GLACIER_IR'] as const)('reads %s at once', async (storageClass) => {
    await store.put(`classes/${storageClass}`, bytes('warm'), { mediaType, storageClass });
    expect(await read(await store.get(`classes/${storageClass}`))).toBe('warm');
    expect(await store.restore(`classes/${storageClass}`, { days: 1, tier: 'Bulk' })).toBe('readable');
    expect((await store.head(`classes/${storageClass}`))?.restore).toBeUndefined();
  });

  it.each(['GLACIER', 'DEEP_ARCHIVE'] as const)('reads %s through a copy that ends', async (storageClass) => {
    const key = `classes/cold-${storageClass}`;
    await store.put(key, bytes('cold'), { mediaType, storageClass });
    await expect(store.get(key)).rejects.toThrow(ObjectColdError);
    expect(await store.restore(key, { days: 1, tier: 'Bulk' })).toBe('asked');
    expect((await store.head(key))?.restore).toEqual({ ongoing: true });
    expect(await store.restore(key, { days: 1, tier: 'Bulk' })).toBe('ongoing');
    await expect(store.get(key, { start: 0, end: 1 })).rejects.toThrow(ObjectColdError);

    under.letPass(under.restoreMs);
    expect(await read(await store.get(key))).toBe('cold');
    const restore = (await store.head(key))?.restore;
    expect(restore?.ongoing).toBe(false);
    expect(daysFrom(under.now(), restore?.readableUntil)).toBe(1);
    expect(await store.restore(key, { days: 3, tier: 'Bulk' })).toBe('readable');
    expect(daysFrom(under.now(), (await store.head(key))?.restore?.readableUntil)).toBe(3);

    under.letPass(3 * dayMs + 1_000);
    expect((await store.head(key))?.restore).toBeUndefined();
    await expect(store.get(key)).rejects.toThrow(ObjectColdError);
  });

  it('restores nothing that is not there', async () => {
    await expect(store.restore('classes/absent', { days: 1, tier: 'Bulk' })).rejects.toThrow(ObjectMissingError);
    expect(await store.head('classes/absent')).toBeUndefined();
  });

  it('moves an object through the classes, as often as it is asked, and keeps all else', async () => {
    const facts = { rows: '1' };
    const key = 'classes/moved';
    await store.put(key, bytes('moving'), { mediaType, facts });
    for (const storageClass of ['STANDARD_IA', 'STANDARD_IA', 'GLACIER', 'GLACIER'] as StorageClass[]) {
      await store.changeClass(key, storageClass);
      const kept = { size: 6, sha256: sha256('moving'), mediaType, storageClass, facts };
      expect(await store.head(key)).toEqual(kept);
    }
    await expect(store.get(key)).rejects.toThrow(ObjectColdError);
    expect(await keysOf(store, key)).toEqual([key]);
    await expect(store.put(key, bytes('late'), { mediaType })).rejects.toThrow(ObjectExistsError);
  });

  it('moves a cold object once it is restored', async () => {
    const key = 'classes/warmed';
    await store.put(key, bytes('warmed'), { mediaType, storageClass: 'GLACIER' });
    await expect(store.changeClass(key, 'STANDARD')).rejects.toThrow(ObjectColdError);
    expect((await store.head(key))?.storageClass).toBe('GLACIER');
    await store.restore(key, { days: 1, tier: 'Expedited' });
    under.letPass(under.restoreMs);
    await store.changeClass(key, 'STANDARD');
    expect(await store.head(key)).toEqual({ size: 6, sha256: sha256('warmed'), mediaType, storageClass: 'STANDARD' });
    expect(await read(await store.get(key))).toBe('warmed');
  });

  it('moves nothing that is not there', async () => {
    await expect(store.changeClass('classes/absent', 'GLACIER')).rejects.toThrow(ObjectMissingError);
  });
}

/** What every store promises that can lock. */
export function keepsLocks(open: () => Promise<StoreUnderTest>): void {
  let under: StoreUnderTest;
  let store: ObjectStore;
  const inDays = (days: number) => new Date(under.now().getTime() + days * dayMs);
  beforeAll(async () => {
    under = await open();
    ({ store } = under);
  });

  it('can lock', async () => expect(await store.canLock()).toBe(true));

  it('removes nothing that is locked', async () => {
    const lockedUntil = inDays(2);
    await store.put('locks/put', bytes('locked'), { mediaType, lockedUntil, storageClass: 'STANDARD_IA' });
    await expect(store.remove('locks/put')).rejects.toThrow(ObjectLockedError);
    await expect(store.remove('locks/put')).rejects.toMatchObject({ key: 'locks/put', until: lockedUntil });
    expect(await read(await store.get('locks/put'))).toBe('locked');
    expect(await store.head('locks/put')).toMatchObject({ lockedUntil, storageClass: 'STANDARD_IA' });
    await expect(store.put('locks/put', bytes('late'), { mediaType })).rejects.toThrow(ObjectExistsError);
  });

  it('extends a lock and never shortens it', async () => {
    await store.put('locks/extended', bytes('x'), { mediaType });
    for (const [days, locked] of [
      [2, 2],
      [3, 3],
      [1, 3],
      [3, 3],
    ] as const) {
      await store.lockUntil('locks/extended', inDays(days));
      expect(daysFrom(under.now(), (await store.head('locks/extended'))?.lockedUntil)).toBe(locked);
    }
    await expect(store.remove('locks/extended')).rejects.toThrow(ObjectLockedError);
    await expect(store.lockUntil('locks/absent', inDays(1))).rejects.toThrow(ObjectMissingError);
  });

  it('keeps a locked object locked when it is moved', async () => {
    const lockedUntil = inDays(2);
    await store.put('locks/moved', bytes('moving'), { mediaType, lockedUntil, facts: { rows: '1' } });
    for (const storageClass of ['STANDARD_IA', 'STANDARD_IA', 'DEEP_ARCHIVE'] as const) {
      await store.changeClass('locks/moved', storageClass);
      const found = await store.head('locks/moved');
      expect(found).toMatchObject({
        size: 6,
        sha256: sha256('moving'),
        storageClass,
        lockedUntil,
        facts: { rows: '1' },
      });
      await expect(store.remove('locks/moved')).rejects.toThrow(ObjectLockedError);
    }
    expect(await keysOf(store, 'locks/moved')).toEqual(['locks/moved']);
  });

  it('removes an object once its lock has ended', async () => {
    const lockedUntil = new Date(under.now().getTime() + 3_000);
    await store.put('locks/short', bytes('x'), { mediaType, lockedUntil });
    await store.changeClass('locks/short', 'STANDARD_IA');
    await expect(store.remove('locks/short')).rejects.toThrow(ObjectLockedError);
    await under.unlocked(lockedUntil);
    await store.remove('locks/short');
    expect(await store.head('locks/short')).toBeUndefined();
    await store.put('locks/short', bytes('again'), { mediaType });
    expect(await read(await store.get('locks/short'))).toBe('again');
  });
}

function daysFrom(now: Date, until: Date | undefined): number {
  return Math.round(((until?.getTime() ?? NaN) - now.getTime()) / dayMs);
}
