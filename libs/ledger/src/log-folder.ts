import { createReadStream, createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { once } from 'node:events';
import { linesOf } from './canonical-entry';
import { parseCheckpoint } from './checkpoint';
import type { DatabaseSource } from './database-source';
import { CompactRange, hashBytes, leafHash } from './merkle';
import { tilePath, tilesOf, tileWidth, type Tile } from './tiles';
import type { LedgerSource, SealedLeaves } from './verifier';

/** Entries in one file. */
const entriesPerFile = tileWidth ** 2;

/**
 * A log as a folder, for somebody who has neither the database nor the service: `checkpoint` and `tile/…` as C2SP tlog-tiles has
 * them, and below `entries` the lines of the entries, a line each, in files named after the place of their first.
 */
export class LogFolder implements LedgerSource {
  private constructor(
    private readonly folder: string,
    readonly checkpoint: string,
    private readonly size: number,
  ) {}

  /** Throws where the folder holds no checkpoint. */
  static async open(folder: string): Promise<LogFolder> {
    const checkpoint = await readFile(join(folder, 'checkpoint'), 'utf8');
    return new LogFolder(folder, checkpoint, parseCheckpoint(checkpoint).size);
  }

  /** Writes the log that a source holds into an empty folder. Returns how many entries it has. */
  static async write(
    folder: string,
    source: DatabaseSource,
    onProgress?: (done: number, of: number) => void,
  ): Promise<number> {
    await mkdir(folder, { recursive: true });
    if ((await readdir(folder)).length > 0) throw new Error(`${folder} is not empty.`);
    const { checkpoint } = source;
    if (checkpoint === undefined) throw new Error('Nothing was sealed yet.');
    const { size } = parseCheckpoint(checkpoint);
    const writer = new LogWriter(folder, size, onProgress);
    for await (const lines of source.lines()) if (!(await writer.add(lines))) break;
    await writer.end();
    // Last, so that a folder with a checkpoint is whole.
    await writeFile(join(folder, 'checkpoint'), checkpoint, { flush: true });
    return size;
  }

  async *sealed(): AsyncIterable<SealedLeaves> {
    for (const tile of tilesOf(this.size)) {
      if (tile.level > 0) break;
      const leaves = await readFile(join(this.folder, tilePath(tile)));
      if (leaves.length !== tile.width * hashBytes) throw new Error(`${tilePath(tile)} has not the length of a tile.`);
      yield { size: tile.index * tileWidth + tile.width, leaves };
    }
  }

  async *lines(): AsyncIterable<Buffer[]> {
    for (let first = 0; first < this.size; first += entriesPerFile) {
      yield* linesOf(createReadStream(join(this.folder, entriesFile(first))));
    }
  }

  mayBeUnsealed(): boolean {
    return false;
  }

  /** Tiles have no ids, so nobody asks for one. */
  linesOfEntry(): Promise<Buffer[]> {
    return Promise.resolve([]);
  }

  placeOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

function entriesFile(first: number): string {
  return join('entries', `${String(first).padStart(12, '0')}.txt`);
}

/** Writes entries and the tiles over them as they come. */
class LogWriter {
  private readonly range = new CompactRange();
  /** The hashes of each level that are not in a full tile yet. */
  private readonly rows: { index: number; hashes: Buffer[] }[] = [];
  private file?: WriteStream;

  constructor(
    private readonly folder: string,
    private readonly size: number,
    private readonly onProgress?: (done: number, of: number) => void,
  ) {}

  /** False once the log has its size: what follows was not sealed. */
  async add(lines: readonly Buffer[]): Promise<boolean> {
    for (const line of lines) {
      if (this.range.size === this.size) return false;
      if (this.range.size % entriesPerFile === 0) await this.nextFile();
      if (this.file?.write(Buffer.concat([line, lineEnd])) === false) await once(this.file, 'drain');
      const full: Tile[] = [];
      const leaf = leafHash(line);
      this.place(0, leaf, full);
      this.range.append(leaf, (level, _index, hash) => level % 8 === 0 && this.place(level / 8, hash, full));
      for (const tile of full) await this.writeTile(tile);
    }
    this.onProgress?.(this.range.size, this.size);
    return true;
  }

  async end(): Promise<void> {
    if (this.range.size !== this.size)
      throw new Error(`The log has ${this.size} entries, but ${this.range.size} were found.`);
    await this.endFile();
    for (const [level, { index, hashes }] of this.rows.entries()) {
      if (hashes.length > 0) await this.writeTile({ level, index, width: hashes.length });
    }
  }

  private place(level: number, hash: Buffer, full: Tile[]): void {
    const row = (this.rows[level] ??= { index: 0, hashes: [] });
    row.hashes.push(hash);
    if (row.hashes.length === tileWidth) full.push({ level, index: row.index, width: tileWidth });
  }

  private async writeTile(tile: Tile): Promise<void> {
    const row = this.rows[tile.level];
    const file = join(this.folder, tilePath(tile));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, Buffer.concat(row?.hashes ?? []));
    if (row && tile.width === tileWidth) this.rows[tile.level] = { index: tile.index + 1, hashes: [] };
  }

  private async nextFile(): Promise<void> {
    await this.endFile();
    const file = join(this.folder, entriesFile(this.range.size));
    await mkdir(dirname(file), { recursive: true });
    this.file = createWriteStream(file);
  }

  private async endFile(): Promise<void> {
    this.file?.end();
    if (this.file) await finished(this.file);
  }
}

const lineEnd = Buffer.from('\n');
