import { CopyObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { ObjectColdError, ObjectMissingError } from './object.error';
import type { StorageClass } from './object-store';
import { classOf, factsOf, hasFacts, hasHash, isLockedUntil, isNamed, lockOf, markOf } from './s3-answers';
import type { S3Bucket } from './s3-bucket';

/** What CopyObject takes, in bytes. */
const maxCopyBytes = 5 * 2 ** 30;

/**
 * Copies an object onto itself in another class, which S3 does in one step. In a bucket with versions that is a new one, with
 * the lock of the old; the old goes where it is not locked, and is paid for as well until its lock ends where it is.
 */
export async function moveToClass(
  bucket: S3Bucket,
  key: string,
  storageClass: StorageClass,
  isLocked: (found: HeadObjectCommandOutput) => boolean,
): Promise<void> {
  const found = await bucket.look(key);
  if (!found) throw new ObjectMissingError(key);
  const isVersioned = await bucket.isVersioned();
  if (classOf(found) !== storageClass) await copy(bucket, key, found, storageClass, isLocked);
  if (isVersioned) await tidy(bucket, key, isLocked);
}

async function copy(
  bucket: S3Bucket,
  key: string,
  found: HeadObjectCommandOutput,
  storageClass: StorageClass,
  isLocked: (found: HeadObjectCommandOutput) => boolean,
): Promise<void> {
  const size = found.ContentLength ?? 0;
  if (size > maxCopyBytes)
    throw new Error(`S3 copies no more than ${maxCopyBytes} bytes: a lifecycle rule can move it.`);
  const { Bucket, Key } = bucket.at(key);
  const version = found.VersionId && `?versionId=${encodeURIComponent(found.VersionId)}`;
  const until = isLocked(found) ? lockOf(found) : undefined;
  const command = new CopyObjectCommand({
    ...{ Bucket, Key, ...bucket.encryption },
    CopySource: [Bucket, ...Key.split('/')].map(encodeURIComponent).join('/') + (version ?? ''),
    StorageClass: storageClass,
    MetadataDirective: 'COPY',
    ChecksumAlgorithm: 'SHA256',
    ...(until && { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until }),
  });
  let copied: HeadObjectCommandOutput | undefined;
  try {
    await bucket.client.send(command, bucket.sending(size));
    copied = await bucket.look(key);
  } catch (error) {
    // The answer may be what was lost, and a repetition is refused.
    copied = await bucket.look(key);
    const isDone = copied && classOf(copied) === storageClass && markOf(copied) === markOf(found);
    if (!isDone && isNamed(error, 'InvalidObjectState', 'ObjectNotInActiveTierError')) throw new ObjectColdError(key);
    if (!isDone) throw error;
  }
  if (copied && until && !isLockedUntil(copied, until)) {
    await bucket.lock(key, until, copied.VersionId);
    copied = await bucket.look(key, copied.VersionId);
  }
  if (copied && classOf(copied) === storageClass && isSame(copied, found)) return;
  if (copied?.VersionId && copied.VersionId !== found.VersionId && markOf(copied) === markOf(found)) {
    await bucket.delete(key, copied.VersionId);
  }
  throw new Error('S3 does not hold what was to be copied.');
}

/** Whether a copy is what it was made of, as far as the server tells without sending it. */
function isSame(copied: HeadObjectCommandOutput, found: HeadObjectCommandOutput): boolean {
  const [now, before] = [factsOf(copied), factsOf(found)];
  return (
    markOf(copied) === markOf(found) &&
    now.size === before.size &&
    now.sha256 === before.sha256 &&
    now.mediaType === before.mediaType &&
    hasFacts(copied, before.facts) &&
    hasHash(copied, before.sha256, found.ChecksumSHA256) &&
    (!isMd5(copied) || !isMd5(found) || copied.ETag === found.ETag)
  );
}

/** Of a whole object that is not encrypted with a key of its owner, the ETag is the MD5. */
function isMd5({ ETag, ServerSideEncryption }: HeadObjectCommandOutput): boolean {
  return /^"[0-9a-f]{32}"$/.test(ETag ?? '') && !ServerSideEncryption?.startsWith('aws:kms');
}

/**
 * What a move leaves, or left when it was interrupted: the present version has the longest lock, and older versions of the same
 * object go unless they are locked. From a version of another object on all stay: its writer, who may be about to look whether it was
 * the first, must find what was there before.
 */
async function tidy(
  bucket: S3Bucket,
  key: string,
  isLocked: (found: HeadObjectCommandOutput) => boolean,
): Promise<void> {
  const { ids, current } = await bucket.versions(key);
  const present = current && (await bucket.look(key, current));
  if (!present) throw new ObjectMissingError(key);
  for (const id of ids.filter((other) => other !== current)) {
    const older = await bucket.look(key, id);
    if (!older) continue;
    if (markOf(older) !== markOf(present)) return;
    const until = lockOf(older);
    if (!isLocked(older)) await bucket.delete(key, id);
    else if (until && !isLockedUntil(present, until)) await bucket.lock(key, until, current);
  }
}
