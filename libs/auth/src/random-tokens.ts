import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits that fit in a link. */
export function newToken(): string {
  return randomBytes(32).toString('base64url');
}

/** As a token is stored. It is random, so nobody finds it from its hash, and needs no salt. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
