import type { EntityMetadata } from 'typeorm';
import { snake } from '#platform/database';
import { auditDecision } from './audited';

const changes = `'CREATE', 'UPDATE', 'DELETE', 'RESTORE'`;

/** Finds the rows of a table that their last entry does not tell: (id integer, details jsonb), one each. */
export interface RowEvidence {
  table: string;
  sql: string;
  /** Whether values `told` by entries, an expression of jsonb, differ from those of the row `t`. */
  differs: (told: string) => string;
}

/** Stands for a secret in entries that are older than the digests. */
const withoutDigest = `'"[redacted]"'`;

/**
 * Rows that their history does not tell: the entry named by `audit_ref` is missing or about another
 * record, there is a later one, or a column is not what the last entry that names it says. A column
 * that no entry names is not compared. Of secrets, the digests are. An entry that may be in the archive
 * is taken to be there: ArchivedEvidence looks.
 */
export function rowEvidence(entities: readonly EntityMetadata[]): RowEvidence[] {
  return entities.flatMap((metadata) => {
    const decision = auditDecision(metadata.target as object);
    if (!decision) return [];
    const secrets = metadata.columns.filter(({ propertyName }) => decision.secrets?.includes(propertyName));
    const instants = metadata.columns.filter((column) => column.type === 'timestamptz');
    const named = (columns: readonly { databaseName: string }[]) =>
      columns.map(({ databaseName }) => snake(databaseName));
    const arrayOf = (names: string[]) => `'{${names.join(',')}}'::text[]`;
    const table = metadata.tableName;
    const row = secrets.length > 0 ? `audit_mask(to_jsonb(t), ${arrayOf(named(secrets))})` : 'to_jsonb(t)';
    const differs = (told: string) =>
      `EXISTS (SELECT FROM jsonb_each(${told} - ${arrayOf(named(instants))}) AS f JOIN jsonb_each(${row}) AS c USING (key)
         WHERE c.value <> f.value AND f.value <> ${withoutDigest})`;
    // Compared as instants, because their text depends on the zone of a session.
    const differing = named(instants)
      .map((name) => `OR h.told ? '${name}' AND (h.told ->> '${name}')::timestamptz IS DISTINCT FROM t.${name}`)
      .join('\n            ');
    return [
      {
        table,
        sql: `SELECT t.id, jsonb_build_object('auditRef', t.audit_ref) AS details FROM ${table} t
          LEFT JOIN audit_logs e ON e.id = t.audit_ref
          CROSS JOIN LATERAL (SELECT jsonb_object_agg(f.key, f.value ORDER BY l.id) AS told
            FROM audit_logs l CROSS JOIN jsonb_each(l.new_values) AS f
            WHERE l.table_name = '${table}' AND l.record_id = t.id AND l.action IN (${changes})) h
          WHERE CASE WHEN e.id IS NULL
            THEN NOT EXISTS (SELECT FROM archives a WHERE a.state IN ('archived', 'destroyed') AND t.audit_ref BETWEEN a.lowest_id AND a.highest_id)
            ELSE e.table_name IS DISTINCT FROM '${table}' OR e.record_id IS DISTINCT FROM t.id END
            OR EXISTS (SELECT FROM audit_logs l WHERE l.table_name = '${table}' AND l.record_id = t.id AND l.id > t.audit_ref
              AND l.action IN (${changes}))
            OR ${differs('h.told')}
            ${differing}`,
        differs,
      },
    ];
  });
}
