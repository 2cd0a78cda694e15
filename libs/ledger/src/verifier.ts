import { idOf, keyOf } from './canonical-entry';
import { IdSet } from './id-set';
import type { Checkpoint } from './checkpoint';
import type { Fault, LogVerdict } from './ledger.dto';
import { CompactRange, hashAt, hashBytes, leafHash } from './merkle';
import { parseCheckpoint } from './checkpoint';
import { tileWidth, type Tile } from './tiles';

/** Leaves that were added to the log together, as the source has kept them. */
export interface SealedLeaves {
  /** The size of the tree with them. */
  size: number;
  /** Concatenated hashes. */
  leaves: Buffer;
  /** Reads the ids of their entries, in order, where the source knows them. */
  ids?: () => Promise<readonly string[]>;
  /** The checkpoint that was signed then, where the source has kept it. */
  checkpoint?: string;
}

/** A checkpoint from which a verification goes on, and the frontier of its tree. */
export interface Anchor {
  checkpoint: string;
  frontier: Buffer;
}

/** Where a log, or a part of it, is read from: the database, or a folder. */
export interface LedgerSource {
  /** Where the part begins; undefined for the beginning of the log. */
  readonly anchor?: Anchor;
  /** The checkpoint with which it ends; undefined where nothing was sealed. */
  readonly checkpoint?: string;
  /** What was sealed from the anchor to the checkpoint, in the order of the tree. */
  sealed(): AsyncIterable<SealedLeaves>;
  /** The entries after the anchor, as lines in the order of the log; also those after the checkpoint, if it is the latest. */
  lines(): AsyncIterable<Buffer[]>;
  /** Whether an entry beyond the last leaf may be there: it was too new to be sealed. */
  mayBeUnsealed(line: Buffer): boolean;
  /** The lines of the entries with an id: one, unless somebody removed or added some. */
  linesOfEntry(id: string): Promise<Buffer[]>;
  /** Whether the entry of a leaf is where it can not be read: it is cold, or was destroyed with a certificate. Asked for in rising order. */
  isUnreadable?(index: number): boolean;
  /** The place at which an id was sealed. */
  placeOf(id: string): Promise<number | undefined>;
}

export interface VerifyOptions {
  /** The checkpoint if it is this log's and its signatures hold. */
  open: (signed: string) => Checkpoint | undefined;
  /** A full tile of leaf hashes as it was published outside of the source, where there is one. */
  publishedTile?: (tile: Tile) => Promise<Buffer | undefined>;
  /** A checkpoint that was published outside: the source's log must hold it. */
  published?: string;
  /** The ids of the entries that were read are put there. */
  ids?: IdSet;
  /** It goes on when what this returns is done. */
  onProgress?: (leaves: number, of: number) => void | Promise<void>;
}

/**
 * Computes the tree again from the entries and compares it with what was sealed and signed. Names the first entry that was altered,
 * removed, inserted or reordered. Memory does not grow with the log.
 */
export async function verifyLedger(source: LedgerSource, options: VerifyOptions): Promise<LogVerdict> {
  return new Verification(source, options).run();
}

class Verification {
  private range = new CompactRange();
  private readonly lines: AsyncIterator<Buffer[]>;
  private readonly sealed: AsyncIterator<SealedLeaves>;
  private batch: Buffer[] = [];
  private next = 0;
  private compared = 0;
  private unsealed = 0;
  private unread = 0;
  private readonly ids: IdSet;

  constructor(
    private readonly source: LedgerSource,
    private readonly options: VerifyOptions,
  ) {
    this.ids = options.ids ?? new IdSet();
    this.lines = source.lines()[Symbol.asyncIterator]();
    this.sealed = source.sealed()[Symbol.asyncIterator]();
  }

  async run(): Promise<LogVerdict> {
    try {
      const fault = await this.findFault();
      const root = this.range.root.toString('base64');
      return {
        ...{ valid: fault === undefined, treeSize: this.range.size, root },
        ...{ entriesCompared: this.compared, unsealed: this.unsealed, unread: this.unread, fault: fault ?? null },
      };
    } finally {
      await this.lines.return?.();
    }
  }

  private async findFault(): Promise<Fault | undefined> {
    const { anchor, checkpoint: signed } = this.source;
    const head = signed === undefined ? undefined : this.options.open(signed);
    if (signed !== undefined && !head)
      return faultOf('checkpoint', 'The latest checkpoint is not signed with the key of the log.');
    if (anchor && !this.begin(anchor))
      return faultOf('checkpoint', 'The checkpoint to begin with is not one that the log signed.');
    const size = head?.size ?? 0;
    for (let step = await this.sealed.next(); !step.done; step = await this.sealed.next()) {
      const fault = await this.compare(step.value);
      if (fault) return fault;
      await this.options.onProgress?.(this.range.size, size);
    }
    if (head && (this.range.size !== head.size || !this.range.root.equals(head.root))) {
      return faultOf('checkpoint', `The tree of ${this.range.size} leaves is not the signed one of ${head.size}.`);
    }
    return (await this.checkRest()) ?? this.checkPublished();
  }

