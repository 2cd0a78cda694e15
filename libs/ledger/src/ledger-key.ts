import type { KeyObject } from 'node:crypto';
import { readSigningKey, type Config } from '#platform/config';
import { parseNote, signatureLine, signatureType, signedBy, verifierKey, type VerifierKey } from './note';
import { parseCheckpoint, signCheckpoint, type Checkpoint, type TreeHead } from './checkpoint';

/** The log's name and key: signs its checkpoints, and tells its own from others. */
export class LedgerKey {
  readonly origin: string;
  readonly verifier: VerifierKey;
  private readonly timeVerifier: VerifierKey;
  private readonly openSigned: (signed: string) => Checkpoint | undefined;
  private readonly privateKey: KeyObject;

  constructor({
    LEDGER_ORIGIN,
    LEDGER_PRIVATE_KEY_FILE = '',
  }: Pick<Config, 'LEDGER_ORIGIN' | 'LEDGER_PRIVATE_KEY_FILE'>) {
    this.origin = LEDGER_ORIGIN;
    this.privateKey = readSigningKey('LEDGER_PRIVATE_KEY_FILE', LEDGER_PRIVATE_KEY_FILE);
    this.verifier = verifierKey(this.origin, this.privateKey);
    this.openSigned = checkpointsOf(this.verifier);
    this.timeVerifier = verifierKey(this.origin, this.privateKey, signatureType.cosignature);
  }

  /** `at` is when the checkpoint is true: now. */
  sign(head: Omit<TreeHead, 'origin'>, at: Date): string {
    return signCheckpoint({ ...head, origin: this.origin }, this.privateKey, Math.floor(at.getTime() / 1000));
  }

  /** A note of the log that is no checkpoint: its first line must name what it is, so that nobody takes it for one. */
  signNote(text: string): string {
    return `${text}\n${signatureLine(text, this.origin, this.privateKey, { type: signatureType.ed25519 })}`;
  }

  /** The text of such a note, if its signature holds; undefined otherwise. */
  openNote(signed: string): string | undefined {
    try {
      const note = parseNote(signed);
      return signedBy(note, this.verifier) && note.text;
    } catch {
      return undefined;
    }
  }

  /** The checkpoint, if it is one of this log and its signatures hold; undefined otherwise. */
  open(signed: string): Checkpoint | undefined {
    const checkpoint = this.openSigned(signed);
    return checkpoint && signedBy(checkpoint.note, this.timeVerifier) ? checkpoint : undefined;
  }
}

/** Opens the checkpoints of the log with this key; others are undefined. */
export function checkpointsOf(key: VerifierKey): (signed: string) => Checkpoint | undefined {
  return (signed) => {
    try {
      const checkpoint = parseCheckpoint(signed);
      return checkpoint.origin === key.name && signedBy(checkpoint.note, key) ? checkpoint : undefined;
    } catch {
      return undefined;
    }
  };
}
