import { DomainError } from '#kernel';

/** Rows of the first batch, and of one at most. */
const firstRows = 10;
const mostRows = 1000;
/** A batch grows by this factor at most: a longer one is not told by a short one. */
const growth = 8;
/** How long a batch is to take, in ms: entries of others are not sealed while its transaction is open. */
const batchMs = 500;
/**
 * How long the transaction of all rows may take, in ms. The ledger is not ready where nothing is
 * sealed for longer, and the sealer ends what lasts longest.
 */
const longestMs = 12_000;
/** After this time, in ms, it is known how fast rows are created. */
const knownMs = 1_000;

/** How many rows of an import go in one batch, and whether all of them can be created in one transaction. */
export class ImportPace {
  /** Rows of the next batch. */
  rows = firstRows;
  private readonly begunAt = performance.now();
  private done = 0;
  private rowsPerMs = 0;

  /** `total` is how many rows one transaction is to take; undefined where each batch has its own. */
  constructor(
    private readonly total?: number,
    private readonly isUpsert = false,
  ) {}

  /** How long the next batch may take, in ms. */
  get leftMs(): number {
    return Math.max(1, Math.ceil(this.total === undefined ? longestMs : longestMs - this.elapsedMs));
  }

  private get elapsedMs(): number {
    return performance.now() - this.begunAt;
  }

  /** Told how long a batch took. Throws 413 where the rest would take too long, as fast as the fastest batch was. */
  took(rows: number, ms: number): void {
    this.done += rows;
    this.rowsPerMs = Math.max(this.rowsPerMs, rows / ms);
    const next = Math.min((rows * batchMs) / ms, this.rows * growth, mostRows);
    this.rows = Math.max(1, Math.floor(next));
    const { total, done, elapsedMs } = this;
    if (total === undefined || elapsedMs < knownMs) return;
    if (elapsedMs + (total - done) / this.rowsPerMs <= longestMs) return;
    const possible = Math.max(1, Math.floor((done * longestMs) / elapsedMs));
    throw new DomainError(
      'request.too-large',
      `The database cannot create ${total} rows at once in ${longestMs / 1000} s, so nothing was created. ` +
        `Send ${this.isUpsert ? '' : 'mode=report, or '}about ${possible} rows at a time.`,
    );
  }
}
