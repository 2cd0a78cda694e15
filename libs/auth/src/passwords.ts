import { createHash } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { foldText, invalid } from '#kernel';
import type { Config } from '#platform/config';
import type { Considered, RequestContext } from '#platform/context';
import { commonPasswords } from './common-passwords';

/** Argon2id with OWASP's parameters (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** Characters of a digest in the list of common passwords. */
const digestLength = 12;
/** Letters that a password has beside the words of its account and of the local, at least. */
const ownLetters = 8;
/** Letters of a word that counts: those of an address are often parts of other words. */
const shortestName = 3;
const shortestOfAddress = 4;
const productWords = 'ip2a ibew union local member electrical workers portal'.split(' ');
const isCommon = 'is one of the most common passwords';
const ofWords = 'is made of your name, of your e-mail address, or of words of the local or of IP2A';
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

/** Whose password it is, as far as it is known. */
export interface Owner {
  email?: string;
  firstName?: string;
  lastName?: string;
}

/** Of whom a new password is, and where it stands in the request. */
export interface Chosen {
  pointer: string;
  owner: Owner | undefined;
  /** The record that the owner was read from, where the client did not send it. */
  readFrom?: Considered;
}

/** The hash of a password that somebody chose. 422 for one of the commonest, and for one made of words of the owner or of the local. */
export async function hashNewPassword(
  context: RequestContext,
  password: string,
  { pointer, owner, readFrom }: Chosen,
  local: LocalNames,
): Promise<string> {
  const weakness = weaknessOf(password, owner, local);
  if (weakness === undefined) return hashPassword(context, password);
  if (weakness === ofWords && readFrom) context.consider(readFrom);
  throw invalid(pointer, `${weakness}; choose another one`);
}

/** Settings that name the local. */
type LocalNames = Partial<Pick<Config, 'LOCAL_NAME' | 'MAIL_FROM' | 'PORTAL_URL'>>;

/** Why a password of this owner can be guessed, where it can. */
export function weaknessOf(
  password: string,
  owner: Owner | undefined,
  local: LocalNames,
): typeof isCommon | typeof ofWords | undefined {
  const digest = createHash('sha256').update(password.toLowerCase()).digest('base64').slice(0, digestLength);
  common ??= new Set(commonPasswords.match(new RegExp(`[^\\n]{${digestLength}}`, 'g')));
  if (common.has(digest)) return isCommon;
  return isMadeOf(foldText(password), wordsOf(owner, local)) ? ofWords : undefined;
}

/** Every word that a password of the owner must not be made of; longest first, for one may hold another. */
function wordsOf(owner: Owner = {}, { LOCAL_NAME, MAIL_FROM, PORTAL_URL }: LocalNames): string[] {
  const ofAddresses = [owner.email, MAIL_FROM, PORTAL_URL].flatMap((address = '') => [
    address.split('@')[0] ?? '',
    ...address.split(/[^\p{L}\p{M}]+/u),
  ]);
  const ofNames = [owner.firstName, owner.lastName, LOCAL_NAME].flatMap((name = '') => {
    const parts = name.split(/[^\p{L}\p{M}\p{N}]+/u);
    return [parts.join(''), ...parts];
  });
  const words = [
    ...ofAddresses.map(foldText).filter((word) => word.length >= shortestOfAddress),
    ...ofNames.map(foldText).filter((word) => word.length >= shortestName),
    ...productWords,
  ];
  return words.sort((one, other) => other.length - one.length);
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
