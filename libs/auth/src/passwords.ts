import { createHash } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { invalid } from '#kernel';
import type { RequestContext } from '#platform/context';
import { commonPasswords } from './common-passwords';

/** Argon2id with OWASP's parameters (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Characters of a digest in the list of common passwords. */
const digestLength = 12;
/** Letters that a password has beside the words of its account, at least. */
const ownLetters = 4;
const isCommon = 'is one of the most common passwords';
const ofWords = 'is made of your e-mail address or of the name IP2A';
/** The digests, once somebody chose a password. */
let common: ReadonlySet<string> | undefined;

/** Verified against where there is no account, so that an unknown address takes as long as a wrong password. */
const nobody = hash('no account has this password', parameters);

/** In NFC: keyboards and phones send an accented letter as one character or as two. */
function composed(password: string): string {
  return password.normalize('NFC');
}

/** Hashes wait for one another; a request that was given up after its hash would be sent again and wait again. */
export function hashPassword(context: RequestContext, password: string): Promise<string> {
  return context.unhurried(hash(composed(password), parameters));
}

/** Of whom a new password is, and where it stands in the request. */
interface Chosen {
  pointer: string;
  email?: string;
  /** The account that the address was read from, where the client did not send it. */
  userId?: number;
}

/** The hash of a password that somebody chose. 422 for one of the commonest, and for one made of the address or of IP2A. */
export async function hashNewPassword(
  context: RequestContext,
  password: string,
  { pointer, email = '', userId }: Chosen,
): Promise<string> {
  const weakness = weaknessOf(password, email);
  if (weakness === undefined) return hashPassword(context, password);
  if (weakness === ofWords && userId !== undefined) context.consider({ tableName: 'users', ids: [userId] });
  throw invalid(pointer, `${weakness}; choose another one`);
}

/** Why a password of this address can be guessed, where it can. */
export function weaknessOf(password: string, email: string): typeof isCommon | typeof ofWords | undefined {
  const digest = createHash('sha256').update(password.toLowerCase()).digest('base64').slice(0, digestLength);
  common ??= new Set(commonPasswords.match(new RegExp(`[^\\n]{${digestLength}}`, 'g')));
  if (common.has(digest)) return isCommon;
  return isMadeOf(password.toLowerCase(), wordsOf(email)) ? ofWords : undefined;
}

/** The address without its domain, and each longer word of the whole; longest first, for one may hold another. */
function wordsOf(email: string): string[] {
  const [local = ''] = email.toLowerCase().split('@');
  const words = [local, ...email.toLowerCase().split(/[^\p{L}]+/u)].filter((word) => word.length >= ownLetters);
  return [...words, 'ip2a'].sort((one, other) => other.length - one.length);
}

function isMadeOf(password: string, words: readonly string[]): boolean {
  const rest = words.reduce((text, word) => text.replaceAll(word, ' '), password);
  return rest !== password && rest.replaceAll(/[^\p{L}]/gu, '').length < ownLetters;
}

/**
 * Whether it is the password, however its accents were typed. Older hashes are of the text as it
 * came.
 */
export async function isPassword(
  context: RequestContext,
  password: string,
  passwordHash: string | undefined,
): Promise<boolean> {
  const known = passwordHash ?? (await nobody);
  const matches = (text: string) => context.unhurried(verify(known, text));
  const isRight = (await matches(composed(password))) || (password !== composed(password) && (await matches(password)));
  return isRight && passwordHash !== undefined;
}
