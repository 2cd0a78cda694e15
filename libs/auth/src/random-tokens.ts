import { createHash, randomBytes } from 'node:crypto';

/** Random bits that fit in a link, four characters for three bytes. */
export function newToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

/** As a token is stored. It is random, so nobody finds it from its hash, and needs no salt. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A code as somebody typed or copied it, without blanks, dashes and what is invisible, and in plain digits and letters. */
export function withoutSeparators(code: string): string {
  return code.normalize('NFKC').replaceAll(/[\s\p{Pd}\p{Cf}]/gu, '');
}
