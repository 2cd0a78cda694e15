import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Clock } from '#kernel';
import { CONFIG, type Config } from '#platform/config';
import { checkIn, checkOut } from '#platform/database';
import { Pool } from '#platform/sessions';
import { LedgerFault } from './ledger-fault.error';
import { LedgerKey } from './ledger-key';
import { ledgerMetrics } from './ledger.metrics';
import { parseVerifierKey } from './note';
import { OwnSeals } from './own-seals';
import { PublishedLog } from './published-log';
import { maxSealEntries, sealNext } from './sealing';
import { latestSeal, queryOn, sealAt, sealsAfter, tilesFrom, type Query, type Seal } from './seals';
import { TiledTree } from './tiles';
import { endLongTransactions } from './watchdog';
import { WitnessClient, WitnessRefusal } from './witness-client';

/** Time between two looks at what is to be sealed, in ms. An entry waits this long and the time of sealing: below 2 s (P5). */
const intervalMs = 1_000;
/** A process leaves the sealing to another whose latest seal is younger than this, in ms. */
const othersTurnMs = 2_500;
/** Who waits for the sealing gives up where nothing was sealed for this long, in ms. */
const catchUpMs = 10_000;
/** After a fault the ledger is looked at again this often, in ms. */
const faultMs = 5_000;
const connectMs = 2_000;
/** Checkpoints that are read at a time to be published. */
const publishBatch = 50;

/** What may fail for a while, each for itself. */
type Part = 'sealing' | 'publishing' | 'witness';

/**
 * Seals the ledger while the process runs. Every process tries; a lock that lives as long as a transaction lets one at a time,
 * also through a transaction pooler. Before a process continues a log that it did not write itself, it compares the database with
 * what is kept outside of it: the published checkpoints and the witness.
 */
