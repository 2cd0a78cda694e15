import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** What went through, as its hashes tell. */
export interface Spooled {
  size: number;
  sha256: Buffer;
  /** S3 servers that ignore SHA-256 check this one. */
  md5: Buffer;
}

/** Writes a stream to an open file, at the file's pace, and fsyncs it. Rejects with the stream's own error where it fails. */
export async function spool(content: Readable, file: FileHandle): Promise<Spooled> {
  const hashes: [Hash, Hash] = [createHash('sha256'), createHash('md5')];
  let size = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    for (const hash of hashes) hash.update(chunk);
    await writeWhole(file, chunk, size);
    size += chunk.length;
  }
  await file.sync();
  const [sha256, md5] = [hashes[0].digest(), hashes[1].digest()];
  return { size, sha256, md5 };
}

async function writeWhole(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
}
