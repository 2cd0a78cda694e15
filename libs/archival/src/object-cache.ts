import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ObjectStore } from '#platform/object-store';
import { type Clock, type DomainError, unavailable } from '#kernel';

/** Tries to read an object whole, the first included. */
const attempts = 3;
/** What a killed process left half-read is removed after this long, in ms. */
const leftoverMs = 3_600_000;

/** An object and what it must be. */
export interface Wanted {
  objectKey: string;
  sha256: string;
  bytes: number;
}

/** Objects of the archive as files, because DuckDB reads files. What was not used for longest goes first where they take too much room. */
export class ObjectCache {
  private readonly inUse = new Map<string, number>();

  constructor(
    readonly folder: string,
    private readonly store: ObjectStore,
    private readonly maxBytes: number,
    private readonly clock: Clock,
  ) {}

  /** The files of some objects, which stay until they are released. Throws a 503 where one can not be had whole. */
  async hold(wanted: readonly Wanted[]): Promise<{ files: string[]; release: () => void }> {
    const names = wanted.map(nameOf);
    const release = () => names.forEach((name) => this.inUse.set(name, (this.inUse.get(name) ?? 1) - 1));
    for (const name of names) this.inUse.set(name, (this.inUse.get(name) ?? 0) + 1);
    try {
      const files: string[] = [];
      for (const object of wanted) files.push(await this.fileOf(object));
      return { files, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Does work with the files of some objects, and releases them. */
  async use<T>(wanted: readonly Wanted[], work: (files: string[]) => Promise<T>): Promise<T> {
    const { files, release } = await this.hold(wanted);
    try {
      return await work(files);
    } finally {
      release();
    }
  }

  /** Reads an object from the store, whether or not it is here, and keeps it. */
  async readBack(wanted: Wanted): Promise<void> {
    await rm(join(this.folder, nameOf(wanted)), { force: true });
    await this.fileOf(wanted);
  }

  /** Removes every file but those of these objects: what was destroyed stays nowhere. */
  async keepOnly(objects: readonly Wanted[]): Promise<void> {
    const names = new Set(objects.map(nameOf));
    const found = await readdir(this.folder).catch(() => []);
    for (const name of found) {
      const isNeeded = name.startsWith('.') || names.has(name) || (this.inUse.get(name) ?? 0) > 0;
      if (!isNeeded) await rm(join(this.folder, name), { force: true, recursive: true });
    }
  }

  private async fileOf(wanted: Wanted): Promise<string> {
    const file = join(this.folder, nameOf(wanted));
    const found = await stat(file).catch(() => undefined);
    if (found?.size === wanted.bytes) {
      const now = this.clock.now();
      await utimes(file, now, now).catch(() => undefined);
      return file;
    }
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await this.makeRoom(wanted.bytes);
    for (let attempt = 1; ; attempt += 1) {
      const part = join(this.folder, `.${randomUUID()}`);
      try {
        await this.read(wanted, part);
        await rename(part, file);
        return file;
      } catch (error) {
        await rm(part, { force: true });
        if (attempt === attempts) throw error;
      }
    }
  }

  private async read({ objectKey, sha256, bytes }: Wanted, part: string): Promise<void> {
    const content = await this.store.get(objectKey);
    if (!content) throw unreadable(objectKey, 'An object of the archive is missing.');
    const hash = createHash('sha256');
    try {
      await pipeline(
        content,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            yield chunk;
          }
        },
        createWriteStream(part, { mode: 0o600 }),
      );
    } catch (error) {
      throw unreadable(objectKey, 'An object of the archive could not be read whole.', error);
    }
    const found = await stat(part);
    if (found.size !== bytes || hash.digest('hex') !== sha256) {
      throw unreadable(objectKey, 'An object of the archive is not what was stored.');
    }
  }

  private async makeRoom(bytes: number): Promise<void> {
    const files: { name: string; size: number; usedAt: number }[] = [];
    for (const name of await readdir(this.folder)) {
      const found = await stat(join(this.folder, name)).catch(() => undefined);
      if (!found?.isFile()) continue;
      const isLeftover = name.startsWith('.') && this.clock.now().getTime() - found.mtimeMs > leftoverMs;
      if (isLeftover) await rm(join(this.folder, name), { force: true });
      else if (!name.startsWith('.')) files.push({ name, size: found.size, usedAt: found.mtimeMs });
    }
    let taken = files.reduce((sum, { size }) => sum + size, bytes);
    for (const { name, size } of files.sort((one, other) => one.usedAt - other.usedAt)) {
      if (taken <= this.maxBytes) break;
      if ((this.inUse.get(name) ?? 0) > 0) continue;
      await rm(join(this.folder, name), { force: true });
      taken -= size;
    }
  }
}

/** An object never changes, so its hash is name enough. */
/** Which object it is stands in the log, and not in the answer. */
function unreadable(objectKey: string, detail: string, cause?: unknown): DomainError {
  const named = new Error(`${objectKey}: ${detail}`, { cause });
  return unavailable('service.unavailable', detail, named);
}

function nameOf({ sha256, objectKey }: Wanted): string {
  return `${sha256.slice(0, 32)}${objectKey.slice(objectKey.lastIndexOf('.'))}`;
}
