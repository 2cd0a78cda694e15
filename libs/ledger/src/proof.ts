import { parseCheckpoint, type Checkpoint } from './checkpoint';
import { hashBytes, leafHash, provesInclusion } from './merkle';
import { bytesOf, NoteError, signedBy, type VerifierKey } from './note';

const header = 'c2sp.org/tlog-proof@v1';

/** That an entry is in the log: its place, the hashes up to the root, and a checkpoint with that root (C2SP tlog-proof). */
export interface InclusionProof {
  index: number;
  hashes: Buffer[];
  /** The signed note. */
  checkpoint: string;
  /** The bytes of the entry, where its reader may have them. */
  entry?: Buffer;
}

export function formatProof({ index, hashes, checkpoint, entry }: InclusionProof): string {
  const extra = entry ? `extra ${entry.toString('base64')}\n` : '';
  return `${header}\n${extra}index ${index}\n${hashes.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${checkpoint}`;
}

/** Throws NoteError for what is no proof. */
function parseProof(proof: string): InclusionProof & { head: Checkpoint } {
  const end = proof.indexOf('\n\n');
  const [first, ...lines] = end < 0 ? [] : proof.slice(0, end).split('\n');
  const [, base64] = /^extra (\S+)$/.exec(lines[0] ?? '') ?? [];
  const entry = base64 === undefined ? undefined : bytesOf(lines.shift()?.slice('extra '.length) ?? '');
  const [, index] = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? '') ?? [];
  const hashes = lines.map(bytesOf);
  const isSound = first === header && index !== undefined && hashes.every((hash) => hash?.length === hashBytes);
  if (!isSound || (base64 !== undefined && !entry)) throw new NoteError('It is no proof of inclusion.');
  const checkpoint = proof.slice(end + 2);
  return { index: Number(index), hashes: hashes as Buffer[], checkpoint, entry, head: parseCheckpoint(checkpoint) };
}

/**
 * Whether the proof shows that the entry is in the log of a key, and which of the witnesses vouch for the checkpoint. Throws
 * NoteError for what is no proof. `entry` are the entry's bytes, where the proof does not carry them.
 */
export function checkProof(
  proof: string,
  { log, witnesses = [], entry: given }: { log: VerifierKey; witnesses?: readonly VerifierKey[]; entry?: Buffer },
): { isProved: boolean; entry?: Buffer; cosignedBy: string[] } {
  const { index, hashes, head, entry = given } = parseProof(proof);
  const { size, root, note } = head;
  const isSigned = head.origin === log.name && signedBy(note, log) !== undefined;
  const isIncluded = entry !== undefined && provesInclusion({ index, size, root, hashes, leaf: leafHash(entry) });
  return {
    isProved: isSigned && isIncluded,
    entry,
    cosignedBy: witnesses.filter((witness) => signedBy(note, witness)).map(({ name }) => name),
  };
}