  private begin({ checkpoint, frontier }: Anchor): boolean {
    const signed = this.options.open(checkpoint);
    if (!signed) return false;
    this.range = new CompactRange(signed.size, frontier);
    return this.range.root.equals(signed.root);
  }

  /** The leaves of one seal against the entries, and the tree with them against the checkpoint that was signed then. */
  private async compare(sealed: SealedLeaves): Promise<Fault | undefined> {
    const start = new CompactRange(this.range.size, this.range.frontier);
    const count = sealed.leaves.length / hashBytes;
    for (let place = 0; place < count; place += 1) {
      if (this.source.isUnreadable?.(this.range.size)) {
        this.unread += 1;
        this.range.append(Buffer.from(hashAt(sealed.leaves, place)));
        continue;
      }
      const line = this.next < this.batch.length ? this.batch[this.next] : await this.more();
      const leaf = line && leafHash(line);
      if (leaf?.compare(sealed.leaves, place * hashBytes, (place + 1) * hashBytes) !== 0) {
        return this.diagnose(sealed, { start, place, line });
      }
      if (line && !this.ids.add(idOf(line))) return doubled(idOf(line), this.range.size);
      this.next += 1;
      this.compared += 1;
      this.range.append(leaf);
    }
    const then = sealed.checkpoint === undefined ? undefined : readCheckpoint(sealed.checkpoint);
    const isAsSigned = !sealed.checkpoint || (then?.size === this.range.size && then.root.equals(this.range.root));
    return isAsSigned ? undefined : this.locate(sealed, start);
  }

  /** The next line, from the next batch where this one is used up. */
  private async more(): Promise<Buffer | undefined> {
    while (this.next >= this.batch.length) {
      const step = await this.lines.next();
      if (step.done) return undefined;
      this.batch = step.value;
      this.next = 0;
    }
    return this.batch[this.next];
  }

  /** Says what was done where the next entry is not the one that was sealed at this place. */
  private async diagnose(
    sealed: SealedLeaves,
    { start, place, line }: { start: CompactRange; place: number; line: Buffer | undefined },
  ): Promise<Fault> {
    const index = start.size + place;
    const expectedId = (await sealed.ids?.())?.[place];
    const found = line && keyOf(line);
    const expected = hashAt(sealed.leaves, place);
    if (expectedId === undefined) return this.diagnoseByHash(sealed, { index, place, line });
    if (found?.id === expectedId && line) {
      const isSealsFault = this.isSignedWith(sealed, start, place, leafHash(line));
      return isSealsFault
        ? faultOf('seal-altered', `The hash that was sealed for entry ${found.id} was altered; the entry was not.`, {
            entryId: found.id,
            index,
          })
        : faultOf('altered', differs(expected, leafHash(line)), { entryId: found.id, index });
    }
    const kept = await this.source.linesOfEntry(expectedId);
    if (kept.length === 0) {
      return faultOf('removed', 'The entry was sealed and is not there.', { entryId: expectedId, index });
    }
    const isExpectedIntact = kept.some((other) => leafHash(other).equals(expected));
    if (!isExpectedIntact || !found) {
      return faultOf('reordered', 'The entry is at another place than it was sealed at, with other content.', {
        entryId: expectedId,
        index,
      });
    }
    const sealedAt = await this.source.placeOf(found.id);
    const isDuplicate = (await this.source.linesOfEntry(found.id)).length > 1;
    if (sealedAt === undefined || isDuplicate) {
      return faultOf('inserted', 'The entry was never sealed, though it lies among those that were.', {
        entryId: found.id,
        index,
      });
    }
    return faultOf('reordered', `The entry was sealed at ${sealedAt}.`, { entryId: found.id, index });
  }

