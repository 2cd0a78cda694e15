import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a key that signs tokens into the folder and answers its file. */
export function writeTokenKey(folder: string): string {
  return write(join(folder, 'jwt.pem'), generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
}

/** Writes a key that signs the ledger's checkpoints into the folder and answers its file. */
export function writeLedgerKey(folder: string): string {
  return write(join(folder, 'ledger.pem'), generateKeyPairSync('ed25519').privateKey);
}

/** Writes a private key as PEM and answers its file. */
export function write(file: string, key: KeyObject): string {
  writeFileSync(file, key.export({ type: 'pkcs8', format: 'pem' }));
  return file;
}
