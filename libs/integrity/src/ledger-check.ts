import type { EntityMetadata } from 'typeorm';
import { rowEvidence } from '#audit';
import type { Check } from './check';

/** Rows that their last entry does not tell: somebody went around the database's triggers. Evidence, so there is no repair. */
export function ledgerChecks(entities: readonly EntityMetadata[]): Check[] {
  return rowEvidence(entities).map((evidence) => ({ kind: 'ledger.row-differs', severity: 'critical', ...evidence }));
}
