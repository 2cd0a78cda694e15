import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutObjectRetentionCommand,
  S3Client,
  type ServerSideEncryption,
} from '@aws-sdk/client-s3';
import { isLockedUntil, isNamed, statusOf, unlessAbsent } from './s3-answers';
import type { S3Limits, StoreSettings } from './object-store';

/** Tries of one operation, the first included. */
export const attempts = 3;
const mebibyte = 2 ** 20;
const defaults: S3Limits = {
  callMs: 10_000,
  sendMs: 120_000,
  wholeBytes: 256 * mebibyte,
  partBytes: 16 * mebibyte,
  pageKeys: 1_000,
};
const connectMs = 2_000;
/** A connection over which nothing moves for this long, in ms, is given up. */
const idleMs = 20_000;
/** Versions of one key; the store itself makes one for each change of class. */
const maxVersions = 1_000;

/** The versions of a key, all of them newest first. */
export interface Versions {
  ids: string[];
  /** Those that say "deleted". */
  markers: string[];
  /** The one that the key stands for. */
  current: string | undefined;
}

/** A prefix of a bucket, asked in the words of S3. Errors come out as the SDK throws them, within a bounded time. */
export class S3Bucket {
  readonly client: S3Client;
  readonly limits: S3Limits;
  /** Header fields of whatever writes. */
  readonly encryption: { ServerSideEncryption?: ServerSideEncryption; SSEKMSKeyId?: string };
  private versioned?: boolean;
  private hasLocks = false;

  constructor(
    readonly name: string,
    readonly prefix: string,
    settings: StoreSettings,
  ) {
    this.limits = { ...defaults, ...settings.s3Limits };
    const { S3_SSE = 'none', S3_SSE_KMS_KEY_ID } = settings;
    this.encryption = S3_SSE === 'none' ? {} : { ServerSideEncryption: S3_SSE, SSEKMSKeyId: S3_SSE_KMS_KEY_ID };
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

  at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.name, Key: this.ownPrefix + key };
  }

  get ownPrefix(): string {
    return this.prefix && `${this.prefix}/`;
  }

  /** The limit of an operation that moves no content. */
  get briefly(): { abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(this.limits.callMs) };
  }

  /** The limit of one that moves so many bytes. */
  sending(bytes: number): { abortSignal: AbortSignal } {
    return { abortSignal: AbortSignal.timeout(this.limits.sendMs + Math.ceil(bytes / mebibyte) * 1_000) };
  }

  async look(key: string, versionId?: string): Promise<HeadObjectCommandOutput | undefined> {
    const command = new HeadObjectCommand({ ...this.at(key), VersionId: versionId, ChecksumMode: 'ENABLED' });
    return unlessAbsent(this.client.send(command, this.briefly));
  }

  /** Asked once. Who may not ask, or asks a server that knows no versions, is told no. */
  async isVersioned(): Promise<boolean> {
    if (this.versioned !== undefined) return this.versioned;
    try {
      const command = new GetBucketVersioningCommand({ Bucket: this.name });
      this.versioned = (await this.client.send(command, this.briefly)).Status !== undefined;
    } catch (error) {
      if (statusOf(error) !== 403 && !isNamed(error, 'NotImplemented')) throw error;
      this.versioned = false;
    }
    return this.versioned;
  }

  async hasObjectLock(): Promise<boolean> {
    if (this.hasLocks) return true;
    try {
      const command = new GetObjectLockConfigurationCommand({ Bucket: this.name });
      const { ObjectLockConfiguration } = await this.client.send(command, this.briefly);
      this.hasLocks = ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
    } catch (error) {
      if (!isNamed(error, 'ObjectLockConfigurationNotFoundError', 'NotImplemented')) throw error;
    }
    return this.hasLocks;
  }

  async versions(key: string): Promise<Versions> {
    const { Bucket, Key } = this.at(key);
    const found: Versions = { ids: [], markers: [], current: undefined };
    let page: ListObjectVersionsCommandOutput | undefined;
    do {
      const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({
        ...{ Bucket, Prefix: Key },
        ...{ KeyMarker: page?.NextKeyMarker, VersionIdMarker: page?.NextVersionIdMarker },
      });
      page = await this.client.send(command, this.briefly);
      for (const version of page.Versions ?? []) {
        if (version.Key !== Key || version.VersionId === undefined) continue;
        found.ids.push(version.VersionId);
        if (version.IsLatest) found.current = version.VersionId;
      }
      for (const marker of page.DeleteMarkers ?? []) {
        if (marker.Key === Key && marker.VersionId !== undefined) found.markers.push(marker.VersionId);
      }
      if (found.ids.length > maxVersions) throw new Error(`There are more than ${maxVersions} versions of one key.`);
      // The key itself comes before those that it begins.
    } while (page.IsTruncated && page.NextKeyMarker === Key);
    return found;
  }

  /** Without a version: of a bucket that has none. */
  async delete(key: string, versionId?: string): Promise<void> {
    const command = new DeleteObjectCommand({ ...this.at(key), VersionId: versionId });
    await unlessAbsent(this.client.send(command, this.briefly));
  }

  /** Locks a version, and looks whether it is locked. */
  async lock(key: string, until: Date, versionId: string | undefined): Promise<void> {
    const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: until } as const;
    const command = new PutObjectRetentionCommand({ ...this.at(key), VersionId: versionId, Retention });
    await this.client.send(command, this.briefly);
    const found = await this.look(key, versionId);
    if (!found || !isLockedUntil(found, until)) throw new Error('S3 does not lock the object.');
  }
}

const ignore = () => {};
