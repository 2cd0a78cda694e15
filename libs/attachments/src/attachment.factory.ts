import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

/** A part of a multipart form: a text, or a file with a name. */
export type Part =
  [name: string, value: string | number] | [name: string, content: Buffer | Readable, fileName: string];

const boundary = 'ip2a-boundary-7464416';
export const formHeaders = { 'Content-Type': `multipart/form-data; boundary=${boundary}` };

/** The bytes of a form, as they are sent; `ending` false leaves the closing boundary out. */
export function formOf(parts: Part[], { ending = true } = {}): Readable {
  return Readable.from(
    (async function* () {
      for (const [name, value, fileName] of parts) {
        const file = fileName === undefined ? '' : `; filename="${fileName}"\r\nContent-Type: application/octet-stream`;
        yield Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`);
        if (value instanceof Readable) yield* value as AsyncIterable<Buffer>;
        else yield Buffer.isBuffer(value) ? value : Buffer.from(String(value));
        yield Buffer.from('\r\n');
      }
      if (ending) yield Buffer.from(`--${boundary}--\r\n`);
    })(),
  );
}

/** A PDF of so many bytes, random but for its beginning. */
export function aPdf(size = 1000): Buffer {
  const start = Buffer.from('%PDF-1.7\n');
  return Buffer.concat([start, randomBytes(size - start.length)]);
}

/** The same as a stream, a chunk at a time. */
export function aPdfStream(size: number): Readable {
  return Readable.from(
    (function* () {
      yield Buffer.from('%PDF-1.7\n');
      const chunk = randomBytes(64 * 1024);
      for (let left = size - 9; left > 0; left -= chunk.length) yield chunk.subarray(0, Math.min(left, chunk.length));
    })(),
  );
}

/** A document of Word or Excel before 2007, as far as its header and its directory of streams. */
export function aCompoundFile(stream: string): Buffer {
  const sector = 512;
  const header = Buffer.alloc(sector);
  Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(header);
  const entry = (name: string) => {
    const bytes = Buffer.alloc(128);
    bytes.write(name, 'utf16le');
    return bytes;
  };
  return Buffer.concat([header, Buffer.alloc(sector), entry('Root Entry'), entry(stream), Buffer.alloc(256)]);
}

/** An archive of stored files and their directory, as ZIP has it: an Office document is known by the names in it. */
export function anArchive(...files: [name: string, content?: Buffer][]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content = Buffer.from('<xml/>')] of files) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt32LE(content.length, 18);
    local.writeUInt32LE(content.length, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt32LE(content.length, 20);
    central.writeUInt32LE(content.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    parts.push(local, Buffer.from(name), content);
    directory.push(central, Buffer.from(name));
    offset += 30 + name.length + content.length;
  }
  return Buffer.concat([...parts, ...directory]);
}
