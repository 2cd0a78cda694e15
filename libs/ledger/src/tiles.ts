import { hashAt, hashBytes, nodeHash, rootOf, splitOf } from './merkle';

/** Hashes in a full tile, and the height of the subtree that they span (C2SP tlog-tiles). */
export const tileWidth = 256;
const tileHeight = 8;
const maxLevel = 63;

/** A row of hashes of one level: of leaves at level 0, of full tiles of the level below above. */
export interface Tile {
  level: number;
  index: number;
  /** Hashes in it: 256, or fewer in the last tile of a level. */
  width: number;
}

/** The path of a tile below a log's prefix, such as `tile/0/x001/x234/067` or `tile/1/000.p/17` (C2SP tlog-tiles). */
export function tilePath({ level, index, width }: Tile): string {
  return `tile/${level}/${pathOf(index, width)}`;
}

function pathOf(index: number, width: number): string {
  let groups = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups = `x${String(rest % 1000).padStart(3, '0')}/${groups}`;
  }
  return width === tileWidth ? groups : `${groups}.p/${width}`;
}

/** The tiles that a tree of this size has, partial ones included, level by level from the left. */
export function* tilesOf(size: number): Generator<Tile> {
  for (let level = 0, hashes = size; hashes > 0 && level <= maxLevel; level += 1) {
    for (let first = 0; first < hashes; first += tileWidth) {
      yield { level, index: first / tileWidth, width: Math.min(tileWidth, hashes - first) };
    }
    hashes = Math.floor(hashes / tileWidth);
  }
}

/** Reads the hashes of a tile, at least as many as its width says, concatenated. */
export type ReadTile = (tile: Tile) => Promise<Buffer>;

/** A tree of some size whose hashes are read tile by tile, each once. Gives roots and proofs (RFC 6962 §2.1). */
export class TiledTree {
  private readonly tiles = new Map<string, Promise<Buffer>>();

  constructor(
    readonly size: number,
    private readonly read: ReadTile,
  ) {}

  /** The root the tree had when it had so many leaves. */
  root(size = this.size): Promise<Buffer> {
    return this.rangeRoot(0, size);
  }

  /** The hashes that prove the leaf at `index` of the tree, from the leaf's sibling up. */
  async inclusionProof(index: number): Promise<Buffer[]> {
    if (!(index >= 0 && index < this.size)) throw new Error(`The tree has no leaf ${index}.`);
    const siblings: [number, number][] = [];
    for (let first = 0, size = this.size; size > 1;) {
      const split = splitOf(size);
      if (index < first + split) {
        siblings.push([first + split, first + size]);
        size = split;
      } else {
        siblings.push([first, first + split]);
        first += split;
        size -= split;
      }
    }
    return Promise.all(siblings.reverse().map(([from, to]) => this.rangeRoot(from, to)));
  }

  /** The hashes that prove the tree of `oldSize` leaves to be the beginning of the one of `newSize`; none for no leaves. */
  async consistencyProof(oldSize: number, newSize = this.size): Promise<Buffer[]> {
    if (!(oldSize >= 0 && oldSize <= newSize && newSize <= this.size)) throw new Error('The tree has no such sizes.');
    if (oldSize === 0 || oldSize === newSize) return [];
    const siblings: [number, number][] = [];
    let first = 0;
    let size = newSize;
    while (first + size !== oldSize) {
      const split = splitOf(size);
      if (oldSize <= first + split) {
        siblings.push([first + split, first + size]);
        size = split;
      } else {
        siblings.push([first, first + split]);
        first += split;
        size -= split;
      }
    }
    if (first > 0) siblings.push([first, first + size]);
    return Promise.all(siblings.reverse().map(([from, to]) => this.rangeRoot(from, to)));
  }

  /** The root over leaves `from` to `to`, where `from` is a multiple of the largest power of two in between. */
  private async rangeRoot(from: number, to: number): Promise<Buffer> {
    const subtrees: Promise<Buffer>[] = [];
    for (let first = from; first < to;) {
      let level = 0;
      while (2 ** (level + 1) <= to - first) level += 1;
      subtrees.push(this.node(level, first / 2 ** level));
      first += 2 ** level;
    }
    return rootOf(await Promise.all(subtrees));
  }

  /** The root of a perfect subtree of 2^level leaves. */
  private async node(level: number, index: number): Promise<Buffer> {
    const tileLevel = Math.floor(level / tileHeight);
    const count = 2 ** (level % tileHeight);
    const first = index * count;
    const tile = await this.tile(tileLevel, Math.floor(first / tileWidth));
    let hashes = Array.from({ length: count }, (_, place) => hashAt(tile, (first % tileWidth) + place));
    while (hashes.length > 1) {
      hashes = hashes.flatMap((left, place) => (place % 2 === 0 ? [nodeHash(left, hashes[place + 1] as Buffer)] : []));
    }
    return hashes[0] as Buffer;
  }

  private tile(level: number, index: number): Promise<Buffer> {
    const key = `${level}/${index}`;
    let tile = this.tiles.get(key);
    if (!tile) this.tiles.set(key, (tile = this.readWhole(level, index)));
    return tile;
  }

  private async readWhole(level: number, index: number): Promise<Buffer> {
    const hashes = Math.floor(this.size / tileWidth ** level);
    const width = Math.min(tileWidth, hashes - index * tileWidth);
    const tile = await this.read({ level, index, width });
    if (tile.length < width * hashBytes) throw new Error(`The tile ${tilePath({ level, index, width })} is too short.`);
    return tile;
  }
}
