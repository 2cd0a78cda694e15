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
import { Clock } from '#kernel';
import { ObjectColdError, ObjectExistsError, openObjectStore } from '#platform/object-store';
import {
  broken,
  bytes,
  keepsClasses,
  keepsLocks,
  keepsTheContract,
  listsManyObjects,
  mediaType,
  read,
  sha256,
  type StoreUnderTest,
} from '../../../test/support/object-store-contract';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ip2a-store-'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder whose time passes when the test says so. */
async function underTest(name: string): Promise<StoreUnderTest> {
  const restoreMs = 60_000;
  const clock = new SetClock();
  const store = await openFolder(name, { clock, restoreMs });
  return {
    ...{ store, restoreMs },
    now: () => clock.now(),
    letPass: (ms) => clock.letPass(ms),
    unlocked: (until) => {
      clock.letPass(until.getTime() - clock.now().getTime());
      return Promise.resolve();
    },
  };
}

class SetClock extends Clock {
  private time = new Date('2026-11-24T10:00:00.123Z');

  override now(): Date {
    return this.time;
  }

  letPass(ms: number): void {
    this.time = new Date(this.time.getTime() + ms);
  }
}

const settings = () => ({ dataFolder: join(folder, 'data'), S3_FORCE_PATH_STYLE: true });
const openFolder = (name: string, changed: object = {}) =>
  openObjectStore('ATTACHMENTS_URL', `file:${join(folder, name)}`, { ...settings(), ...changed });

describe('a folder', () => {
  keepsTheContract(() => underTest('objects'));
  listsManyObjects(() => underTest('many'));
  keepsClasses(() => underTest('classes'));
  keepsLocks(() => underTest('locks'));

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
    const told = { size: 3, sha256: sha256('one'), mediaType: 'application/octet-stream', storageClass: 'STANDARD' };
    expect(await store.head('a')).toEqual(told);
  });

  it('reads what was put before there were classes and locks', async () => {
    const store = await openFolder('older');
    await store.put('a', bytes('one'), { mediaType });
    writeFileSync(join(folder, 'older', 'a.facts'), JSON.stringify({ size: 3, sha256: sha256('one'), mediaType }));
    expect(await read(await store.get('a'))).toBe('one');
    expect(await store.head('a')).toEqual({ size: 3, sha256: sha256('one'), mediaType, storageClass: 'STANDARD' });
    await store.changeClass('a', 'GLACIER');
    await expect(store.get('a')).rejects.toThrow(ObjectColdError);
  });

  it('restores at once where nothing slows it', async () => {
    const store = await openFolder('quick');
    await store.put('a', bytes('one'), { mediaType, storageClass: 'DEEP_ARCHIVE' });
    expect(await store.restore('a', { days: 1, tier: 'Standard' })).toBe('asked');
    expect(await read(await store.get('a'))).toBe('one');
  });

  it('loses no change of facts to another', async () => {
    const store = await openFolder('changes');
    await store.put('a', bytes('one'), { mediaType, facts: { rows: '1' } });
    const until = (day: number) => new Date(Date.UTC(2100, 0, day));
    const extending = Array.from({ length: 20 }, (_, day) => store.lockUntil('a', until(20 - day)));
    await Promise.all([...extending, store.changeClass('a', 'GLACIER')]);
    expect(await store.head('a')).toMatchObject({
      ...{ storageClass: 'GLACIER', lockedUntil: until(20), facts: { rows: '1' } },
    });
    expect(readdirSync(join(folder, 'changes', '.tmp'))).toEqual([]);
  });

  it('moves no object that is not what it was', async () => {
    const store = await openFolder('altered');
    await store.put('a', bytes('one'), { mediaType });
    writeFileSync(join(folder, 'altered', 'a'), 'two');
    await expect(store.changeClass('a', 'GLACIER')).rejects.toMatchObject({ status: 503 });
    expect((await store.head('a'))?.storageClass).toBe('STANDARD');
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
