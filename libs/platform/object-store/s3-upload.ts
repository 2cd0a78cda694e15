import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type ServerSideEncryption,
  type StorageClass,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { ObjectExistsError } from './object.error';
import { markOf, statusOf } from './s3-answers';
import { attempts, type S3Bucket } from './s3-bucket';
import type { Spooled } from './spool';

/** S3 takes no more. */
const maxParts = 10_000;
/** What is read of the file at a time, in bytes. */
const chunkBytes = 262_144;

/** What is to be sent, and as what. */
export interface Upload {
  key: string;
  file: FileHandle;
  spooled: Spooled;
  /** Of this upload alone, and in its metadata. */
  mark: string;
  headers: {
    ContentType: string;
    Metadata: Record<string, string>;
    StorageClass?: StorageClass;
    ServerSideEncryption?: ServerSideEncryption;
    SSEKMSKeyId?: string;
  };
}

/**
 * Sends a file to a key that nothing is under, in one piece or in parts. Answers the hash over the hashes of the parts, as S3
 * tells it. Throws ObjectExistsError; that rests on what a server does with `If-None-Match`.
 */
export function send(bucket: S3Bucket, upload: Upload): Promise<string | undefined> {
  return upload.spooled.size > bucket.limits.wholeBytes ? sendInParts(bucket, upload) : sendWhole(bucket, upload);
}

/**
 * The SDK can not repeat a stream, so each try here reads the file anew. A try whose answer was lost may have succeeded: the
 * mark tells whether the object that is in the way is this one.
 */
async function sendWhole(bucket: S3Bucket, upload: Upload): Promise<undefined> {
  const { key, file, spooled, headers } = upload;
  for (let attempt = 1; ; attempt += 1) {
    const Body = Readable.from(chunksOf(file, spooled.size), { objectMode: false });
    try {
      await bucket.client.send(
        new PutObjectCommand({
          ...bucket.at(key),
          ...headers,
          Body,
          ContentLength: spooled.size,
          ContentMD5: spooled.md5.toString('base64'),
          // Both together: a server may ignore a hash whose algorithm no header names.
          ChecksumAlgorithm: 'SHA256',
          ChecksumSHA256: spooled.sha256.toString('base64'),
          IfNoneMatch: '*',
        }),
        bucket.sending(spooled.size),
      );
      return undefined;
    } catch (error) {
      if (await isSent(bucket, upload)) return undefined;
      const status = statusOf(error);
      if (status === 412) throw new ObjectExistsError(key);
      const isFinal = status !== undefined && status < 500 && status !== 409 && status !== 429;
      if (isFinal || attempt === attempts) throw error;
    } finally {
      Body.destroy();
    }
  }
}

/** Each part is held in memory, so the SDK repeats it. */
async function sendInParts(bucket: S3Bucket, upload: Upload): Promise<string | undefined> {
  const { key, file, spooled, headers } = upload;
  const partBytes = Math.max(bucket.limits.partBytes, Math.ceil(spooled.size / maxParts));
  const begin = new CreateMultipartUploadCommand({ ...bucket.at(key), ...headers, ChecksumAlgorithm: 'SHA256' });
  const { UploadId } = await bucket.client.send(begin, bucket.briefly);
  const one = { ...bucket.at(key), UploadId };
  const ofParts = createHash('sha256');
  let hash: string | undefined;
  try {
    const parts: CompletedPart[] = [];
    for (let start = 0; start < spooled.size; start += partBytes) {
      const Body = await readPart(file, start, Math.min(partBytes, spooled.size - start));
      parts.push(await sendPart(bucket, { ...one, PartNumber: parts.length + 1 }, Body, ofParts));
    }
    hash = `${ofParts.digest('base64')}-${parts.length}`;
    // Ceph ignores the condition before version 20.
    if (await bucket.look(key)) throw new ObjectExistsError(key);
    const complete = { ...one, MultipartUpload: { Parts: parts }, IfNoneMatch: '*' };
    await bucket.client.send(new CompleteMultipartUploadCommand(complete), bucket.sending(spooled.size));
    return hash;
  } catch (error) {
    if (await isSent(bucket, upload)) return hash;
    await bucket.client.send(new AbortMultipartUploadCommand(one), bucket.briefly).catch(() => undefined);
    throw statusOf(error) === 412 ? new ObjectExistsError(key) : error;
  }
}

async function sendPart(
  bucket: S3Bucket,
  part: { Bucket: string; Key: string; UploadId: string | undefined; PartNumber: number },
  Body: Buffer,
  ofParts: Hash,
): Promise<CompletedPart> {
  const [sha256, md5] = [createHash('sha256').update(Body).digest(), createHash('md5').update(Body).digest('base64')];
  ofParts.update(sha256);
  const hash = { ChecksumSHA256: sha256.toString('base64') };
  const command = new UploadPartCommand({ ...part, ...hash, Body, ContentMD5: md5, ChecksumAlgorithm: 'SHA256' });
  const { ETag } = await bucket.client.send(command, bucket.sending(Body.length));
  return { PartNumber: part.PartNumber, ETag, ...hash };
}

/** Node's own stream over a handle closes it when it is destroyed, so that no second try could read it. */
async function* chunksOf(file: FileHandle, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < size; start += chunkBytes) {
    yield await readPart(file, start, Math.min(chunkBytes, size - start));
  }
}

async function readPart(file: FileHandle, start: number, bytes: number): Promise<Buffer> {
  const part = Buffer.allocUnsafe(bytes);
  for (let read = 0; read < bytes;) {
    const { bytesRead } = await file.read(part, read, bytes - read, start + read);
    if (bytesRead === 0) throw new Error('The spooled file has become shorter.');
    read += bytesRead;
  }
  return part;
}

/** Whether the key holds this upload after all. A server that does not answer that either has not taken it, for all we know. */
async function isSent(bucket: S3Bucket, { key, mark }: Upload): Promise<boolean> {
  const found = await bucket.look(key).catch(() => undefined);
  return found !== undefined && markOf(found) === mark;
}
