/** Longer than anything that is looked for, with what stands before it: no match is lost between two chunks. */
const overlap = 127;
/** Places of one name that are remembered; an honest archive has one. */
const maxPlaces = 16;

/** Looks for byte sequences in a stream. */
abstract class Search {
  private tail = Buffer.alloc(0);
  private offset = 0;

  constructor(private readonly patterns: readonly Buffer[]) {}

  abstract get isMet(): boolean;

  take(chunk: Buffer): void {
    if (this.isMet) return;
    const bytes = Buffer.concat([this.tail, chunk]);
    const start = this.offset - this.tail.length;
    this.patterns.forEach((pattern, index) => {
      for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) {
        this.meet(index, bytes, at, start + at);
      }
    });
    this.offset += chunk.length;
    this.tail = Buffer.from(bytes.subarray(-overlap));
  }

  /** A pattern stands at `at` of these bytes, which is at `position` of the whole. May be called twice for one place. */
  protected abstract meet(pattern: number, bytes: Buffer, at: number, position: number): void;
}

/** Looks for one of several streams in a compound file: an entry is 128 bytes, at a multiple of that, and begins with the name (MS-CFB §2.6). */
export class CompoundSearch extends Search {
  isMet = false;

  constructor(streams: readonly string[]) {
    super(streams.map((name) => Buffer.from(`${name}\0`, 'utf16le')));
  }

  protected meet(_pattern: number, _bytes: Buffer, _at: number, position: number): void {
    if (position % 128 === 0) this.isMet = true;
  }
}

/**
 * Looks for all of several files in a ZIP archive (APPNOTE §4.3.7, §4.3.12). Each must stand in the directory with the offset
 * at which it was seen; so the files of an archive within the archive do not count.
 */
export class ArchiveSearch extends Search {
  private readonly places: Set<number>[];
  private readonly listed: boolean[];

  constructor(entries: readonly string[]) {
    super(entries.map((name) => Buffer.from(name)));
    this.places = entries.map(() => new Set());
    this.listed = entries.map(() => false);
  }

  get isMet(): boolean {
    return this.listed.every(Boolean);
  }

  protected meet(pattern: number, bytes: Buffer, at: number, position: number): void {
    const places = this.places[pattern] ?? new Set();
    if (at >= 30 && bytes.readUInt32LE(at - 30) === 0x04034b50 && places.size < maxPlaces) places.add(position - 30);
    const isListed = at >= 46 && bytes.readUInt32LE(at - 46) === 0x02014b50 && places.has(bytes.readUInt32LE(at - 4));
    if (isListed) this.listed[pattern] = true;
  }
}
