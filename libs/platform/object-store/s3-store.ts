import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3';
import type { OnApplicationShutdown } from '@nestjs/common';
import { DomainError, unavailable } from '#kernel';
import { ConfigError } from '#platform/config';
import { ObjectExistsError } from './object-exists.error';
import {
  checkedKey,
  ObjectStore,
  type ListedObject,
  type ObjectFacts,
  type PutOptions,
  type StoreSettings,
} from './object-store';
import { spool, type Spooled } from './spool';

/** Tries of one operation, the first included. */
const attempts = 3;
/** One try of an operation that moves no content, in ms. */
const callMs = 10_000;
/** One try of sending an object, in ms. */
const putMs = 120_000;
const connectMs = 2_000;
/** A connection over which nothing moves for this long, in ms, is given up. */
const idleMs = 20_000;

/**
 * A prefix in an S3 bucket. A stream is spooled to a file without a name first, because only a single PUT of known length
 * and hash is create-only and checked on every server; multipart is neither (docs/decisions/0011-object-store.md).
 */
export class S3Store extends ObjectStore implements OnApplicationShutdown {
  private readonly client: S3Client;
  private readonly spoolFolder: string;

  private constructor(
    private readonly bucket: string,
    private readonly prefix: string,
    settings: StoreSettings,
  ) {
    super();
    this.spoolFolder = join(settings.dataFolder, 'spool');
    this.client = new S3Client({
      endpoint: settings.S3_ENDPOINT,
      // A server with an endpoint of its own has no regions, but signatures name one.
      region: settings.S3_REGION ?? (settings.S3_ENDPOINT ? 'us-east-1' : undefined),
      forcePathStyle: settings.S3_FORCE_PATH_STYLE,
      maxAttempts: attempts,
      // Its warnings are about errors that come out of here anyway, and would go to the console.
      logger: { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: connectMs, socketTimeout: idleMs },
    });
  }

  /** Throws ConfigError where nothing names the bucket's region; whether the bucket answers shows when it is used. */
  static async open(bucket: string, prefix: string, settings: StoreSettings): Promise<S3Store> {
    const store = new S3Store(bucket, prefix, settings);
    try {
      await store.client.config.region();
    } catch (error) {
      store.client.destroy();
      throw new ConfigError('S3_REGION', `is required for s3: (${(error as Error).message})`);
    }
    return store;
  }

  async put(key: string, content: Readable, { mediaType }: PutOptions): Promise<Pick<ObjectFacts, 'size' | 'sha256'>> {
    checkedKey(key);
    let file: FileHandle | undefined;
    try {
      file = await this.openSpool();
      const spooled = await spool(content, file);
      const facts = { size: spooled.size, sha256: spooled.sha256.toString('hex'), mediaType };
      await this.send(key, file, spooled, facts);
      await this.verify(key, facts);
      return { size: facts.size, sha256: facts.sha256 };
    } catch (error) {
      throw translated(error);
    } finally {
      content.destroy();
      await file?.close();
    }
  }

