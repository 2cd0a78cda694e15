import { randomUUID } from 'node:crypto';
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type HeadObjectCommandOutput,
  paginateListObjectsV2,
  RestoreObjectCommand,
} from '@aws-sdk/client-s3';
import type { OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '#kernel';
import { ConfigError } from '#platform/config';
import { ObjectColdError, ObjectExistsError, ObjectLockedError, ObjectMissingError } from './object.error';
import {
  checkedFacts,
  checkedKey,
  isCold,
  ObjectStore,
  type ListedObject,
  type ObjectFacts,
  type PutOptions,
  type RestoreOptions,
  type RestoreState,
  type StorageClass,
  type StoreSettings,
} from './object-store';
import {
  classOf,
  factsOf,
  hasFacts,
  hasHash,
  isNamed,
  lockOf,
  markOf,
  toMetadata,
  translated,
  unlessAbsent,
} from './s3-answers';
import { S3Bucket, type Versions } from './s3-bucket';
import { moveToClass } from './s3-classes';
import { send, type Upload } from './s3-upload';
import { spool } from './spool';

/**
 * A prefix in an S3 bucket. A stream is spooled to a file without a name first, because a single PUT of known length and hash
 * is what every server checks and, in a bucket without versions, makes only once (docs/decisions/0011-object-store.md).
 */
export class S3Store extends ObjectStore implements OnApplicationShutdown {
  private readonly bucket: S3Bucket;
  /** The server's locks end by the time that it is, whatever a test says. */
  private readonly clock = new Clock();
  private readonly spoolFolder: string;

  private constructor(bucket: string, prefix: string, settings: StoreSettings) {
    super();
    this.spoolFolder = join(settings.dataFolder, 'spool');
    this.bucket = new S3Bucket(bucket, prefix, settings);
  }

  /** Throws ConfigError where nothing names the bucket's region; whether the bucket answers shows when it is used. */
  static async open(bucket: string, prefix: string, settings: StoreSettings): Promise<S3Store> {
    const store = new S3Store(bucket, prefix, settings);
    try {
      await store.bucket.client.config.region();
    } catch (error) {
      store.bucket.client.destroy();
      throw new ConfigError('S3_REGION', `is required for s3: (${(error as Error).message})`);
    }
    return store;
  }

  async put(key: string, content: Readable, options: PutOptions): Promise<Pick<ObjectFacts, 'size' | 'sha256'>> {
    checkedKey(key);
    checkedFacts(options.facts);
    let file: FileHandle | undefined;
    try {
      if (options.lockedUntil) await this.requireLocks();
      file = await this.openSpool();
      const spooled = await spool(content, file);
      const sha256 = spooled.sha256.toString('hex');
      const mark = randomUUID();
      const headers = {
        ContentType: options.mediaType,
        Metadata: { sha256, mark, ...toMetadata(options.facts) },
        StorageClass: options.storageClass,
        ...this.bucket.encryption,
      };
      await this.store({ key, file, spooled, mark, headers }, options);
      return { size: spooled.size, sha256 };
    } catch (error) {
      throw translated(error);
    } finally {
      content.destroy();
      await file?.close();
    }
  }

  async get(key: string, range?: { start: number; end: number }): Promise<Readable | undefined> {
    checkedKey(key);
    const Range = range && `bytes=${range.start}-${range.end}`;
    // The limit is for the answer to begin; its body takes as long as who reads it.
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), this.bucket.limits.callMs);
    try {
      const command = new GetObjectCommand({ ...this.bucket.at(key), Range });
      const found = await unlessAbsent(this.bucket.client.send(command, { abortSignal: giveUp.signal }));
      return found?.Body as Readable | undefined;
    } catch (error) {
      throw isNamed(error, 'InvalidObjectState') ? new ObjectColdError(key) : translated(error);
    } finally {
      clearTimeout(timer);
    }
  }

  head(key: string): Promise<ObjectFacts | undefined> {
    return this.ask(key, async () => {
      const found = await this.bucket.look(key);
      return found && factsOf(found);
    });
  }

  restore(key: string, { days, tier }: RestoreOptions): Promise<RestoreState> {
    return this.ask(key, async () => {
      const found = await this.bucket.look(key);
      if (!found) throw new ObjectMissingError(key);
      if (!isCold(classOf(found))) return 'readable';
      const RestoreRequest = { Days: days, GlacierJobParameters: { Tier: tier } };
      const command = new RestoreObjectCommand({ ...this.bucket.at(key), RestoreRequest });
      try {
        const { $metadata } = await this.bucket.client.send(command, this.bucket.briefly);
        return $metadata.httpStatusCode === 202 ? 'asked' : 'readable';
      } catch (error) {
        if (isNamed(error, 'RestoreAlreadyInProgress')) return 'ongoing';
        throw error;
      }
    });
  }

  changeClass(key: string, storageClass: StorageClass): Promise<void> {
    return this.ask(key, () => moveToClass(this.bucket, key, storageClass, (found) => this.isLocked(found)));
  }

  lockUntil(key: string, until: Date): Promise<void> {
    return this.ask(key, async () => {
      await this.requireLocks();
      const found = await this.bucket.look(key);
      if (!found) throw new ObjectMissingError(key);
      const lock = lockOf(found);
      if (lock === undefined || lock < until) await this.bucket.lock(key, until, found.VersionId);
    });
  }

  remove(key: string): Promise<void> {
    return this.ask(key, async () => {
      if (!(await this.bucket.isVersioned())) return this.bucket.delete(key);
      const { ids, markers } = await this.bucket.versions(key);
      for (const id of ids) {
        const found = await this.bucket.look(key, id);
        if (found && this.isLocked(found)) throw new ObjectLockedError(key, lockOf(found));
      }
      // The newest last: until then the key stands for what it stood for.
      for (const id of [...markers, ...ids.reverse()]) await this.bucket.delete(key, id);
    });
  }

  async *list(prefix = ''): AsyncIterable<ListedObject> {
    const { client, name, ownPrefix, limits } = this.bucket;
    const pages = paginateListObjectsV2(
      { client, pageSize: limits.pageKeys },
      { Bucket: name, Prefix: ownPrefix + prefix },
    );
    try {
      for await (const { Contents = [] } of pages) {
        for (const { Key = '', Size = 0, LastModified } of Contents) {
          if (LastModified) yield { key: Key.slice(ownPrefix.length), size: Size, storedAt: LastModified };
        }
      }
    } catch (error) {
      throw translated(error);
    }
  }

  canLock(): Promise<boolean> {
    return this.bucket.hasObjectLock().catch((error: unknown) => {
      throw translated(error);
    });
  }

  onApplicationShutdown(): void {
    this.bucket.client.destroy();
  }

  private async store(upload: Upload, options: PutOptions): Promise<void> {
    const { key } = upload;
    const before = (await this.bucket.isVersioned()) ? await this.bucket.versions(key) : undefined;
    if (before?.current) throw new ObjectExistsError(key);
    try {
      const hash = await send(this.bucket, upload);
      const versionId = before && (await this.claim(upload, before));
      await this.verify(upload, options, hash, versionId);
      // Last, for what turned out not to be the object could not be removed any more.
      if (options.lockedUntil) await this.bucket.lock(key, options.lockedUntil, versionId);
    } catch (error) {
      if (!(error instanceof ObjectExistsError)) await this.discard(upload, before).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Ceph before 20 ignores the condition in a bucket with versions, so several writers may have stored one each. The first
   * version holds; whoever made a later one takes it away. Answers the version that holds.
   */
  private async claim({ key, mark }: Upload, before: Versions): Promise<string | undefined> {
    const claims: { id: string; isOwn: boolean }[] = [];
    const { ids } = await this.bucket.versions(key);
    for (const id of ids.filter((other) => !before.ids.includes(other)).reverse()) {
      const found = await this.bucket.look(key, id);
      if (found) claims.push({ id, isOwn: markOf(found) === mark });
    }
    const [winner, ...others] = claims;
    for (const { id, isOwn } of others) if (isOwn) await this.bucket.delete(key, id);
    if (winner && !winner.isOwn) throw new ObjectExistsError(key);
    return winner?.id;
  }

  /** Some servers ignore what they can not do; what they stored is looked at before anybody relies on it. */
  private async verify(upload: Upload, options: PutOptions, hash?: string, versionId?: string): Promise<void> {
    const found = await this.bucket.look(upload.key, versionId);
    if (found && markOf(found) !== upload.mark) throw new ObjectExistsError(upload.key);
    if (!found || !isSent(found, upload, options, hash)) {
      throw new Error('S3 does not hold what was sent, as it was to be kept.');
    }
  }

  /** Takes away what an upload left that is not going to be the object. */
  private async discard({ key, mark }: Upload, before: Versions | undefined): Promise<void> {
    const ids = before ? (await this.bucket.versions(key)).ids : [undefined];
    for (const id of ids) {
      const found = await this.bucket.look(key, id);
      if (found && markOf(found) === mark) await this.bucket.delete(key, id);
    }
  }

  private async requireLocks(): Promise<void> {
    if (!(await this.bucket.hasObjectLock())) throw new Error('The bucket has no Object Lock.');
  }

  private isLocked(found: HeadObjectCommandOutput): boolean {
    const until = found.ObjectLockRetainUntilDate;
    return found.ObjectLockLegalHoldStatus === 'ON' || (until !== undefined && until > this.clock.now());
  }

  private async ask<T>(key: string, work: () => Promise<T>): Promise<T> {
    checkedKey(key);
    try {
      return await work();
    } catch (error) {
      throw translated(error);
    }
  }

  /** A file that goes with its handle, also when the program is killed. */
  private async openSpool(): Promise<FileHandle> {
    await mkdir(this.spoolFolder, { recursive: true, mode: 0o700 });
    const name = join(this.spoolFolder, randomUUID());
    const file = await open(name, 'wx+', 0o600);
    await unlink(name);
    return file;
  }
}

function isSent(
  found: HeadObjectCommandOutput,
  { spooled, headers }: Upload,
  { mediaType, storageClass, facts }: PutOptions,
  hash: string | undefined,
): boolean {
  const is = factsOf(found);
  const sha256 = spooled.sha256.toString('hex');
  const isContent = is.size === spooled.size && is.sha256 === sha256 && hasHash(found, sha256, hash);
  const isOfClass = !storageClass || is.storageClass === storageClass;
  const { ServerSideEncryption: encryption } = headers;
  const isEncrypted = !encryption || found.ServerSideEncryption === encryption;
  return isContent && is.mediaType === mediaType && hasFacts(found, facts) && isOfClass && isEncrypted;
}
