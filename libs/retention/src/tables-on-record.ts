import { auditDecision } from '#audit';
import { invalid } from '#kernel';
import type { Database } from '#platform/database';

/** 422 unless there can be entries about a table of this name: those of audited entities, and the ledger itself. */
export function mustBeOnRecord({ dataSource }: Database, tableName: string): void {
  const audited = dataSource.entityMetadatas.filter(({ target }) => auditDecision(target as object) !== undefined);
  const isKnown = tableName === 'audit_logs' || audited.some((metadata) => metadata.tableName === tableName);
  if (!isKnown) throw invalid('/tableName', 'names no table that is on record');
}
