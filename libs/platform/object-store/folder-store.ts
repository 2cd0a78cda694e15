import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { Clock, DomainError, unavailable } from '#kernel';
import { isLocked, isReadable, toFacts, toKept, withRestore, type KeptFacts } from './folder-facts';
import { ObjectColdError, ObjectExistsError, ObjectLockedError, ObjectMissingError } from './object.error';
import {
  checkedFacts,
  checkedKey,
  isCold,
  ObjectStore,
  type ListedObject,
  type ObjectFacts,
  type PutOptions,
  type RestoreOptions,
  type RestoreState,
  type StorageClass,
  type StoreSettings,
} from './object-store';
import { spool } from './spool';

const ownerOnlyFolder = 0o700;
const ownerOnlyFile = 0o600;
/** Below the folder; no key begins with a dot. */
const temporaryFolder = '.tmp';
/** A temporary file as old as this, in ms, is of a program that was killed: no upload takes a day. */
const leftoverMs = 86_400_000;

/**
 * A folder that keeps objects as files under their keys. Writing is to a temporary file, fsync, and an exclusive link, so a
 * key holds a whole object or none, and the first of several writers wins; the facts are in a file beside it. Classes, locks
 * and restored copies are only kept there: they are a policy that this class follows, not one that the disk enforces.
 */
