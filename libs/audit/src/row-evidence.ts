import type { EntityMetadata } from 'typeorm';
import { snake } from '#platform/database';
import { auditDecision } from './audited';

/** Finds the rows of a table that their last entry does not tell: (id integer, details jsonb), one each. */
export interface RowEvidence {
  table: string;
  sql: string;
  /** Names of columns, as a text[], that are left out of the comparison. */
  hidden: string;
}

/**
 * Rows that their last entry does not tell: the entry named by `audit_ref` is missing or about another record, its new values are not
 * the row's, or there is a later one. Instants are left out: their text depends on a session's zone. An entry that may be in the archive is
 * taken to be there: ArchivedEvidence looks.
 */
export function rowEvidence(entities: readonly EntityMetadata[]): RowEvidence[] {
  return entities.flatMap((metadata) => {
    const decision = auditDecision(metadata.target as object);
    if (!decision) return [];
    const hidden = metadata.columns.filter(
      ({ type, propertyName }) => type === 'timestamptz' || decision.secrets?.includes(propertyName),
    );
    const keys = `'{${hidden.map(({ databaseName }) => snake(databaseName)).join(',')}}'::text[]`;
    const table = metadata.tableName;
    return [
      {
        table,
        sql: `SELECT t.id, jsonb_build_object('auditRef', t.audit_ref) AS details FROM ${table} t
          LEFT JOIN audit_logs e ON e.id = t.audit_ref
          WHERE CASE WHEN e.id IS NULL
            THEN NOT EXISTS (SELECT FROM archives a WHERE a.state IN ('archived', 'destroyed') AND t.audit_ref BETWEEN a.lowest_id AND a.highest_id)
            ELSE e.table_name IS DISTINCT FROM '${table}' OR e.record_id IS DISTINCT FROM t.id OR NOT to_jsonb(t) @> (e.new_values - ${keys}) END
            OR EXISTS (SELECT FROM audit_logs l WHERE l.table_name = '${table}' AND l.record_id = t.id AND l.id > t.audit_ref
              AND l.action IN ('CREATE', 'UPDATE', 'DELETE', 'RESTORE'))`,
        hidden: keys,
      },
    ];
  });
}
