import type { Readable } from 'node:stream';
import type { Clock } from '#kernel';
import type { Config } from '#platform/config';

export interface StoreSettings
  extends
    Pick<Config, 'S3_ENDPOINT' | 'S3_REGION' | 'S3_FORCE_PATH_STYLE' | 'dataFolder'>,
    Partial<Pick<Config, 'S3_SSE' | 'S3_SSE_KMS_KEY_ID'>> {
  /** Tells a folder when a lock or a restored copy ends. S3 goes by its own. */
  clock?: Clock;
  /** What a folder lets pass, in ms, from the request to the readable copy: 0. S3 takes from minutes to two days. */
  restoreMs?: number;
  s3Limits?: Partial<S3Limits>;
}

/** How long and how much an S3 store tries; the defaults are in `s3-bucket.ts`. */
export interface S3Limits {
  /** One operation that moves no content, its repetitions included, in ms. */
  callMs: number;
  /** One try of sending content, in ms; each MiB adds a second. */
  sendMs: number;
  /** The largest object that is sent in one piece, in bytes. Only that is create-only on every server. */
  wholeBytes: number;
  /** The smallest part of a larger one, in bytes; S3 takes none below 5 MiB. */
  partBytes: number;
  /** Objects that one page of a list names at most; S3 names no more than 1,000. */
  pageKeys: number;
}

/** As S3 calls them. GLACIER and DEEP_ARCHIVE are cold: they are read only through a restored copy. */
export type StorageClass = 'STANDARD' | 'STANDARD_IA' | 'GLACIER_IR' | 'GLACIER' | 'DEEP_ARCHIVE';

/** What is known of an object without reading it. */
export interface ObjectFacts {
  /** In bytes. */
  size: number;
  /** Of the whole content, as 64 hexadecimal digits in lower case. */
  sha256: string;
  mediaType: string;
  /** S3 may name another, which a lifecycle rule of the bucket gave. */
  storageClass: StorageClass;
  /** Nobody can remove it before, as far as the store can enforce that. */
  lockedUntil?: Date;
  /** As they were put; absent where there are none. */
  facts?: Record<string, string>;
  /** Of a cold object whose readable copy was asked for and has not ended. */
  restore?: { ongoing: boolean; readableUntil?: Date };
}

export interface PutOptions {
  mediaType: string;
  /** Where none is given, the bucket's usual one: STANDARD. */
  storageClass?: StorageClass;
  /** Object Lock in compliance mode until then. Rejects with a 503 where the bucket has no Object Lock. */
  lockedUntil?: Date;
  /**
   * Kept with the object: keys of up to 32 letters in lower case, digits and dashes, values of printable ASCII, together at
   * most 1500 characters (S3 takes 2 KB, some of which are the store's own).
   */
  facts?: Record<string, string>;
}

export interface RestoreOptions {
  /** How long the copy stays readable; S3 rounds up to the next midnight, UTC. */
  days: number;
  /** How fast, and how dear. S3 knows no Expedited for DEEP_ARCHIVE and refuses it. */
  tier: 'Bulk' | 'Standard' | 'Expedited';
}

/** asked: with this request; ongoing: asked before; readable: it can be read now, and for `days` from now. */
export type RestoreState = 'asked' | 'ongoing' | 'readable';

export interface ListedObject {
  key: string;
  size: number;
  storedAt: Date;
}

/**
 * Where bytes live that are not PostgreSQL's: a folder or an S3 bucket, alike in all they promise. Keys are `a/b/c`, of
 * letters, digits, dots, dashes and underscores. What can not be served now is a 503; what is absent is undefined.
 */
export abstract class ObjectStore {
  /**
   * Stores a stream under a key that nothing is stored under yet, or throws ObjectExistsError. When it resolves, the object
   * is durable and has been found to be what was sent, with the class, the lock and the facts that were asked for; when it
   * rejects, also because the stream failed, nothing is there (a store that stopped answering may complete it later).
   */
  abstract put(key: string, content: Readable, options: PutOptions): Promise<Pick<ObjectFacts, 'size' | 'sha256'>>;

  /**
   * The content, or a range of it (the last byte included). The reader compares the hash; a store that breaks off destroys it.
   * Throws ObjectColdError while a cold object has no readable copy.
   */
  abstract get(key: string, range?: { start: number; end: number }): Promise<Readable | undefined>;

  abstract head(key: string): Promise<ObjectFacts | undefined>;

  /**
   * Asks for a readable copy of a cold object. Asking again is harmless, and extends a copy that is there; an object that is
   * not cold is readable. Throws ObjectMissingError.
   */
  abstract restore(key: string, options: RestoreOptions): Promise<RestoreState>;

  /**
   * Moves an object to another class, in place, and has found size, hash, facts, lock and class as they must be when it
   * resolves. Again is harmless; interrupted, the object is as before or moved, and a locked one locked. Throws
   * ObjectMissingError, and ObjectColdError where the object must be restored before it can be moved.
   */
  abstract changeClass(key: string, storageClass: StorageClass): Promise<void>;

  /** Locks an object, or extends its lock; never shortens it. Throws ObjectMissingError; a 503 without Object Lock. */
  abstract lockUntil(key: string, until: Date): Promise<void>;

  /** Makes sure that nothing is stored under the key. Throws ObjectLockedError while it is locked, and removes nothing then. */
  abstract remove(key: string): Promise<void>;

  /** Every object whose key begins with the prefix, in no promised order, read a page or a folder at a time. */
  abstract list(prefix?: string): AsyncIterable<ListedObject>;

  /** Whether the bucket has Object Lock. A folder says yes and refuses likewise, but its owner can go round that. */
  abstract canLock(): Promise<boolean>;
}

export function isCold(storageClass: StorageClass): boolean {
  return storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE';
}

const segment = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;
const maxKeyLength = 500;

/** Whether something may be stored under it. What others put into the folder or bucket may be listed under another name. */
export function isKey(text: string): boolean {
  const isSound = text.length <= maxKeyLength && text.split('/').every((part) => segment.test(part));
  return isSound && !text.endsWith('.facts');
}

/** A key that can not leave its folder or bucket prefix, nor name a file of the store's own. A wrong one is a bug. */
export function checkedKey(key: string): string {
  if (!isKey(key)) throw new Error('A key must be a/b/c of letters, digits, dots and dashes.');
  return key;
}

const factKey = /^[a-z][a-z0-9-]{0,31}$/;
/** HTTP takes spaces off the ends. */
const factValue = /^[!-~]([ -~]*[!-~])?$/;
const maxFactsLength = 1_500;

/** Facts that every store gives back as they are, undefined for none. Others are a bug. */
export function checkedFacts(facts: Record<string, string> = {}): Record<string, string> | undefined {
  const entries = Object.entries(facts);
  const isSound = entries.every(([key, value]) => factKey.test(key) && factValue.test(value));
  if (!isSound || entries.flat().join('').length > maxFactsLength) {
    throw new Error('Facts must be few and short: keys of lower-case letters, digits and dashes, values of ASCII.');
  }
  return entries.length > 0 ? facts : undefined;
}