@Injectable()
export class SealerService implements BeforeApplicationShutdown {
  private readonly logger = new Logger('ledger');
  private readonly pool: Pool;
  private readonly query: Query;
  private readonly witness?: WitnessClient;
  private readonly stopping = new AbortController();
  private running?: Promise<void>;
  private publishing: Promise<void> | undefined;
  /** The seal that this process made or compared last: it may be continued. */
  private trusted?: Seal;
  private largest = 0;
  private published?: { seq: number; size: number };
  private readonly troubles = new Map<Part, string>();
  /** Why nothing is sealed, where the ledger is at fault. */
  fault?: string;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly key: LedgerKey,
    private readonly log: PublishedLog,
    private readonly clock: Clock,
    private readonly ownSeals: OwnSeals,
  ) {
    this.pool = new Pool({
      connectionString: config.databaseUrl,
      max: 2,
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
    });
    this.query = queryOn(this.pool);
    this.pool.on('error', (error) => this.logger.warn({ cause: error.message }, 'Sealing connection lost'));
    if (config.WITNESS_URL)
      this.witness = new WitnessClient(config.WITNESS_URL, parseVerifierKey(config.WITNESS_KEY ?? ''));
  }

  /** Why the last attempt to seal failed, in the words of what failed. */
  get trouble(): string | undefined {
    return this.troubles.get('sealing');
  }

  /** Whether this process made the latest seal, as far as it knows. */
  get isSealing(): boolean {
    return this.trusted?.seq === this.largest;
  }

  /** Begins to seal, until the application shuts down. */
  start(): void {
    this.running ??= this.run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.publishing;
    await this.pool.end();
  }

  /**
   * Seals once, if it is this process's turn and there is anything to seal: at most `maxSealEntries`. Returns how many entries it
   * sealed. Throws LedgerFault where the database is not what was signed.
   */
  async sealOnce(): Promise<number> {
    const last = await this.latestOwn();
    if ((last?.seq ?? 0) < this.largest) {
      throw new LedgerFault(
        `ROLLBACK: the database holds checkpoint ${last?.seq ?? 0}, this process has seen ${this.largest}`,
      );
    }
    this.largest = last?.seq ?? 0;
    this.measure(last);
    const isMine = last?.seq === this.trusted?.seq && this.published !== undefined;
    if (!isMine) {
      if (last && !this.fault && last.ageMs < othersTurnMs) return 0;
      await this.compare(last);
    }
    await this.endLongTransactions(last);
    const made = await this.withClient((client) => sealNext(client, this.key, last));
    if (!made) return 0;
    this.trusted = made;
    this.largest = made.seq;
    this.measure(made);
    ledgerMetrics.sealed.inc(made.entryCount);
    if (made.lagMs !== undefined) ledgerMetrics.lag.observe(made.lagMs / 1000);
    this.publish();
    return made.entryCount;
  }

  private async endLongTransactions(last: Seal | undefined): Promise<void> {
    if (!last) return;
    const ended = await endLongTransactions(this.query, last, this.config.rolesAreSeparate);
    if (ended === 0) return;
    ledgerMetrics.ended.inc(ended);
    this.logger.warn({ ended }, 'Transactions that kept entries from being sealed were ended');
  }

  /**
   * Waits until what is committed now is sealed: by this process, or whoever's turn it is. Gives up where nothing is sealed for a
   * while, which then shows in what is not.
   */
  async catchUp(): Promise<void> {
    let [size, givenUpAt] = [-1, 0];
    for (;;) {
      if (!this.running) await this.sealOnce();
      const last = await latestSeal(this.query);
      const [rest] = await this.query<{ isSealed: boolean }>(
        `SELECT NOT EXISTS (SELECT FROM audit_logs WHERE (txid, id) > ($1::xid8, $2::bigint)
           AND txid < pg_snapshot_xmin(pg_current_snapshot())) AS "isSealed"`,
        [last?.lastTxid ?? '0', last?.lastId ?? '0'],
      );
      if (rest?.isSealed) return;
      if (last && last.size > size) [size, givenUpAt] = [last.size, performance.now() + catchUpMs];
      else if (performance.now() > givenUpAt) return;
      await sleep(this.running ? intervalMs / 5 : 0);
    }
  }

  /**
   * The log's latest seal. Rows after it that somebody else wrote are disowned first, so they do
   * not stop the log.
   */
  private async latestOwn(): Promise<Seal | undefined> {
    const last = await latestSeal(this.query);
    if (!last || last.seq === this.trusted?.seq) return last;
    const { own, foreign } = await this.ownSeals.head(this.query);
    if (foreign.length > 0 && (own?.seq ?? 0) >= this.largest) await this.ownSeals.disown(this.query);
    return own;
  }

  private measure(latest: Seal | undefined): void {
    ledgerMetrics.size.set(latest?.size ?? 0);
    if (latest) ledgerMetrics.checkpointAt.set(latest.sealedAt.getTime() / 1000);
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      let pauseMs = intervalMs;
      try {
        const sealed = await this.sealOnce();
        if (sealed === maxSealEntries) pauseMs = 0;
        this.recovered('sealing');
      } catch (error) {
        pauseMs = error instanceof LedgerFault ? faultMs : intervalMs;
        this.failed('sealing', error);
      }
      await sleep(pauseMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  /** Compares the database's log with what is known of it outside. Throws LedgerFault where they contradict one another. */
  private async compare(last: Seal | undefined): Promise<void> {
    const outside = await this.log.latest(this.clock.now());
    if (last) await this.checkTransactions(last);
    if (outside) await this.checkOutside(outside, last);
    this.published = outside
      ? { seq: outside.seq, size: this.key.open(outside.signed)?.size ?? 0 }
      : { seq: 0, size: 0 };
    await this.askWitness(last);
    this.trusted = last;
    if (this.fault) this.logger.log({}, 'The ledger is what was signed again');
    this.fault = undefined;
    ledgerMetrics.fault.set(0);
  }

  private async checkTransactions(last: Seal): Promise<void> {
    const [counter] = await this.query<{ isBehind: boolean }>(
      'SELECT pg_snapshot_xmax(pg_current_snapshot()) <= $1::xid8 AS "isBehind"',
      [last.lastTxid],
    );
    if (counter?.isBehind) {
      throw new LedgerFault(
        "ROLLBACK: the server's transaction numbers lie before those that are sealed (docs/ledger.md tells what to do)",
      );
    }
  }

  private async checkOutside(outside: { seq: number; signed: string }, last: Seal | undefined): Promise<void> {
    const checkpoint = this.key.open(outside.signed);
    if (!checkpoint)
      throw new LedgerFault(`checkpoint ${outside.seq} in the object store is not signed with the ledger's key`);
    if (outside.seq > (last?.seq ?? 0)) {
      throw new LedgerFault(
        `ROLLBACK: checkpoint ${outside.seq} of ${checkpoint.size} entries was published, the database ends at ${last?.seq ?? 0}`,
      );
    }
    const same = await sealAt(this.query, outside.seq);
    const root = await new TiledTree(last?.size ?? 0, tilesFrom(this.query)).root(checkpoint.size);
    if (same?.checkpoint !== outside.signed || !root.equals(checkpoint.root)) {
      throw new LedgerFault(`TWO HISTORIES: checkpoint ${outside.seq} was published with another content`);
    }
  }

  /** Publishes what is not published yet, behind the sealing; what fails is tried again after the next seal. */
  private publish(): void {
    this.publishing ??= this.publishAll()
      .then(() => this.recovered('publishing'))
      .catch((error: unknown) => this.failed('publishing', error))
      .finally(() => (this.publishing = undefined));
  }

  private async publishAll(): Promise<void> {
    for (;;) {
      const { published, trusted } = this;
      if (!published || !trusted || published.seq >= trusted.seq) break;
      ledgerMetrics.unpublished.set(trusted.seq - published.seq);
      for (const seal of await sealsAfter(this.query, published.seq, publishBatch)) {
        await this.log.putTiles(published.size, seal.size, tilesFrom(this.query));
        await this.log.putCheckpoint({ seq: seal.seq, sealedAt: seal.sealedAt, signed: seal.checkpoint });
        Object.assign(published, { seq: seal.seq, size: seal.size });
      }
    }
    ledgerMetrics.unpublished.set(0);
    await this.askWitness(this.trusted);
  }

  /** A witness that can not be asked does not stop the sealing; one that has seen something else does. */
  private async askWitness(seal: Seal | undefined): Promise<void> {
    if (!this.witness || !seal) return;
    try {
      const tree = new TiledTree(seal.size, tilesFrom(this.query));
      const { line, size } = await this.witness.cosign(seal.checkpoint, (oldSize) =>
        oldSize <= seal.size ? tree.consistencyProof(oldSize) : Promise.resolve([]),
      );
      await this.query('SELECT audit_cosign($1, $2, $3)', [seal.seq, this.witness.key.name, line]);
      ledgerMetrics.witnessed.set(size);
      this.recovered('witness');
    } catch (error) {
      if (error instanceof WitnessRefusal) throw new LedgerFault(`ROLLBACK: ${error.message}`);
      this.failed('witness', error);
    }
  }

  /** Says what fails once, until it is over. */
  private failed(part: Part, thrown: unknown): void {
    const cause = (thrown as Error).message;
    if (thrown instanceof LedgerFault) {
      if (this.fault !== cause)
        this.logger.error({ fault: cause }, 'The ledger is not what was signed; nothing is sealed');
      this.fault = cause;
      this.trusted = undefined;
      this.published = undefined;
      ledgerMetrics.fault.set(1);
    } else if (!this.stopping.signal.aborted) {
      const isNew = !this.troubles.has(part);
      this.troubles.set(part, cause);
      if (isNew) this.logger.warn({ part, cause }, 'The ledger has trouble');
    }
  }

  private recovered(part: Part): void {
    if (this.troubles.delete(part)) this.logger.log({ part }, 'The ledger’s trouble is over');
  }

  private async withClient<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await checkOut(this.pool);
    try {
      const result = await work(client);
      checkIn(client);
      return result;
    } catch (error) {
      checkIn(client, error);
      throw error;
    }
  }
}
