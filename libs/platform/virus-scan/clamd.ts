import { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** An answer of clamd about a content. */
export type Verdict = { outcome: 'clean' | 'too-large' } | { outcome: 'infected'; signature: string };

/** An answer is one line; whoever says more than this, in characters, is not clamd. */
const maxAnswer = 1_024;

/**
 * Has clamd scan a content, by its command INSTREAM (clamd(8)): each piece with its length before
 * it, then a length of zero. Rejects where no answer of clamd's is there in `timeoutMs`.
 */
export async function scan(url: string, content: AsyncIterable<Buffer>, timeoutMs: number): Promise<Verdict> {
  // A server that ends its side must not end ours, or the pipeline waits for ever to write more.
  const socket = new Line({ allowHalfOpen: true });
  const sent = { isWhole: false };
  const late = setTimeout(() => socket.destroy(new Error(`nothing within ${timeoutMs} ms`)), timeoutMs);
  const answer = answerOf(socket);
  socket.connect(addressOf(url));
  const sending = pipeline(framed(content, sent), socket, { end: false }).catch((error: unknown) => {
    socket.destroy(error as Error);
  });
  try {
    return verdictOf(await answer, sent.isWhole);
  } finally {
    clearTimeout(late);
    socket.destroy();
    // Nobody reads the content when this has returned, so its file may be closed.
    await sending;
  }
}

/**
 * Goes on reading after a failed write. clamd answers and closes as soon as a stream is too long,
 * and Node would throw that answer away with the connection.
 */
class Line extends Socket {
  override _write(chunk: unknown, encoding: BufferEncoding, done: () => void): void {
    super._write(chunk, encoding, () => done());
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: () => void): void {
    super._writev?.(chunks, () => done());
  }
}

function addressOf(url: string): { path: string } | { host: string; port: number } {
  const { protocol, hostname, port, pathname } = new URL(url);
  if (protocol === 'unix:') return { path: decodeURIComponent(pathname) };
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}

async function* framed(content: AsyncIterable<Buffer>, sent: { isWhole: boolean }): AsyncGenerator<Buffer> {
  yield Buffer.from('zINSTREAM\0');
  for await (const piece of content) {
    if (piece.length > 0) yield Buffer.concat([lengthOf(piece.length), piece]);
  }
  sent.isWhole = true;
  yield lengthOf(0);
}

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** The first line that comes, which ends with NUL. */
function answerOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: Error) => reject(new Error(`clamd does not answer: ${why}`, { cause }));
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\0');
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > maxAnswer) fail('it says too much');
    });
    // An error of a name with several addresses has a code and no message.
    socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message, error));
    for (const event of ['end', 'close']) socket.on(event, () => fail('the connection was closed'));
  });
}

/** A verdict on a content that clamd has not seen to its end is none, save that it is too long. */
function verdictOf(answer: string, isWhole: boolean): Verdict {
  if (answer === 'INSTREAM size limit exceeded. ERROR') return { outcome: 'too-large' };
  const [, signature] = /^stream: ([\x20-\x7e]{1,200}) FOUND$/.exec(answer) ?? [];
  // So clamd names what it has not looked into, where it is set to say so (AlertExceedsMax).
  if (isWhole && signature?.startsWith('Heuristics.Limits.Exceeded')) return { outcome: 'too-large' };
  if (isWhole && signature) return { outcome: 'infected', signature };
  if (isWhole && answer === 'stream: OK') return { outcome: 'clean' };
  throw new Error('clamd does not answer: what came is no verdict');
}
