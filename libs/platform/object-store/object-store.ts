import type { Readable } from 'node:stream';
import type { Config } from '#platform/config';

export type StoreSettings = Pick<Config, 'S3_ENDPOINT' | 'S3_REGION' | 'S3_FORCE_PATH_STYLE' | 'dataFolder'>;

/** What is known of an object without reading it. */
export interface ObjectFacts {
  /** In bytes. */
  size: number;
  /** Of the whole content, as 64 hexadecimal digits in lower case. */
  sha256: string;
  mediaType: string;
  /** How S3 keeps it, in its words (STANDARD, GLACIER …); a folder has no classes. */
  storageClass?: string;
}

export interface PutOptions {
  mediaType: string;
}

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
   * is durable and has been found to be what was sent; when it rejects, also because the stream failed, nothing is there.
   */
  abstract put(key: string, content: Readable, options: PutOptions): Promise<Pick<ObjectFacts, 'size' | 'sha256'>>;

  /** The content, or a range of it (the last byte included). The reader compares the hash; a store that breaks off destroys it. */
  abstract get(key: string, range?: { start: number; end: number }): Promise<Readable | undefined>;

  abstract head(key: string): Promise<ObjectFacts | undefined>;

  /** Makes sure that nothing is stored under the key. */
  abstract remove(key: string): Promise<void>;

  /** Every object whose key begins with the prefix, in no promised order, read a page or a folder at a time. */
  abstract list(prefix?: string): AsyncIterable<ListedObject>;
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
