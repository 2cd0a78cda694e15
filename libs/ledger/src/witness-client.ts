import { parseCheckpoint } from './checkpoint';
import { isSignedBy, signatureType, type VerifierKey } from './note';

/** One request to a witness, in ms. */
const answerMs = 3_000;

/** A witness knows the log otherwise: larger than it is, or with another content. */
export class WitnessRefusal extends Error {}

/** The other side of C2SP tlog-witness: a party elsewhere that cosigns a checkpoint if it continues all it has seen of the log. */
export class WitnessClient {
  /** The size of the tree that the witness cosigned last, as far as it is known. */
  private size = 0;

  constructor(
    private readonly url: string,
    readonly key: VerifierKey,
  ) {
    if (key.type !== signatureType.cosignature) throw new Error('The key of a witness is one for cosignatures.');
  }

  /**
   * The witness's signature line for a checkpoint. Throws WitnessRefusal where what it has seen contradicts the checkpoint, and any
   * other error where it can not be asked now.
   */
  async cosign(
    signed: string,
    proofFrom: (oldSize: number) => Promise<Buffer[]>,
  ): Promise<{ line: string; size: number }> {
    const checkpoint = parseCheckpoint(signed);
    for (let isKnown = false; ; isKnown = true) {
      const answer = await this.send(signed, this.size, await proofFrom(this.size));
      if (answer.status === 409 && answer.size !== undefined && answer.size !== this.size && !isKnown) {
        this.size = answer.size;
        if (this.size > checkpoint.size) {
          throw new WitnessRefusal(`the witness has seen ${this.size} entries, the log has ${checkpoint.size}`);
        }
        continue;
      }
      if (answer.status === 409 || answer.status === 422) {
        throw new WitnessRefusal(`the witness has seen another history of the first ${this.size} entries`);
      }
      if (answer.status !== 200) throw new Error(`The witness answers ${answer.status}.`);
      const line = this.ownLine(signed, answer.text);
      this.size = checkpoint.size;
      return { line, size: checkpoint.size };
    }
  }

  private async send(signed: string, oldSize: number, proof: Buffer[]) {
    const lines = proof.map((hash) => `${hash.toString('base64')}\n`).join('');
    const response = await fetch(`${this.url.replace(/\/+$/, '')}/add-checkpoint`, {
      method: 'POST',
      body: `old ${oldSize}\n${lines}\n${signed}`,
      // The operator named one address.
      redirect: 'error',
      signal: AbortSignal.timeout(answerMs),
    });
    const text = await response.text();
    const isSize = response.headers.get('content-type')?.startsWith('text/x.tlog.size') && /^\d+\n?$/.test(text);
    return { status: response.status, text, size: isSize ? Number(text) : undefined };
  }

  /** The line of the witness among those it answered, verified. */
  private ownLine(signed: string, lines: string): string {
    const own = lines
      .split('\n')
      .map((line) => `${line}\n`)
      .find((line) => line.startsWith('— ') && isSignedBy(signed, line, this.key));
    if (!own) throw new Error('The witness answered without its signature.');
    return own;
  }
}