  async get(key: string, range?: { start: number; end: number }): Promise<Readable | undefined> {
    const Range = range && `bytes=${range.start}-${range.end}`;
    // The limit is for the answer to begin; its body takes as long as who reads it.
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), callMs);
    try {
      const command = new GetObjectCommand({ ...this.at(key), Range });
      const found = await unlessAbsent(this.client.send(command, { abortSignal: giveUp.signal }));
      return found?.Body as Readable | undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  async head(key: string): Promise<ObjectFacts | undefined> {
    const found = await this.look(key);
    return found && factsOf(found);
  }

  async remove(key: string): Promise<void> {
    await unlessAbsent(
      this.client.send(new DeleteObjectCommand(this.at(key)), { abortSignal: AbortSignal.timeout(callMs) }),
    );
  }

  async *list(prefix = ''): AsyncIterable<ListedObject> {
    const own = this.prefix && `${this.prefix}/`;
    const pages = paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Prefix: own + prefix });
    try {
      for await (const { Contents = [] } of pages) {
        for (const { Key = '', Size = 0, LastModified } of Contents) {
          if (LastModified) yield { key: Key.slice(own.length), size: Size, storedAt: LastModified };
        }
      }
    } catch (error) {
      throw translated(error);
    }
  }

  onApplicationShutdown(): void {
    this.client.destroy();
  }

  /**
   * The SDK can not repeat a stream, so each try here reads the file anew. A try whose answer was lost may have succeeded:
   * the mark tells whether the object that is in the way is this one.
   */
  private async send(
    key: string,
    file: FileHandle,
    spooled: Spooled,
    { sha256, mediaType }: ObjectFacts,
  ): Promise<void> {
    const mark = randomUUID();
    for (let attempt = 1; ; attempt += 1) {
      const Body = createReadStream('', { fd: file, start: 0, autoClose: false });
      try {
        await this.client.send(
          new PutObjectCommand({
            ...this.at(key),
            Body,
            ContentLength: spooled.size,
            ContentType: mediaType,
            ContentMD5: spooled.md5.toString('base64'),
            // Both together: a server may ignore a hash whose algorithm no header names.
            ChecksumAlgorithm: 'SHA256',
            ChecksumSHA256: spooled.sha256.toString('base64'),
            IfNoneMatch: '*',
            Metadata: { sha256, mark },
          }),
          { abortSignal: AbortSignal.timeout(putMs) },
        );
        return;
      } catch (error) {
        const status = statusOf(error);
        if (status === 412) {
          if (await this.isMarked(key, mark)) return;
          throw new ObjectExistsError(key);
        }
        const isFinal = status !== undefined && status < 500 && status !== 409 && status !== 429;
        if (isFinal || attempt === attempts) throw error;
      } finally {
        Body.destroy();
      }
    }
  }

  /** Some servers ignore what they can not do; what they stored is looked at before anybody relies on it. */
  private async verify(key: string, sent: ObjectFacts): Promise<void> {
    const found = await this.look(key);
    const { size, sha256, mediaType } = found ? factsOf(found) : { size: 0, sha256: '', mediaType: '' };
    // A server that computes the hash itself says so; others (radosgw 16) have compared Content-MD5.
    const computed = found?.ChecksumSHA256 && Buffer.from(found.ChecksumSHA256, 'base64').toString('hex');
    const isSame = size === sent.size && sha256 === sent.sha256 && mediaType === sent.mediaType;
    if (isSame && (!computed || computed === sent.sha256)) return;
    await this.remove(key);
    throw new Error('S3 does not hold what was sent.');
  }

  private async isMarked(key: string, mark: string): Promise<boolean> {
    return (await this.look(key))?.Metadata?.['mark'] === mark;
  }

  private look(key: string): Promise<HeadObjectCommandOutput | undefined> {
    const command = new HeadObjectCommand({ ...this.at(key), ChecksumMode: 'ENABLED' });
    return unlessAbsent(this.client.send(command, { abortSignal: AbortSignal.timeout(callMs) }));
  }

  /** A file that goes with its handle, also when the program is killed. */
  private async openSpool(): Promise<FileHandle> {
    await mkdir(this.spoolFolder, { recursive: true, mode: 0o700 });
    const name = join(this.spoolFolder, randomUUID());
    const file = await open(name, 'wx+', 0o600);
    await unlink(name);
    return file;
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: (this.prefix && `${this.prefix}/`) + checkedKey(key) };
  }
}

const ignore = () => {};

function factsOf({ ContentLength, Metadata, ContentType, StorageClass }: HeadObjectCommandOutput): ObjectFacts {
  return {
    size: ContentLength ?? 0,
    sha256: Metadata?.['sha256'] ?? '',
    mediaType: ContentType ?? 'application/octet-stream',
    // S3 leaves the usual class out.
    storageClass: StorageClass ?? 'STANDARD',
  };
}

function statusOf(error: unknown): number | undefined {
  return (error as Partial<S3ServiceException> | undefined)?.$metadata?.httpStatusCode;
}

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    // A bucket that is missing is a fault of the settings, not the absence of an object. (HEAD tells only the status.)
    if (statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket') return undefined;
    throw translated(error);
  }
}

function translated(error: unknown): unknown {
  if (error instanceof DomainError || error instanceof ObjectExistsError) return error;
  return unavailable('service.unavailable', 'The store of the files does not answer as it should.', error);
}
