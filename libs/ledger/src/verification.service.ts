import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { Clock, DomainError } from '#kernel';
import { ArchivedEntries, ArchivedEvidence, rowEvidence, type ArchivedObject } from '#audit';
import { CONFIG, type Config } from '#platform/config';
import type { RequestContext } from '#platform/context';
import { Database } from '#platform/database';
import { boundsOf, type LogPart } from './database-source';
import type { Fault, Verdict } from './ledger.dto';
import { LedgerKey } from './ledger-key';
import { ledgerMetrics } from './ledger.metrics';
import { verifyInThreads } from './parallel-verification';
import { PublishedLog } from './published-log';
import { isOwn } from './seals';
import { doubled } from './verifier';

/** Records that a verdict names at most. */
const maxRows = 100;
/** One table's records are compared within this time, in ms. */
const rowsMs = 600_000;

interface RunOptions {
  onProgress?: (leaves: number, of: number) => void;
  withRows?: boolean;
  /** See {@link verifyInThreads}. */
  threads?: number;
  isGentle?: boolean;
}

/** Verifies the ledger of the database against its seals, its signed checkpoints, and what was published of them. */
@Injectable()
export class VerificationService {
  private isBusy = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly key: LedgerKey,
    private readonly log: PublishedLog,
    private readonly clock: Clock,
    private readonly database: Database,
    private readonly archive: ArchivedEntries,
    private readonly archivedEvidence: ArchivedEvidence,
  ) {}

  /** For a request: one at a time in this process; 409 meanwhile. It is put on record as a look at the ledger. */
  async verify(context: RequestContext, part: LogPart): Promise<Verdict> {
    context.takeTime();
    if (this.isBusy) throw new DomainError('ledger.busy', 'A verification is under way.');
    this.isBusy = true;
    try {
      const { verdict } = await this.run(part);
      context.disclose({ tableName: 'audit_logs', ids: [], list: true, filters: { ...part }, notes: 'verify' });
      return verdict;
    } finally {
      this.isBusy = false;
    }
  }

  /**
   * Verifies a part of the ledger, and with it the records against their last entries; in several threads where they are asked for
   * and it is long. `seq` is the number of the checkpoint with which it ends.
   */
  async run(
    part: LogPart,
    { onProgress, withRows = true, threads = 0, isGentle }: RunOptions = {},
  ): Promise<{ verdict: Verdict; seq: number }> {
    // Before the database is looked at: what was published until now must be in it.
    const published = part.to === undefined ? (await this.log.latest(this.clock.now()))?.signed : undefined;
    const { verdict: ofLog, end } = await verifyInThreads(this.config.databaseUrl, part, {
      ...{ open: this.key.open, keys: this.key.verifiers, threads, isGentle, published, onProgress },
      publishedTile: (tile) => this.log.tile(tile),
      archive: this.archive,
    });
    const isWhole = part.from === undefined && part.to === undefined;
    const rows = isWhole && withRows ? await this.rows() : [];
    const destroyed = (await this.archive.objects()).filter(({ state }) => state === 'destroyed');
    const rehearsals = destroyed.filter(({ isRehearsal }) => isRehearsal).map(({ objectKey }) => objectKey);
    const fault =
      ofLog.fault ??
      faultOfCertificates(destroyed) ??
      (await this.doubledBefore(part)) ??
      (withRows ? await this.faultOfSeals() : null);
    const verdict = { ...ofLog, valid: fault === null && rows.length === 0, fault, rows, rehearsals };
    ledgerMetrics.verified.set(verdict.entriesCompared);
    if (verdict.valid && end && leavesNoGap(part)) await this.remember(end.seq, end.checkpoint);
    if (!verdict.valid) ledgerMetrics.verifyFaults.inc();
    return { verdict, seq: end?.seq ?? 0 };
  }

  /** An entry of the part whose id an entry before the part has, too. */
  private async doubledBefore(part: LogPart): Promise<Fault | null> {
    const { begin } = await boundsOf((sql, values) => this.database.query(undefined, sql, values), part);
    if (!begin) return null;
    const [found] = await this.database.query<{ id: string }>(
      undefined,
      `SELECT l.id FROM audit_logs l WHERE (l.txid, l.id) > ($1::text::xid8, $2::bigint)
         AND EXISTS (SELECT FROM audit_logs o WHERE o.id = l.id AND (o.txid, o.changed_at) <> (l.txid, l.changed_at)) LIMIT 1`,
      [begin.lastTxid, begin.lastId],
      rowsMs,
    );
    return found ? doubled(found.id) : null;
  }

  /**
   * What somebody else wrote among the seals and nobody has cleared, and a seal of the log that
   * somebody disowned.
   */
  private async faultOfSeals(): Promise<Fault | null> {
    const disowned = await this.database.query<{
      seq: string;
      isCleared: boolean;
      isCopy: boolean;
      checkpoint: string;
    }>(
      undefined,
      `SELECT w.seq, w.cleared_at IS NOT NULL AS "isCleared", s.checkpoint,
         EXISTS (SELECT FROM audit_seals WHERE checkpoint = s.checkpoint AND ${isOwn}) AS "isCopy"
       FROM disowned_seals w JOIN audit_seals s ON s.seq = w.seq ORDER BY w.seq`,
    );
    for (const { seq, isCleared, isCopy, checkpoint } of disowned) {
      const isSigned = !isCopy && this.key.open(checkpoint) !== undefined;
      const detail = isSigned
        ? `Checkpoint ${seq} was signed by the log, and somebody disowned it.`
        : `The log did not make checkpoint ${seq} in the database.`;
      if (isSigned || !isCleared) return { kind: 'checkpoint', entryId: null, index: null, detail };
    }
    return null;
  }

  private async rows(): Promise<Verdict['rows']> {
    const rows: Verdict['rows'] = [];
    for (const evidence of rowEvidence(this.database.dataSource.entityMetadatas)) {
      const { table, sql } = evidence;
      const found = await this.database.query<{ id: number; auditRef: string | null }>(
        undefined,
        `SELECT id, details ->> 'auditRef' AS "auditRef" FROM (${sql}) e ORDER BY id LIMIT ${maxRows - rows.length}`,
        [],
        rowsMs,
      );
      rows.push(...found.map((row) => ({ table, ...row })));
      const archived = await this.archivedEvidence.rows(evidence, maxRows - rows.length);
      rows.push(...archived.filter(({ id }) => !found.some((row) => row.id === id)).map((row) => ({ table, ...row })));
    }
    return rows;
  }

  /** The part after the last verification that found nothing, which is remembered outside of the database; all where there was none. */
  async sinceVerified(): Promise<LogPart> {
    try {
      const { seq, checkpoint } = JSON.parse(await readFile(this.memory, 'utf8')) as {
        seq: number;
        checkpoint: string;
      };
      return this.key.open(checkpoint) ? { afterSeq: seq, afterCheckpoint: checkpoint } : {};
    } catch {
      return {};
    }
  }

  private async remember(seq: number, checkpoint: string): Promise<void> {
    await mkdir(this.config.dataFolder, { recursive: true });
    await writeFile(`${this.memory}.new`, JSON.stringify({ seq, checkpoint }), { mode: 0o600, flush: true });
    await rename(`${this.memory}.new`, this.memory);
  }

  private get memory(): string {
    return join(this.config.dataFolder, 'verified.json');
  }
}

function faultOfCertificates(destroyed: ArchivedObject[]): Fault | null {
  const detail = destroyed.find(({ contradiction }) => contradiction !== undefined)?.contradiction;
  return detail === undefined ? null : { kind: 'certificate', entryId: null, index: null, detail };
}

/** Whether everything before the part's end was verified: it is all of the log, or begins where the verification before it ended. */
function leavesNoGap({ from, to, afterSeq, afterCheckpoint }: LogPart): boolean {
  const beginsKnown = afterSeq === undefined || afterCheckpoint !== undefined;
  return from === undefined && to === undefined && beginsKnown;
}
