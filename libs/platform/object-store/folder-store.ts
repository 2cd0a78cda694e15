import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { DomainError, unavailable } from '#kernel';
import { ObjectExistsError } from './object-exists.error';
import { checkedKey, ObjectStore, type ListedObject, type ObjectFacts, type PutOptions } from './object-store';
import { spool } from './spool';

const ownerOnlyFolder = 0o700;
const ownerOnlyFile = 0o600;
/** Below the folder; no key begins with a dot. */
const temporaryFolder = '.tmp';
/** A temporary file as old as this, in ms, is of a program that was killed: no upload takes a day. */
const leftoverMs = 86_400_000;

/**
 * A folder that keeps objects as files under their keys. Writing is to a temporary file, fsync, and an exclusive link, so a
 * key holds a whole object or none, and the first of several writers wins; the facts are in a file beside it.
 */
export class FolderStore extends ObjectStore {
  private constructor(private readonly folder: string) {
    super();
  }

  static async open(folder: string): Promise<FolderStore> {
    const temporary = join(folder, temporaryFolder);
    await mkdir(temporary, { recursive: true, mode: ownerOnlyFolder });
    for (const name of await readdir(temporary)) {
      const file = join(temporary, name);
      const found = await unlessAbsent(stat(file));
      if (found && Date.now() - found.mtimeMs > leftoverMs) await unlessAbsent(unlink(file));
    }
    return new FolderStore(folder);
  }

  async put(key: string, content: Readable, { mediaType }: PutOptions): Promise<Pick<ObjectFacts, 'size' | 'sha256'>> {
    const file = this.fileOf(key);
    const temporary = join(this.folder, temporaryFolder, randomUUID());
    try {
      const handle = await open(temporary, 'wx', ownerOnlyFile);
      const spooled = await spool(content, handle).finally(() => handle.close());
      const facts = { size: spooled.size, sha256: spooled.sha256.toString('hex'), mediaType };
      await verify(temporary, facts);
      await this.makeFolder(dirname(file));
      await link(temporary, file);
      await this.complete(file, facts);
      return { size: facts.size, sha256: facts.sha256 };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new ObjectExistsError(key);
      throw translated(error);
    } finally {
      content.destroy();
      await unlessAbsent(unlink(temporary)).catch(() => undefined);
    }
  }

  async get(key: string, range?: { start: number; end: number }): Promise<Readable | undefined> {
    const handle = await unlessAbsent(open(this.fileOf(key), 'r'));
    return handle && createReadStream('', { fd: handle, ...range });
  }

  async head(key: string): Promise<ObjectFacts | undefined> {
    const file = this.fileOf(key);
    const found = await unlessAbsent(stat(file));
    if (!found?.isFile()) return undefined;
    const kept = await unlessAbsent(readFile(factsOf(file), 'utf8'));
    if (kept) return JSON.parse(kept) as ObjectFacts;
    // Killed between the two files: the content tells all but what it was said to be.
    return { size: found.size, sha256: await hashOf(file), mediaType: 'application/octet-stream' };
  }

  async remove(key: string): Promise<void> {
    const file = this.fileOf(key);
    await unlessAbsent(unlink(file));
    await unlessAbsent(unlink(factsOf(file)));
    await unlessAbsent(syncFolder(dirname(file)));
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

  /** What follows the link, which made the object: the facts, and a folder that is durable. Undoes the link where that fails. */
  private async complete(file: string, facts: ObjectFacts): Promise<void> {
    try {
      await this.keepFacts(file, facts);
      await syncFolder(dirname(file));
    } catch (error) {
      await unlessAbsent(unlink(file));
      throw error;
    }
  }

  /** Renamed into place: what an interrupted removal left there was of another object. */
  private async keepFacts(file: string, facts: ObjectFacts): Promise<void> {
    const temporary = join(this.folder, temporaryFolder, randomUUID());
    await writeFile(temporary, JSON.stringify(facts), { mode: ownerOnlyFile, flush: true });
    await rename(temporary, factsOf(file));
  }

  /** A new folder is durable once the folder above it is synced. */
  private async makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true, mode: ownerOnlyFolder });
    if (first === undefined) return;
    for (let made = folder; made !== dirname(first); made = dirname(made)) await syncFolder(dirname(made));
  }
}

const factsOf = (file: string) => `${file}.facts`;

/** Reads back what was written. The system's cache answers, so this finds faults of ours and full disks, not bad sectors. */
async function verify(file: string, { size, sha256 }: ObjectFacts): Promise<void> {
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
  if (error instanceof DomainError) return error;
  return unavailable('service.unavailable', 'The folder of the files can not take the request now.', error);
}