  /** Without ids only hashes tell: whether what was expected here comes next, or what comes here was expected next. */
  private async diagnoseByHash(
    sealed: SealedLeaves,
    { index, place, line }: { index: number; place: number; line: Buffer | undefined },
  ): Promise<Fault> {
    if (!line) return faultOf('removed', 'The entry was sealed and is not there.', { index });
    const { id } = keyOf(line);
    const leaf = leafHash(line);
    const expected = hashAt(sealed.leaves, place);
    this.next += 1;
    const following = await this.more();
    const further = await this.sealed.next();
    const later = Buffer.concat([
      sealed.leaves.subarray((place + 1) * hashBytes),
      further.done ? Buffer.alloc(0) : further.value.leaves,
    ]);
    const isExpectedNext = following !== undefined && leafHash(following).equals(expected);
    if (!holdsHash(later, leaf)) {
      if (isExpectedNext) return faultOf('inserted', 'The entry was never sealed.', { entryId: id, index });
      return faultOf('altered', differs(expected, leaf), { entryId: id, index });
    }
    return isExpectedNext
      ? faultOf('reordered', 'The entry comes before its place.', { entryId: id, index })
      : faultOf('removed', `The entry before ${id} was sealed and is not there.`, { index });
  }

  /** Whether the signed tree is the one in which this leaf stands at the place. */
  private isSignedWith(sealed: SealedLeaves, start: CompactRange, place: number, leaf: Buffer): boolean {
    const signed = sealed.checkpoint === undefined ? undefined : this.options.open(sealed.checkpoint);
    if (!signed) return false;
    const range = new CompactRange(start.size, start.frontier);
    for (let at = 0; at < sealed.leaves.length / hashBytes; at += 1) {
      range.append(at === place ? leaf : Buffer.from(hashAt(sealed.leaves, at)));
    }
    return range.root.equals(signed.root);
  }

  /** Entries and seals agree with one another, but not with what was signed: both were rewritten. The published tiles tell where. */
  private async locate(sealed: SealedLeaves, start: CompactRange): Promise<Fault> {
    const first = start.size;
    const ids = await sealed.ids?.();
    for (let index = Math.floor(first / tileWidth); index * tileWidth < sealed.size; index += 1) {
      const tile = await this.options.publishedTile?.({ level: 0, index, width: tileWidth });
      for (let place = 0; tile && place < tileWidth; place += 1) {
        const at = index * tileWidth + place - first;
        if (at < 0 || at >= sealed.leaves.length / hashBytes) continue;
        if (hashAt(tile, place).equals(hashAt(sealed.leaves, at))) continue;
        return faultOf('altered', 'Entry and seal were rewritten; the published tile holds another hash.', {
          entryId: ids?.[at],
          index: first + at,
        });
      }
    }
    const [from, to] = [ids?.[0], ids?.at(-1)];
    const where =
      from === undefined ? 'The checkpoint was rewritten.' : `Entries ${from} to ${to} and their seal were rewritten.`;
    return faultOf('altered', `${where} The tree is not the one that was signed.`, { entryId: from, index: first });
  }

  /** What follows the last leaf must be too new to be sealed. */
  private async checkRest(): Promise<Fault | undefined> {
    for (let line = await this.more(); line; line = await this.more()) {
      if (!this.source.mayBeUnsealed(line)) {
        return faultOf('inserted', 'The entry was never sealed, though it lies among those that were.', {
          entryId: keyOf(line).id,
        });
      }
      if (!this.ids.add(idOf(line))) return doubled(idOf(line));
      this.unsealed += 1;
      this.next += 1;
    }
    return undefined;
  }

  private checkPublished(): Fault | undefined {
    if (this.options.published === undefined) return undefined;
    const published = this.options.open(this.options.published);
    if (!published) return faultOf('checkpoint', 'The published checkpoint is not signed with the key of the log.');
    if (published.size <= this.range.size) return undefined;
    return faultOf(
      'rollback',
      `A checkpoint of ${published.size} entries was published; here the log ends at ${this.range.size}.`,
    );
  }
}

/** Of two entries with one id the second in the order of the log was inserted. */
export function doubled(id: number | string, index?: number): Fault {
  return faultOf('inserted', 'Another entry has the same id.', { entryId: String(id), index });
}

function faultOf(
  kind: Fault['kind'],
  detail: string,
  { entryId, index }: { entryId?: string; index?: number } = {},
): Fault {
  return { kind, entryId: entryId ?? null, index: index ?? null, detail };
}

function differs(sealed: Buffer, found: Buffer): string {
  return `Its content is not what was sealed: its hash is ${found.toString('hex')}, sealed was ${sealed.toString('hex')}.`;
}

function holdsHash(hashes: Buffer, hash: Buffer): boolean {
  for (let place = 0; place < hashes.length / hashBytes; place += 1)
    if (hashAt(hashes, place).equals(hash)) return true;
  return false;
}

function readCheckpoint(signed: string): Checkpoint | undefined {
  try {
    return parseCheckpoint(signed);
  } catch {
    return undefined;
  }
}
