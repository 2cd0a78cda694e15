import { createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';

/** How a signature of a note is made: Ed25519 over the text, or over the text and the time (C2SP signed-note, tlog-cosignature). */
export const signatureType = { ed25519: 0x01, cosignature: 0x04 } as const;
type SignatureType = (typeof signatureType)[keyof typeof signatureType];

const keyIdBytes = 4;
const timestampBytes = 8;
const maxSignatures = 64;
/** The DER that stands before the 32 bytes of an Ed25519 public key (RFC 8410 §4). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** A key that notes are verified with: whose it is, for signatures of which type. */
export interface VerifierKey {
  name: string;
  type: SignatureType;
  /** The first 4 bytes of SHA-256(name ‖ "\n" ‖ type ‖ public key), in hexadecimal digits. */
  id: string;
  publicKey: KeyObject;
}

/** A note that was read: its text, and signatures that nobody has verified yet. */
export interface Note {
  text: string;
  signatures: { name: string; id: string; bytes: Buffer }[];
}

/** A note that can not be read, or a key. */
export class NoteError extends Error {}

/** The verifier key of an Ed25519 key, public or private. */
export function verifierKey(name: string, key: KeyObject, type: SignatureType = signatureType.ed25519): VerifierKey {
  if (key.asymmetricKeyType !== 'ed25519') throw new NoteError('Notes are signed with Ed25519 keys.');
  if (!/^[^\s+]+$/u.test(name)) throw new NoteError('The name of a key holds neither spaces nor plus signs.');
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return { name, type, id: keyIdOf(name, type, rawOf(publicKey)), publicKey };
}

/** As keys are handed around, `<name>+<id>+<base64 of type and key>` (C2SP signed-note, "vkey"). */
export function encodeVerifierKey({ name, type, id, publicKey }: VerifierKey): string {
  return `${name}+${id}+${Buffer.concat([Buffer.from([type]), rawOf(publicKey)]).toString('base64')}`;
}

/** Throws NoteError for what is no key, or not one of the two types. */
export function parseVerifierKey(encoded: string): VerifierKey {
  const [, name = '', id = '', base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(encoded.trim()) ?? [];
  const material = bytesOf(base64);
  const type = material?.[0];
  if (material?.length !== 33 || (type !== signatureType.ed25519 && type !== signatureType.cosignature)) {
    throw new NoteError('A verifier key is <name>+<id>+<base64>, of an Ed25519 key.');
  }
  const publicKey = createPublicKey({
    key: Buffer.concat([spkiPrefix, material.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  const key = verifierKey(name, publicKey, type);
  if (key.id !== id) throw new NoteError('The id of the verifier key does not belong to its name and key.');
  return key;
}

/** Throws NoteError for what is no signed note: a text, an empty line, and signature lines (C2SP signed-note). */
export function parseNote(note: string): Note {
  const end = note.lastIndexOf('\n\n');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (end < 0 || !note.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/.test(note))
    throw new NoteError('It is no signed note.');
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > maxSignatures) throw new NoteError('The note has too many signatures.');
  const signatures = lines.map((line) => {
    const [, name = '', base64 = ''] = /^— ([^\s+]+) (\S+)$/u.exec(line) ?? [];
    const bytes = bytesOf(base64);
    if (!bytes || bytes.length <= keyIdBytes) throw new NoteError('A signature of the note can not be read.');
    return { name, id: bytes.subarray(0, keyIdBytes).toString('hex'), bytes: bytes.subarray(keyIdBytes) };
  });
  return { text: note.slice(0, end + 1), signatures };
}

/**
 * Whether the key signed the note; of a timestamped signature, when: seconds since 1970, 0 for one without. Undefined where it
 * did not sign, or a signature under its name and id is not its own.
 */
export function signedBy({ text, signatures }: Note, key: VerifierKey): { time: number } | undefined {
  const own = signatures.filter(({ name, id }) => name === key.name && id === key.id);
  const times = own.map(({ bytes }) => timeOfValid(text, bytes, key));
  if (times.length === 0 || times.includes(undefined)) return undefined;
  return { time: Math.max(...(times as number[])) };
}

/** Whether a line is the key's signature of a signed note. */
export function isSignedBy(signed: string, line: string, key: VerifierKey): boolean {
  try {
    return signedBy(parseNote(`${parseNote(signed).text}\n${line}`), key) !== undefined;
  } catch {
    return false;
  }
}

function timeOfValid(text: string, bytes: Buffer, { type, publicKey }: VerifierKey): number | undefined {
  if (type === signatureType.ed25519) return verify(null, Buffer.from(text), publicKey, bytes) ? 0 : undefined;
  if (bytes.length <= timestampBytes) return undefined;
  const time = Number(bytes.readBigUInt64BE());
  const message = cosignedMessage(text, time);
  return verify(null, message, publicKey, bytes.subarray(timestampBytes)) ? time : undefined;
}

/** A signature line for a text, with its line break. A cosignature also states the time, in seconds since 1970. */
export function signatureLine(
  text: string,
  name: string,
  privateKey: KeyObject,
  { type, time = 0 }: { type: SignatureType; time?: number },
): string {
  const { id } = verifierKey(name, privateKey, type);
  const parts = [Buffer.from(id, 'hex')];
  if (type === signatureType.cosignature) {
    const timestamp = Buffer.alloc(timestampBytes);
    timestamp.writeBigUInt64BE(BigInt(time));
    parts.push(timestamp, sign(null, cosignedMessage(text, time), privateKey));
  } else {
    parts.push(sign(null, Buffer.from(text), privateKey));
  }
  return `— ${name} ${Buffer.concat(parts).toString('base64')}\n`;
}

function cosignedMessage(text: string, time: number): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${text}`);
}

function keyIdOf(name: string, type: SignatureType, raw: Buffer): string {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([type]), raw])).slice(0, 2 * keyIdBytes);
}

function rawOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiPrefix.length);
}

/** The bytes of a base64 text; undefined where it is not one in canonical form. */
export function bytesOf(base64: string): Buffer | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64') === base64 ? bytes : undefined;
}
