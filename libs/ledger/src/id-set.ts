/** Ids of one block: a bit each. */
const blockIds = 65_536;

/** The ids of entries, a bit each. They come nearly in order, so it stays small. */
export class IdSet {
  /** By number of block; a thread hands them on as they are. */
  readonly blocks = new Map<number, Uint32Array>();

  /** False where the id was there before. */
  add(id: number): boolean {
    const number = Math.floor(id / blockIds);
    let block = this.blocks.get(number);
    if (!block) this.blocks.set(number, (block = new Uint32Array(blockIds / 32)));
    const at = id % blockIds;
    const [word, bit] = [at >>> 5, 1 << (at & 31)];
    const held = block[word] ?? 0;
    block[word] = held | bit;
    return (held & bit) === 0;
  }

  /** Takes the blocks of another set in. Answers the lowest id that both had, if there is one. */
  absorb(blocks: ReadonlyMap<number, Uint32Array>): number | undefined {
    let lowest: number | undefined;
    for (const [number, block] of blocks) {
      const own = this.blocks.get(number);
      if (!own) {
        this.blocks.set(number, block.slice());
        continue;
      }
      for (const [word, bits] of block.entries()) {
        const both = (own[word] ?? 0) & bits;
        own[word] = (own[word] ?? 0) | bits;
        if (both === 0) continue;
        const id = number * blockIds + word * 32 + (31 - Math.clz32(both & -both));
        lowest = Math.min(lowest ?? id, id);
      }
    }
    return lowest;
  }
}
