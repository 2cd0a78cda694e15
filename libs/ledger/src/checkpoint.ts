import type { KeyObject } from 'node:crypto';
import { hashBytes } from './merkle';
import {
  bytesOf,
  NoteError,
  parseNote,
  signatureLine,
  signatureType,
  signedBy,
  type Note,
  type VerifierKey,
} from './note';

/** What a checkpoint says: the log, its size in entries, and the root of the tree over them. */
export interface TreeHead {
  origin: string;
  size: number;
  root: Buffer;
}

/** A checkpoint that was read; what it says counts once a key's signature was verified. */
export interface Checkpoint extends TreeHead {
  note: Note;
  /** The signed note itself. */
  signed: string;
}

function textOf({ origin, size, root }: TreeHead): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/**
 * A signed checkpoint (C2SP tlog-checkpoint) with two signatures of the log: one of the text, and one that also states the time,
 * in seconds since 1970, so that a log that did not grow can show that it was alive (C2SP tlog-cosignature).
 */
export function signCheckpoint(head: TreeHead, privateKey: KeyObject, time: number): string {
  const text = textOf(head);
  const lines = [
    signatureLine(text, head.origin, privateKey, { type: signatureType.ed25519 }),
    signatureLine(text, head.origin, privateKey, { type: signatureType.cosignature, time }),
  ];
  return `${text}\n${lines.join('')}`;
}

/** Reads a checkpoint. Throws NoteError where it is none. */
export function parseCheckpoint(signed: string): Checkpoint {
  const note = parseNote(signed);
  const [origin = '', sizeText = '', rootText = '', ...extensions] = note.text.slice(0, -1).split('\n');
  const root = bytesOf(rootText);
  const size = Number(sizeText);
  const isSize = /^(0|[1-9]\d{0,15})$/.test(sizeText) && Number.isSafeInteger(size);
  if (!origin || !isSize || root?.length !== hashBytes || extensions.includes('')) {
    throw new NoteError('The note is no checkpoint.');
  }
  return { origin, size, root, note, signed };
}

/** Opens the checkpoints that all of these keys of a log signed; others are undefined. */
export function checkpointsOf(...keys: VerifierKey[]): (signed: string) => Checkpoint | undefined {
  return (signed) => {
    try {
      const checkpoint = parseCheckpoint(signed);
      const isSigned = keys.every((key) => checkpoint.origin === key.name && signedBy(checkpoint.note, key));
      return isSigned && keys.length > 0 ? checkpoint : undefined;
    } catch {
      return undefined;
    }
  };
}
