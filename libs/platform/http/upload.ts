import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DomainError } from '#kernel';

/** A file of which nothing comes for this long, in ms, is given up. */
const idleMs = 30_000;
/** Read at a time, in bytes: a parser holds the event loop for as long as it has these. */
const pieceBytes = 8 * 1024;

/**
 * A file that a client sent, whole, before any work with it begins. It has no name, so nothing of
 * it outlives the process.
 */
export class Upload {
  private constructor(private readonly file: FileHandle) {}

  /**
   * Throws 413 past `maxBytes`, 408 where nothing comes any more, 400 where the file breaks off, or
   * the DomainError that the content fails with.
   */
  static async receive(content: Readable, maxBytes: number): Promise<Upload> {
    const path = join(tmpdir(), `ip2a-upload-${randomUUID()}`);
    const file = await open(path, 'wx+', 0o600);
    try {
      await unlink(path);
      await fill(file, content, maxBytes);
      return new Upload(file);
    } catch (error) {
      await file.close();
      // The rest is thrown away, or it would keep its connection from the next request.
      content.resume();
      throw error;
    }
  }

  /** Reads it from its beginning, each time. */
  read(): Readable {
    return Readable.from(this.pieces(), { objectMode: false, highWaterMark: pieceBytes });
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private async *pieces(): AsyncGenerator<Buffer> {
    for (let position = 0; ;) {
      const { bytesRead, buffer } = await this.file.read(Buffer.alloc(pieceBytes), 0, pieceBytes, position);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  }
}

async function fill(file: FileHandle, content: Readable, maxBytes: number): Promise<void> {
  const chunks = content.iterator({ destroyOnReturn: false });
  let size = 0;
  for (;;) {
    const { value, done } = (await inTime(chunks.next())) as IteratorResult<Buffer, undefined>;
    if (done) return;
    size += value.length;
    if (size > maxBytes) {
      throw new DomainError('request.too-large', `A file may hold ${maxBytes / 1024 / 1024} MiB.`);
    }
    await file.appendFile(value);
  }
}

function inTime<T>(chunk: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new DomainError('request.timed-out', 'The file did not go on.')), idleMs);
    chunk.then(resolve, (error: unknown) => reject(brokenOff(error))).finally(() => clearTimeout(timer));
  });
}

function brokenOff(cause: unknown): DomainError {
  if (cause instanceof DomainError) return cause;
  return new DomainError('request.malformed', 'The file was broken off.', { cause });
}