export class FolderStore extends ObjectStore {
  private readonly clock: Clock;
  private readonly restoreMs: number;
  /** The end of the last change of facts: one after the other, so that none is lost. Another program is not waited for. */
  private lastChange: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly folder: string,
    { clock = new Clock(), restoreMs = 0 }: Pick<StoreSettings, 'clock' | 'restoreMs'>,
  ) {
    super();
    this.clock = clock;
    this.restoreMs = restoreMs;
  }

  static async open(folder: string, settings: Pick<StoreSettings, 'clock' | 'restoreMs'> = {}): Promise<FolderStore> {
    const temporary = join(folder, temporaryFolder);
    await mkdir(temporary, { recursive: true, mode: ownerOnlyFolder });
    for (const name of await readdir(temporary)) {
      const file = join(temporary, name);
      const found = await unlessAbsent(stat(file));
      if (found && Date.now() - found.mtimeMs > leftoverMs) await unlessAbsent(unlink(file));
    }
    return new FolderStore(folder, settings);
  }

  async put(key: string, content: Readable, options: PutOptions): Promise<Pick<ObjectFacts, 'size' | 'sha256'>> {
    const file = this.fileOf(key);
    const facts = checkedFacts(options.facts);
    const temporary = join(this.folder, temporaryFolder, randomUUID());
    try {
      const handle = await open(temporary, 'wx', ownerOnlyFile);
      const spooled = await spool(content, handle).finally(() => handle.close());
      const stored = { size: spooled.size, sha256: spooled.sha256.toString('hex') };
      await verify(temporary, stored);
      await this.makeFolder(dirname(file));
      await link(temporary, file);
      await this.complete(file, toKept(stored, { ...options, facts }));
      return stored;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new ObjectExistsError(key);
      throw translated(error);
    } finally {
      content.destroy();
      await unlessAbsent(unlink(temporary)).catch(() => undefined);
    }
  }

  async get(key: string, range?: { start: number; end: number }): Promise<Readable | undefined> {
    const file = this.fileOf(key);
    const kept = await keptOf(file);
    if (kept && !isReadable(kept, this.clock.now())) throw new ObjectColdError(key);
    const handle = await unlessAbsent(open(file, 'r'));
    return handle && createReadStream('', { fd: handle, ...range });
  }

  async head(key: string): Promise<ObjectFacts | undefined> {
    const kept = await this.find(this.fileOf(key));
    return kept && toFacts(kept, this.clock.now());
  }

  restore(key: string, options: RestoreOptions): Promise<RestoreState> {
    return this.change(key, async (kept, file) => {
      const now = this.clock.now();
      const { storageClass, restore } = toFacts(kept, now);
      if (restore?.ongoing) return 'ongoing';
      if (!isCold(storageClass)) return 'readable';
      await this.keepFacts(file, withRestore(kept, now, options, this.restoreMs));
      return restore ? 'readable' : 'asked';
    });
  }

  changeClass(key: string, storageClass: StorageClass): Promise<void> {
    return this.change(key, async (kept, file) => {
      if (kept.storageClass === storageClass) return;
      if (!isReadable(kept, this.clock.now())) throw new ObjectColdError(key);
      await verify(file, kept);
      await this.keepFacts(file, { ...kept, storageClass, restore: undefined });
    });
  }

  lockUntil(key: string, until: Date): Promise<void> {
    return this.change(key, async (kept, file) => {
      if (isLocked(kept, until) || kept.lockedUntil === until.toISOString()) return;
      await this.keepFacts(file, { ...kept, lockedUntil: until.toISOString() });
    });
  }

  async remove(key: string): Promise<void> {
    const file = this.fileOf(key);
    await this.inTurn(async () => {
      const facts = await keptOf(file);
      if (facts && isLocked(facts, this.clock.now())) {
        throw new ObjectLockedError(key, facts.lockedUntil ? new Date(facts.lockedUntil) : undefined);
      }
      await unlessAbsent(unlink(file));
      await unlessAbsent(unlink(factsOf(file)));
      await unlessAbsent(syncFolder(dirname(file)));
    });
  }

  canLock(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async *list(prefix = ''): AsyncIterable<ListedObject> {
    yield* this.listFolder(this.folder, prefix);
  }

  /** Folder by folder, so that no more than one folder's names are held at each depth. */
  private async *listFolder(folder: string, prefix: string): AsyncIterable<ListedObject> {
    for (const entry of (await unlessAbsent(readdir(folder, { withFileTypes: true }))) ?? []) {
      const path = join(folder, entry.name);
      const key = relative(this.folder, path).split(sep).join('/');
      if (entry.name.startsWith('.') || !(key.startsWith(prefix) || prefix.startsWith(`${key}/`))) continue;
      if (entry.isDirectory()) yield* this.listFolder(path, prefix);
      else if (key.startsWith(prefix) && !key.endsWith('.facts')) {
        const found = await unlessAbsent(stat(path));
        if (found) yield { key, size: found.size, storedAt: found.mtime };
      }
    }
  }

  private fileOf(key: string): string {
    return join(this.folder, ...checkedKey(key).split('/'));
  }

  private async find(file: string): Promise<KeptFacts | undefined> {
    const found = await unlessAbsent(stat(file));
    if (!found?.isFile()) return undefined;
    // Killed between the two files: the content tells all but what it was said to be.
    const told = async () => ({ size: found.size, sha256: await hashOf(file), mediaType: 'application/octet-stream' });
    return (await keptOf(file)) ?? (await told());
  }

  private async change<T>(key: string, work: (kept: KeptFacts, file: string) => Promise<T>): Promise<T> {
    const file = this.fileOf(key);
    return this.inTurn(async () => {
      const kept = await this.find(file);
      if (!kept) throw new ObjectMissingError(key);
      return work(kept, file);
    });
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.lastChange.then(work).catch((error: unknown) => {
      throw translated(error);
    });
    this.lastChange = result.catch(() => undefined);
    return result;
  }

  /** What follows the link, which made the object: the facts, and a folder that is durable. Undoes the link where that fails. */
  private async complete(file: string, facts: KeptFacts): Promise<void> {
    try {
      await this.keepFacts(file, facts);
    } catch (error) {
      await unlessAbsent(unlink(file));
      throw error;
    }
  }

  /** Renamed into place, so that there are the old facts or the new: also of another object, whose removal was interrupted. */
  private async keepFacts(file: string, facts: KeptFacts): Promise<void> {
    const temporary = join(this.folder, temporaryFolder, randomUUID());
    const text = JSON.stringify(facts);
    await writeFile(temporary, text, { mode: ownerOnlyFile, flush: true });
    await rename(temporary, factsOf(file));
    await syncFolder(dirname(file));
    if ((await readFile(factsOf(file), 'utf8')) !== text) throw new Error('The facts are not what was written.');
  }

  /** A new folder is durable once the folder above it is synced. */
  private async makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true, mode: ownerOnlyFolder });
    if (first === undefined) return;
    for (let made = folder; made !== dirname(first); made = dirname(made)) await syncFolder(dirname(made));
  }
}

const factsOf = (file: string) => `${file}.facts`;

async function keptOf(file: string): Promise<KeptFacts | undefined> {
  const text = await unlessAbsent(readFile(factsOf(file), 'utf8'));
  return text === undefined ? undefined : (JSON.parse(text) as KeptFacts);
}

/** Reads back what was written. The system's cache answers, so this finds faults of ours and full disks, not bad sectors. */
async function verify(file: string, { size, sha256 }: Pick<ObjectFacts, 'size' | 'sha256'>): Promise<void> {
  const found = await stat(file);
  if (found.size !== size || (await hashOf(file)) !== sha256) throw new Error('What was written is not what was sent.');
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** Undefined where the file, or a folder on the way to it, does not exist. */
async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw translated(error);
  }
}

function translated(error: unknown): unknown {
  if (error instanceof DomainError || error instanceof ObjectMissingError) return error;
  return unavailable('service.unavailable', 'The folder of the files can not take the request now.', error);
}
