import type { EntityMetadata } from 'typeorm';
import { auditDecision } from '#audit';
import { snake } from '#platform/database';
import type { Check } from './check';

/**
 * Rows that their last entry does not tell: the entry named by `audit_ref` is missing or about another record, its new values are not
 * the row's, or there is a later one. Evidence, so there is no repair. Instants are left out: their text depends on a session's zone.
 */
export function ledgerChecks(entities: readonly EntityMetadata[]): Check[] {
  return entities.flatMap((metadata) => {
    const decision = auditDecision(metadata.target as object);
    if (typeof decision !== 'object') return [];
    const hidden = metadata.columns.filter(
      ({ type, propertyName }) => type === 'timestamptz' || decision.secrets?.includes(propertyName),
    );
    const keys = `'{${hidden.map(({ databaseName }) => snake(databaseName)).join(',')}}'::text[]`;
    const table = metadata.tableName;
    return [
      {
        kind: 'ledger.row-differs',
        severity: 'critical' as const,
        table,
        sql: `SELECT t.id, jsonb_build_object('auditRef', t.audit_ref) AS details FROM ${table} t
          LEFT JOIN audit_logs e ON e.id = t.audit_ref
          WHERE e.id IS NULL OR e.table_name IS DISTINCT FROM '${table}' OR e.record_id IS DISTINCT FROM t.id
            OR NOT to_jsonb(t) @> (e.new_values - ${keys})
            OR EXISTS (SELECT FROM audit_logs l WHERE l.table_name = '${table}' AND l.record_id = t.id AND l.id > t.audit_ref
              AND l.action IN ('CREATE', 'UPDATE', 'DELETE', 'RESTORE'))`,
      },
    ];
  });
}
