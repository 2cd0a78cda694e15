import type { HeadObjectCommandOutput, S3ServiceException } from '@aws-sdk/client-s3';
import { DomainError, unavailable } from '#kernel';
import { ObjectExistsError, ObjectMissingError } from './object.error';
import { isCold, type ObjectFacts, type StorageClass } from './object-store';

/** Before the names of facts, which are kept among the names of the store's own. */
const factPrefix = 'fact-';

export function toMetadata(facts: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(facts).map(([key, value]) => [factPrefix + key, value]));
}

export function factsOf(found: HeadObjectCommandOutput): ObjectFacts {
  const { ContentLength = 0, Metadata = {}, ContentType = 'application/octet-stream' } = found;
  const facts = Object.entries(Metadata).flatMap(([key, value]) =>
    key.startsWith(factPrefix) ? [[key.slice(factPrefix.length), value] as const] : [],
  );
  const storageClass = classOf(found);
  const lockedUntil = lockOf(found);
  const restore = isCold(storageClass) ? restoreOf(found.Restore) : undefined;
  return {
    ...{ size: ContentLength, sha256: Metadata['sha256'] ?? '', mediaType: ContentType, storageClass },
    ...(lockedUntil && { lockedUntil }),
    ...(facts.length > 0 && { facts: Object.fromEntries(facts) }),
    ...(restore && { restore }),
  };
}

/** S3 leaves the usual class out. */
export function classOf({ StorageClass }: HeadObjectCommandOutput): StorageClass {
  return (StorageClass ?? 'STANDARD') as StorageClass;
}

/** Governance can be lifted by those who may, so it does not count. */
export function lockOf(found: HeadObjectCommandOutput): Date | undefined {
  return found.ObjectLockMode === 'COMPLIANCE' ? found.ObjectLockRetainUntilDate : undefined;
}

/** Tells the writer that made an object, over all copies of it. */
export function markOf({ Metadata }: HeadObjectCommandOutput): string | undefined {
  return Metadata?.['mark'];
}

/** Whether a lock is there that lasts as long; S3 may keep whole seconds only. */
export function isLockedUntil(found: HeadObjectCommandOutput, until: Date): boolean {
  const seconds = (at: Date | undefined) => Math.floor((at?.getTime() ?? 0) / 1000);
  return seconds(lockOf(found)) >= seconds(until);
}

export function hasFacts(found: HeadObjectCommandOutput, facts: Record<string, string> = {}): boolean {
  const own = Object.entries(factsOf(found).facts ?? {});
  return own.length === Object.keys(facts).length && own.every(([key, value]) => facts[key] === value);
}

/** Whether the hash that the server computed, where it did, is that of the content, or of its parts. */
export function hasHash({ ChecksumSHA256 }: HeadObjectCommandOutput, sha256: string, ofParts?: string): boolean {
  // Others (radosgw 16) have compared Content-MD5.
  if (!ChecksumSHA256) return true;
  if (ChecksumSHA256.includes('-')) return ofParts === undefined || ChecksumSHA256 === ofParts;
  return Buffer.from(ChecksumSHA256, 'base64').toString('hex') === sha256;
}

export function statusOf(error: unknown): number | undefined {
  return (error as Partial<S3ServiceException> | undefined)?.$metadata?.httpStatusCode;
}

export function isNamed(error: unknown, ...names: string[]): boolean {
  return names.includes((error as Partial<Error> | undefined)?.name ?? '');
}

/** Undefined for what is not there. A bucket that is missing is a fault of the settings. (HEAD tells only the status.) */
export async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (statusOf(error) === 404 && !isNamed(error, 'NoSuchBucket')) return undefined;
    throw error;
  }
}

export function translated(error: unknown): unknown {
  const isOurs =
    error instanceof DomainError || error instanceof ObjectExistsError || error instanceof ObjectMissingError;
  return isOurs
    ? error
    : unavailable('service.unavailable', 'The store of the files does not answer as it should.', error);
}

/** `ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"` */
function restoreOf(header: string | undefined): ObjectFacts['restore'] {
  const ongoing = /ongoing-request="(true|false)"/.exec(header ?? '')?.[1];
  if (!ongoing) return undefined;
  const expiry = /expiry-date="([^"]+)"/.exec(header ?? '')?.[1];
  return { ongoing: ongoing === 'true', ...(expiry && { readableUntil: new Date(expiry) }) };
}
