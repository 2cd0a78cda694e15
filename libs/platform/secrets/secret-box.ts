import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { derivedKey, type Config } from '#platform/config';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Keeps texts that must be read again, under a key of one purpose that no server beside this program holds. A sealed text opens for its
 * owner alone, so one that was copied to another place is worth nothing there.
 */
export class SecretBox {
  private readonly key: KeyObject;

  constructor(config: Pick<Config, 'SECRETS_KEY_FILE' | 'JWT_PRIVATE_KEY_FILE'>, purpose: string) {
    this.key = derivedKey(config, purpose);
  }

  /** `v1.` and base64url of nonce, tag and ciphertext. */
  seal(secret: string, owner: string): string {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.key, nonce).setAAD(Buffer.from(owner));
    const ciphertext = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString('base64url')}`;
  }

  /** Throws when the text was not sealed for this owner under this key. */
  open(sealed: string, owner: string): string {
    const bytes = Buffer.from(sealed.replace(/^v1\./, ''), 'base64url');
    const decipher = createDecipheriv(algorithm, this.key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
  }
}
