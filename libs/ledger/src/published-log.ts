import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { ObjectExistsError, type ObjectStore } from '#platform/object-store';
import { LedgerFault } from './ledger-fault.error';
import { tilePath, tileWidth, type ReadTile, type Tile } from './tiles';

const prefix = 'ledger';
/** How far back the latest checkpoint is looked for, in years. */
const yearsBack = 10;
/** Tiles that are written at a time. */
const lanes = 8;

/**
 * The part of the log that is kept outside of the database, where nothing is ever overwritten: each checkpoint under
 * `ledger/checkpoints/YYYY/MM/DD/hh/<seq>`, and each full tile under its C2SP path. Hashes and signatures; no entry.
 */
export class PublishedLog {
  constructor(readonly store: ObjectStore) {}

  /** The checkpoint with the highest number, of the latest hour that has any. */
  async latest(now: Date): Promise<{ seq: number; signed: string } | undefined> {
    const year = await this.lastFolder('', descending(now.getUTCFullYear() + 1, now.getUTCFullYear() - yearsBack, 4));
    const month = year && (await this.lastFolder(year, descending(12, 1, 2)));
    const day = month && (await this.lastFolder(month, descending(31, 1, 2)));
    const hour = day && (await this.lastFolder(day, descending(23, 0, 2)));
    if (!hour) return undefined;
    let seq = 0;
    for await (const { key } of this.store.list(`${prefix}/checkpoints/${hour}`)) {
      seq = Math.max(seq, Number(key.split('/').at(-1)));
    }
    const signed = await this.read(`${prefix}/checkpoints/${hour}${name(seq)}`);
    return signed === undefined ? undefined : { seq, signed };
  }

  /** Stores a checkpoint; one that is there already must be the same. Throws LedgerFault otherwise. */
  async putCheckpoint({ seq, sealedAt, signed }: { seq: number; sealedAt: Date; signed: string }): Promise<void> {
    const [year, month, day, hour] = sealedAt.toISOString().split(/[-T:]/);
    const key = `${prefix}/checkpoints/${year}/${month}/${day}/${hour}/${name(seq)}`;
    await this.putOnce(key, Buffer.from(signed), 'text/plain');
  }

  /** Stores the tiles that became full between two sizes, of every level. Throws LedgerFault where another is there. */
  async putTiles(oldSize: number, newSize: number, read: ReadTile): Promise<void> {
    const tiles = fullTiles(oldSize, newSize);
    const lane = async () => {
      for (let next = tiles.next(); !next.done; next = tiles.next()) {
        await this.putOnce(`${prefix}/${tilePath(next.value)}`, await read(next.value), 'application/octet-stream');
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  }

  /** A full tile as it was stored; undefined where it was not. */
  async tile(tile: Tile): Promise<Buffer | undefined> {
    const content = await this.store.get(`${prefix}/${tilePath(tile)}`);
    return content && buffer(content);
  }

  private async putOnce(key: string, content: Buffer, mediaType: string): Promise<void> {
    try {
      await this.store.put(key, Readable.from([content]), { mediaType });
    } catch (error) {
      if (!(error instanceof ObjectExistsError)) throw error;
      const kept = await this.store.get(key);
      if (!kept || !(await buffer(kept)).equals(content))
        throw new LedgerFault(`TWO HISTORIES: ${key} is stored with another content`);
    }
  }

  private async read(key: string): Promise<string | undefined> {
    const content = await this.store.get(key);
    return content && text(content);
  }

  /** The first of the folders that holds anything. */
  private async lastFolder(below: string, names: string[]): Promise<string | undefined> {
    for (const folder of names) {
      for await (const _ of this.store.list(`${prefix}/checkpoints/${below}${folder}/`)) return `${below}${folder}/`;
    }
    return undefined;
  }
}

const name = (seq: number) => String(seq).padStart(12, '0');

function descending(from: number, to: number, digits: number): string[] {
  return Array.from({ length: from - to + 1 }, (_, step) => String(from - step).padStart(digits, '0'));
}

function* fullTiles(oldSize: number, newSize: number): Generator<Tile> {
  for (let level = 0, span = tileWidth; span <= newSize; level += 1, span *= tileWidth) {
    for (let index = Math.floor(oldSize / span); index < Math.floor(newSize / span); index += 1) {
      yield { level, index, width: tileWidth };
    }
  }
}
