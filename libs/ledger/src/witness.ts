import type { KeyObject } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#kernel';
import { parseCheckpoint, type Checkpoint } from './checkpoint';
import { emptyRoot, hashBytes, provesConsistency } from './merkle';
import { bytesOf, NoteError, signatureLine, signatureType, signedBy, type VerifierKey } from './note';

const maxProofHashes = 63;

/** What a witness answers to a request, as HTTP. */
export interface WitnessAnswer {
  status: 200 | 400 | 403 | 404 | 409 | 422;
  mediaType: string;
  body: string;
}

interface Seen {
  size: number;
  root: string;
}

interface WitnessOptions {
  /** The name in its signatures, and the key it signs with: on a machine that the log's operators do not run. */
  name: string;
  privateKey: KeyObject;
  /** The log that it watches. */
  log: VerifierKey;
  /** Where it remembers the latest checkpoint it cosigned. */
  folder: string;
  clock: Clock;
}

/**
 * A witness of one log (C2SP tlog-witness): cosigns a checkpoint if it continues the latest one it cosigned, and remembers it before
 * it answers. So a log that was taken back, or that shows different histories to different people, finds no second signature.
 */
export class Witness {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: WitnessOptions) {}

  /** Answers one `add-checkpoint` request. Requests are served one after another, each on what the one before it left. */
  addCheckpoint(body: string): Promise<WitnessAnswer> {
    const answer = this.turn.then(() => this.judge(body));
    this.turn = answer.catch(() => undefined);
    return answer;
  }

  private async judge(body: string): Promise<WitnessAnswer> {
    const { log } = this.options;
    let request: { oldSize: number; proof: Buffer[]; checkpoint: Checkpoint };
    try {
      request = parseRequest(body);
    } catch (error) {
      if (error instanceof NoteError) return plain(400, error.message);
      throw error;
    }
    const { oldSize, proof, checkpoint } = request;
    if (checkpoint.origin !== log.name) return plain(404, 'The log is not known here.');
    if (!signedBy(checkpoint.note, log)) return plain(403, 'The checkpoint is not signed by the log.');
    if (oldSize > checkpoint.size) return plain(400, 'The old size is larger than the new one.');
    const seen = await this.seen();
    if (oldSize !== seen.size) return { status: 409, mediaType: 'text/x.tlog.size', body: `${seen.size}\n` };
    const oldRoot = Buffer.from(seen.root, 'base64');
    const isSame = oldSize === checkpoint.size;
    if (isSame && oldSize > 0 && !oldRoot.equals(checkpoint.root))
      return plain(409, 'Another tree of this size was cosigned.');
    const isContinued = provesConsistency({
      ...{ oldSize, newSize: checkpoint.size, oldRoot, newRoot: checkpoint.root },
      hashes: proof,
    });
    if (!isContinued) return plain(422, 'The proof does not show that the tree continues the one that was cosigned.');
    await this.remember({ size: checkpoint.size, root: checkpoint.root.toString('base64') });
    return { status: 200, mediaType: 'text/plain; charset=utf-8', body: this.cosign(checkpoint) };
  }

  private cosign({ note }: Checkpoint): string {
    const { name, privateKey, clock } = this.options;
    const time = Math.floor(clock.now().getTime() / 1000);
    return signatureLine(note.text, name, privateKey, { type: signatureType.cosignature, time });
  }

  private get file(): string {
    return join(this.options.folder, `${this.options.log.id}.json`);
  }

  private async seen(): Promise<Seen> {
    try {
      return JSON.parse(await readFile(this.file, 'utf8')) as Seen;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return { size: 0, root: emptyRoot.toString('base64') };
    }
  }

  /** Durable before it returns: a witness that forgets would sign a second history. */
  private async remember(seen: Seen): Promise<void> {
    const file = await open(`${this.file}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(seen));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.file}.new`, this.file);
    const folder = await open(this.options.folder, 'r');
    await folder.sync().finally(() => folder.close());
  }
}

function plain(status: WitnessAnswer['status'], message: string): WitnessAnswer {
  return { status, mediaType: 'text/plain; charset=utf-8', body: `${message}\n` };
}

function parseRequest(body: string): { oldSize: number; proof: Buffer[]; checkpoint: Checkpoint } {
  const end = body.indexOf('\n\n');
  const [first = '', ...hashes] = end < 0 ? [] : body.slice(0, end).split('\n');
  const [, size] = /^old (0|[1-9]\d{0,15})$/.exec(first) ?? [];
  const proof = hashes.map(bytesOf);
  const isProof = proof.length <= maxProofHashes && proof.every((hash) => hash?.length === hashBytes);
  if (size === undefined || !isProof)
    throw new NoteError('The request is old <size>, a proof, an empty line and a checkpoint.');
  return { oldSize: Number(size), proof: proof as Buffer[], checkpoint: parseCheckpoint(body.slice(end + 2)) };
}
