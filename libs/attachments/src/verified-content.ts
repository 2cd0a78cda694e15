import { createHash } from 'node:crypto';
import { pipeline, Transform, type Readable } from 'node:stream';

interface Expected {
  size: number;
  sha256: string;
}

/**
 * Passes a content on while it computes its hash, and holds the last chunk back until both size and hash are as expected.
 * Where they are not, it calls `onMismatch` and breaks off: the reader misses bytes, and so can not take it for the whole.
 */
export function verifiedContent(source: Readable, expected: Expected, onMismatch: () => void): Readable {
  const hash = createHash('sha256');
  let size = 0;
  let held: Buffer | undefined;
  const mismatch = () => {
    onMismatch();
    return new Error('The content is not what was stored.');
  };
  const verifier = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      if (size > expected.size) {
        done(mismatch());
        return;
      }
      hash.update(chunk);
      if (held) this.push(held);
      held = chunk;
      done();
    },
    flush(done) {
      if (size !== expected.size || hash.digest('hex') !== expected.sha256) {
        done(mismatch());
        return;
      }
      done(null, held);
    },
  });
  // Whoever sends the content hears of its failure; here both streams only have to end together.
  pipeline(source, verifier, () => {});
  return verifier;
}
