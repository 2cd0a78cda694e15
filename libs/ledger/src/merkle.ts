import { hash } from 'node:crypto';

/** Bytes of a hash. */
export const hashBytes = 32;

const empty = Buffer.alloc(0);
const nodeInput = Buffer.alloc(1 + 2 * hashBytes, 1);

const sha256 = (input: Buffer): Buffer => hash('sha256', input, 'buffer');

/** The root of a tree without leaves (RFC 6962 §2.1). */
export const emptyRoot = sha256(empty);

/** The hash of a leaf: SHA-256(0x00 ‖ entry) (RFC 6962 §2.1). */
export function leafHash(entry: Buffer): Buffer {
  const input = Buffer.allocUnsafe(entry.length + 1);
  input[0] = 0;
  entry.copy(input, 1);
  return sha256(input);
}

/** The hash of an inner node: SHA-256(0x01 ‖ left ‖ right) (RFC 6962 §2.1). */
export function nodeHash(left: Buffer, right: Buffer): Buffer {
  left.copy(nodeInput, 1);
  right.copy(nodeInput, 1 + hashBytes);
  return sha256(nodeInput);
}

/** The root over one or more perfect subtrees, from left to right, each smaller than the one before. */
export function rootOf(subtrees: readonly Buffer[]): Buffer {
  const last = subtrees.at(-1);
  if (!last) return emptyRoot;
  return subtrees.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** Told of each perfect subtree as it becomes whole: it spans the leaves index · 2^level and on. */
export type OnNode = (level: number, index: number, hash: Buffer) => void;

/**
 * What is needed of a tree to append to it and to know its root: the roots of its perfect subtrees from left to right, one for
 * each bit that is set in its size.
 */
export class CompactRange {
  private readonly subtrees: Buffer[];

  /** `frontier` is what another range's `frontier` was. Throws where it does not fit the size. */
  constructor(
    private count = 0,
    frontier: Buffer = empty,
  ) {
    let bits = 0;
    for (let rest = count; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
    if (frontier.length !== bits * hashBytes) throw new Error(`A frontier of ${count} leaves has ${bits} hashes.`);
    this.subtrees = Array.from({ length: bits }, (_, place) => hashAt(frontier, place));
  }

  get size(): number {
    return this.count;
  }

  get root(): Buffer {
    return rootOf(this.subtrees);
  }

  get frontier(): Buffer {
    return Buffer.concat(this.subtrees);
  }

  append(leaf: Buffer, onNode?: OnNode): void {
    let node = leaf;
    let level = 0;
    for (let index = this.count; index % 2 === 1; index = (index - 1) / 2) {
      node = nodeHash(this.subtrees.pop() as Buffer, node);
      level += 1;
      onNode?.(level, (index - 1) / 2, node);
    }
    this.subtrees.push(node);
    this.count += 1;
  }
}

/** The hash at a place of concatenated hashes. */
export function hashAt(hashes: Buffer, place: number): Buffer {
  return hashes.subarray(place * hashBytes, (place + 1) * hashBytes);
}

/** The largest power of two below a size of two or more: where RFC 6962 splits a tree. */
export function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** Whether a proof shows that the leaf is the one at `index` of the tree (RFC 6962 §2.1.1). */
export function provesInclusion(proof: {
  index: number;
  size: number;
  leaf: Buffer;
  root: Buffer;
  hashes: readonly Buffer[];
}): boolean {
  if (!(proof.index >= 0 && proof.index < proof.size)) return false;
  return climb(proof.index, proof.size, proof.leaf, proof.hashes)?.equals(proof.root) ?? false;
}

function climb(index: number, size: number, leaf: Buffer, hashes: readonly Buffer[]): Buffer | undefined {
  if (size === 1) return hashes.length === 0 ? leaf : undefined;
  const sibling = hashes.at(-1);
  if (!sibling) return undefined;
  const split = splitOf(size);
  const rest = hashes.slice(0, -1);
  if (index < split) {
    const left = climb(index, split, leaf, rest);
    return left && nodeHash(left, sibling);
  }
  const right = climb(index - split, size - split, leaf, rest);
  return right && nodeHash(sibling, right);
}

/** Whether a proof shows that the tree of the old size is the beginning of the new one (RFC 6962 §2.1.2). */
export function provesConsistency(proof: {
  oldSize: number;
  newSize: number;
  oldRoot: Buffer;
  newRoot: Buffer;
  hashes: readonly Buffer[];
}): boolean {
  const { oldSize, newSize, oldRoot, newRoot, hashes } = proof;
  if (!(oldSize >= 0 && oldSize <= newSize)) return false;
  if (oldSize === 0) return hashes.length === 0 && oldRoot.equals(emptyRoot);
  const roots = rebuild(oldSize, newSize, oldRoot, hashes);
  return roots !== undefined && roots.old.equals(oldRoot) && roots.new.equals(newRoot);
}

/** Both roots, as the proof makes them. `oldRoot` is known as long as the old tree is a perfect subtree on the left edge. */
function rebuild(
  oldSize: number,
  newSize: number,
  oldRoot: Buffer | undefined,
  hashes: readonly Buffer[],
): { old: Buffer; new: Buffer } | undefined {
  if (oldSize === newSize) {
    const [given, ...others] = oldRoot ? [oldRoot, ...hashes] : hashes;
    return given && others.length === 0 ? { old: given, new: given } : undefined;
  }
  const sibling = hashes.at(-1);
  if (!sibling) return undefined;
  const split = splitOf(newSize);
  const rest = hashes.slice(0, -1);
  if (oldSize <= split) {
    const left = rebuild(oldSize, split, oldRoot, rest);
    return left && { old: left.old, new: nodeHash(left.new, sibling) };
  }
  const right = rebuild(oldSize - split, newSize - split, undefined, rest);
  return right && { old: nodeHash(sibling, right.old), new: nodeHash(sibling, right.new) };
}
