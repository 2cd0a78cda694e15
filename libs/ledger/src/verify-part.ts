import type { ArchivedEntries } from '#audit';
import { DatabaseSource, type LogPart } from './database-source';
import { IdSet } from './id-set';
import type { LogVerdict } from './ledger.dto';
import { verifyLedger, type VerifyOptions } from './verifier';

export interface PartOptions extends VerifyOptions {
  /** Where entries are that have left the database. */
  archive?: ArchivedEntries;
}

/** What was found of a part of the database's log, and the seal with which it ends. */
export interface PartVerdict {
  verdict: LogVerdict;
  /** The ids of its entries (IdSet). */
  ids: ReadonlyMap<number, Uint32Array>;
  end?: { seq: number; checkpoint: string };
}

/** Verifies a part of the database's log, one entry after the other, on connections of its own. */
export async function verifyPart(databaseUrl: string, part: LogPart, options: PartOptions): Promise<PartVerdict> {
  const source = await DatabaseSource.open(databaseUrl, part, options.archive);
  try {
    const ids = new IdSet();
    const verdict = await verifyLedger(source, { ...options, ids });
    return { verdict, ids: ids.blocks, end: source.end && { seq: source.end.seq, checkpoint: source.end.checkpoint } };
  } finally {
    await source.close();
  }
}
