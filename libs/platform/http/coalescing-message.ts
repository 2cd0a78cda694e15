import { IncomingMessage } from 'node:http';

/** A chunk of at least so many bytes goes on as it came. */
const wholeBytes = 1_024;
/** So many small chunks are taken in one turn of the event loop; the socket waits for the next one. */
const chunksPerTurn = 1_000;

/**
 * A request whose small chunks are passed on together. A client may send a body in chunks of one
 * byte (RFC 9112 §7.1). Each of them costs whoever reads it as much as a large one, and a socket
 * hands over hundreds of thousands in one turn.
 */
export class CoalescingMessage extends IncomingMessage {
  private readonly small: Buffer[] = [];
  private passing?: NodeJS.Immediate;

  /** Node stops the socket where this answers false. */
  override push(chunk: Buffer | null): boolean {
    if (chunk === null) {
      this.passOn();
      return super.push(null);
    }
    if (this.small.length === 0 && chunk.length >= wholeBytes) return super.push(chunk);
    this.small.push(chunk);
    this.passing ??= setImmediate(() => this.goOn());
    return this.small.length < chunksPerTurn;
  }

  private goOn(): void {
    const isStopped = this.small.length >= chunksPerTurn;
    if (this.passOn() && isStopped) this.socket.resume();
  }

  /** Answers whether the stream takes more. */
  private passOn(): boolean {
    clearImmediate(this.passing);
    this.passing = undefined;
    const chunks = this.small.splice(0);
    return chunks.length === 0 || this.destroyed || super.push(Buffer.concat(chunks));
  }
}
