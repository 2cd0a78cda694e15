import type { KeyObject } from 'node:crypto';
import { readLedgerKey, type Config } from '#platform/config';
import {
  encodeVerifierKey,
  parseNote,
  signatureLine,
  signatureType,
  signedBy,
  verifierKey,
  type VerifierKey,
} from './note';
import { checkpointsOf, signCheckpoint, type Checkpoint, type TreeHead } from './checkpoint';

/** The log's name and key: signs its checkpoints, and tells its own from others. */
export class LedgerKey {
  readonly origin: string;
  readonly verifier: VerifierKey;
  /** The keys that sign each checkpoint, encoded: of the text, and of the text with the time. */
  readonly verifiers: readonly string[];
  /** The checkpoint, if it is one of this log and its signatures hold; undefined otherwise. */
  readonly open: (signed: string) => Checkpoint | undefined;
  private readonly privateKey: KeyObject;
  private readonly timeVerifier: VerifierKey;

  constructor({
    LEDGER_ORIGIN,
    LEDGER_PRIVATE_KEY_FILE = '',
  }: Pick<Config, 'LEDGER_ORIGIN' | 'LEDGER_PRIVATE_KEY_FILE'>) {
    this.origin = LEDGER_ORIGIN;
    this.privateKey = readLedgerKey(LEDGER_PRIVATE_KEY_FILE);
    this.verifier = verifierKey(this.origin, this.privateKey);
    this.timeVerifier = verifierKey(this.origin, this.privateKey, signatureType.cosignature);
    this.verifiers = [this.verifier, this.timeVerifier].map(encodeVerifierKey);
    this.open = checkpointsOf(this.verifier, this.timeVerifier);
  }

  /** `at` is when the checkpoint is true: now. */
  sign(head: Omit<TreeHead, 'origin'>, at: Date): string {
    return signCheckpoint({ ...head, origin: this.origin }, this.privateKey, Math.floor(at.getTime() / 1000));
  }

  /** When a checkpoint was signed, in seconds since 1970; undefined where it does not say. */
  timeOf({ note }: Checkpoint): number | undefined {
    return signedBy(note, this.timeVerifier)?.time;
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
}
