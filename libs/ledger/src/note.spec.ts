import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { parseCheckpoint, signCheckpoint } from './checkpoint';
import { emptyRoot } from './merkle';
import {
  encodeVerifierKey,
  parseNote,
  parseVerifierKey,
  signatureLine,
  signatureType,
  signedBy,
  verifierKey,
} from './note';

/** The example of golang.org/x/mod/sumdb/note: its signer, its verifier key and its note. */
const peter = {
  seed: 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  line: '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
};

const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const privateKeyOf = (seed: string) =>
  createPrivateKey({
    key: Buffer.concat([pkcs8Prefix, Buffer.from(seed, 'base64').subarray(1)]),
    format: 'der',
    type: 'pkcs8',
  });

/** A checkpoint of a public Certificate Transparency log, with the cosignature of a public witness, and their verifier keys. */
const cosigned = {
  note:
    'arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n' +
    '— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n' +
    '— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n',
  log: 'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f',
  witness: 'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
};

describe('a note', () => {
  it('is signed and verified as the Go implementation does', () => {
    const key = privateKeyOf(peter.seed);
    expect(encodeVerifierKey(verifierKey('PeterNeumann', key))).toBe(peter.key);
    expect(signatureLine(peter.text, 'PeterNeumann', key, { type: signatureType.ed25519 })).toBe(peter.line);
    expect(signedBy(parseNote(`${peter.text}\n${peter.line}`), parseVerifierKey(peter.key))).toEqual({ time: 0 });
  });

  it('is not verified once its text, its signature or its signer is another', () => {
    const key = parseVerifierKey(peter.key);
    const stranger = verifierKey('PeterNeumann', generateKeyPairSync('ed25519').publicKey);
    const signed = `${peter.text}\n${peter.line}`;
    expect(signedBy(parseNote(signed.replace('answer', 'Answer')), key)).toBeUndefined();
    expect(signedBy(parseNote(signed.replace('BS9U', 'BS9V')), key)).toBeUndefined();
    expect(signedBy(parseNote(signed), stranger)).toBeUndefined();
  });

  it.each([
    ['without signatures', 'text\n\n'],
    ['without an empty line', peter.text + peter.line],
    ['that does not end its last line', `${peter.text}\n${peter.line}`.slice(0, -1)],
    ['with a control character', `a\tb\n\n${peter.line}`],
    ['with a hyphen for a dash', `text\n\n${peter.line.replace('—', '-')}`],
    ['with base64 that is not canonical', `text\n\n${peter.line.replace('nAM=', 'nAN=')}`],
  ])('%s is refused', (_, note) => {
    expect(() => parseNote(note)).toThrow();
  });

  it.each([
    ['of another id', 'PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['of another name', 'EnochRoot+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['of another length', 'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=='],
    ['in capitals', 'PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
  ])('refuses a verifier key %s', (_, key) => {
    expect(() => parseVerifierKey(key)).toThrow();
  });
});

describe('a checkpoint', () => {
  it('of another log and witness is verified, with the time of the cosignature', () => {
    const checkpoint = parseCheckpoint(cosigned.note);
    expect(checkpoint.size).toBe(1_432_088_532);
    expect(signedBy(checkpoint.note, parseVerifierKey(cosigned.log))).toEqual({ time: 0 });
    expect(signedBy(checkpoint.note, parseVerifierKey(cosigned.witness))).toEqual({ time: 0x6a122120 });
    const other = parseCheckpoint(cosigned.note.replace('1432088532', '42'));
    expect(signedBy(other.note, parseVerifierKey(cosigned.witness))).toBeUndefined();
  });

  const { privateKey } = generateKeyPairSync('ed25519');
  const origin = 'local.example/ledger';
  const signed = signCheckpoint({ origin, size: 0, root: emptyRoot }, privateKey, 1_795_420_800);

  it('says what was signed, and when', () => {
    const checkpoint = parseCheckpoint(signed);
    expect(checkpoint).toMatchObject({ origin, size: 0, root: emptyRoot });
    expect(signedBy(checkpoint.note, verifierKey(origin, privateKey))).toEqual({ time: 0 });
    const timestamped = verifierKey(origin, privateKey, signatureType.cosignature);
    expect(signedBy(checkpoint.note, timestamped)).toEqual({ time: 1_795_420_800 });
  });

  it('does not verify with another size or time', () => {
    const other = parseCheckpoint(signed.replace('\n0\n', '\n1\n'));
    expect(signedBy(other.note, verifierKey(origin, privateKey))).toBeUndefined();
    const at = signed.lastIndexOf(' ') + 9;
    const moved = parseCheckpoint(`${signed.slice(0, at)}${signed[at] === 'A' ? 'B' : 'A'}${signed.slice(at + 1)}`);
    expect(signedBy(moved.note, verifierKey(origin, privateKey, signatureType.cosignature))).toBeUndefined();
  });

  it.each(['\n00\n', '\n-1\n', '\n1e3\n', '\n9007199254740993\n'])('is refused with the size %j', (size) => {
    expect(() => parseCheckpoint(signed.replace('\n0\n', size))).toThrow('no checkpoint');
  });
});
