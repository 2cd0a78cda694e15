import { Inject, Injectable } from '@nestjs/common';
import { holds } from '#access';
import { ArchivedEntries, TrailService } from '#audit';
import { DomainError, invalid, unavailable } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { entryFields, lineOf } from './canonical-entry';
import { isSignedBy, parseVerifierKey, type VerifierKey } from './note';
import { formatProof } from './proof';
import { sealedWithinSeconds } from './sealing';
import { latestSeal, tilesFrom, type Query, type Seal } from './seals';
import { TiledTree } from './tiles';

/** What anybody needs to check the ledger without trusting it: checkpoints and proofs. */
@Injectable()
export class LedgerService {
  private readonly witness?: VerifierKey;

  constructor(
    private readonly database: Database,
    private readonly trail: TrailService,
    private readonly archive: ArchivedEntries,
    @Inject(CONFIG) { WITNESS_KEY }: Config,
  ) {
    if (WITNESS_KEY) this.witness = parseVerifierKey(WITNESS_KEY);
  }

  /** The latest checkpoint (C2SP tlog-checkpoint), with the cosignatures of witnesses. */
  async checkpoint(context: RequestContext): Promise<string> {
    const query = this.queryFor(context);
    return this.cosigned(query, await this.latest(query));
  }

  /** The proof that an entry is in the tree of the latest checkpoint (C2SP tlog-proof). 409 while it is not sealed. */
  async proof(context: RequestContext, id: number): Promise<string> {
    const { sealed: index } = await this.trail.get(context, id);
    context.consider({ tableName: 'audit_logs', ids: [id] });
    if (index === null) {
      throw new DomainError('ledger.not-sealed', `The entry will be sealed within ${sealedWithinSeconds} seconds.`, {
        retryAfterSeconds: sealedWithinSeconds,
      });
    }
    const query = this.queryFor(context);
    const seal = await this.latest(query);
    return formatProof({
      index,
      hashes: await new TiledTree(seal.size, tilesFrom(query)).inclusionProof(index),
      checkpoint: await this.cosigned(query, seal),
      entry: await this.bytesFor(context, query, id),
    });
  }

  /** The proof that the tree of `from` entries is the beginning of the one of `to` (RFC 6962 §2.1.2), in base64. */
  async consistency(context: RequestContext, { from, to }: { from: number; to?: number }) {
    const query = this.queryFor(context);
    const { size } = await this.latest(query);
    const newSize = to ?? size;
    if (newSize > size) throw invalid('/to', `must not be larger than the tree, which has ${size} entries`);
    if (from > newSize) throw invalid('/from', 'must not be larger than `to`');
    const hashes = await new TiledTree(size, tilesFrom(query)).consistencyProof(from, newSize);
    return { from, to: newSize, hashes: hashes.map((hash) => hash.toString('base64')) };
  }

  private async latest(query: Query): Promise<Seal> {
    const seal = await latestSeal(query);
    if (!seal) throw unavailable('service.unavailable', 'The ledger has no checkpoint yet.');
    return seal;
  }

  private async cosigned(query: Query, { seq, checkpoint }: Seal): Promise<string> {
    const lines = await query<{ line: string }>('SELECT line FROM audit_cosignatures WHERE seq = $1 ORDER BY witness', [
      seq,
    ]);
    // Others than the witness may have written lines, too.
    const { witness } = this;
    return (
      checkpoint +
      lines
        .filter(({ line }) => witness && isSignedBy(checkpoint, line, witness))
        .map(({ line }) => line)
        .join('')
    );
  }

  /** The bytes that are hashed, for those who may see every value of every entry: then the proof can be checked by itself. */
  private async bytesFor({ actor }: RequestContext, query: Query, id: number): Promise<Buffer | undefined> {
    if (!actor || !holds(actor, 'audit:export')) return undefined;
    const [entry] = await query<{ fields: (string | null)[] }>(
      `SELECT ${entryFields} AS fields FROM audit_logs WHERE id = $1`,
      [id],
    );
    if (entry) return lineOf(entry.fields);
    const objects = await this.archive.objects();
    const holding = objects.filter((object) => object.lowestId <= id && id <= object.highestId);
    for (const object of holding.filter(({ state }) => state === 'readable')) {
      const line = await this.archive.line(object, id);
      if (line) return line;
    }
    return undefined;
  }

  private queryFor(context: RequestContext): Query {
    return <Row>(sql: string, values?: unknown[]) => this.database.query<Row>(context, sql, values);
  }
}
