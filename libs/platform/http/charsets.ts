import { z } from 'zod';
import type { Upload } from './upload';

const CHARSETS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'iso-8859-1'] as const;
export type Charset = (typeof CHARSETS)[number];

/** The charset of a file, in a query. Names of charsets are the same in any case (RFC 2978). */
export const charset = z.preprocess(
  (given) => (typeof given === 'string' ? given.toLowerCase() : given),
  z
    .enum(CHARSETS)
    .default('utf-8')
    .describe('The charset of the file. A byte order mark at its beginning, as of UTF-16, goes before it.'),
);

/**
 * A file as text, in pieces. A mark at its beginning is no part of the text, and U+FFFD stands for
 * what is no text of the charset.
 */
export async function* textOf(file: Upload, named: Charset): AsyncGenerator<string> {
  let decode: ((piece?: Buffer) => string) | undefined;
  for await (const piece of file.read() as AsyncIterable<Buffer>) {
    decode ??= decoderOf(markedCharset(piece) ?? named);
    yield decode(piece);
  }
  if (decode) yield decode();
}

function markedCharset(piece: Buffer): Charset | undefined {
  const mark = piece.toString('hex', 0, 3);
  if (mark.startsWith('fffe')) return 'utf-16le';
  if (mark.startsWith('feff')) return 'utf-16be';
  return mark === 'efbbbf' ? 'utf-8' : undefined;
}

function decoderOf(charset: Charset): (piece?: Buffer) => string {
  if (charset === 'windows-1252' || charset === 'iso-8859-1') {
    return (piece = Buffer.alloc(0)) => piece.toString('latin1').replace(/[\x80-\x9f]/g, inWindows);
  }
  const decoder = new TextDecoder(charset);
  return (piece) => decoder.decode(piece, { stream: piece !== undefined });
}

/**
 * Bytes 80 to 9F of windows-1252, as the Encoding Standard has them; it reads ISO-8859-1 so, too.
 * TextDecoder is not asked: some releases of Node read these bytes as control characters.
 */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

function inWindows(character: string): string {
  return windows1252.charAt(character.charCodeAt(0) - 0x80);
}
