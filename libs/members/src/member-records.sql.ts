/** What is a member's and may be read by the member, by its table, in the words of the member's access log. */
export const memberRecords: Readonly<Record<string, string>> = {
  members: 'the record',
  member_employments: 'an employment of yours',
  students: 'your student record',
  benevolence_applications: 'a benevolence application of yours',
  grievances: 'a grievance of yours',
  grievance_step_records: 'a step of a grievance of yours',
  file_attachments: 'a file of yours',
};

// eslint-disable-next-line no-restricted-syntax -- a kind of owner of files, no role of an account
const ownerOfFiles = 'member';

const withMember = ['member_employments', 'students', 'benevolence_applications', 'grievances'];
const live = withMember.map(
  (table) => `SELECT '${table}' AS table_name, id AS record_id FROM ${table} WHERE member_id = `,
);
const tables = withMember.map((table) => `'${table}'`).join(', ');

/**
 * The records of a member, with the time from and to which each was theirs: rows `(table_name, record_id, since, until)`. One that was
 * moved to another member is theirs until then; one that was deleted for good is known by its entries. Files about SALTing
 * are not for the member to see, so they are not for the member to know of.
 */
export function memberRecordsSql(member: string): string {
  return `
    moves AS (
      SELECT table_name, record_id, changed_at, true AS arrives FROM audit_logs
      WHERE new_values ? 'member_id' AND new_values ->> 'member_id' = ${member}::text AND table_name IN (${tables})
      UNION ALL
      SELECT table_name, record_id, changed_at, false FROM audit_logs
      WHERE old_values ? 'member_id' AND old_values ->> 'member_id' = ${member}::text AND table_name IN (${tables})
        AND action = 'UPDATE'
    ), times AS (
      SELECT table_name, record_id, arrives, row_number() OVER record = 1 AS is_first,
        CASE WHEN arrives THEN changed_at ELSE '-infinity' END AS since,
        CASE WHEN arrives THEN lead(changed_at) OVER record ELSE changed_at END AS until
      FROM moves WINDOW record AS (PARTITION BY table_name, record_id ORDER BY changed_at)
    ), held AS (
      SELECT table_name::text, record_id, since, coalesce(until, 'infinity') AS until FROM times WHERE arrives OR is_first
      UNION ALL
      SELECT k.table_name, k.record_id, '-infinity', 'infinity' FROM (
        ${live.map((sql) => sql + member).join(' UNION ALL ')}
        UNION SELECT table_name, record_id FROM audit_logs
        WHERE old_values ? 'member_id' AND old_values ->> 'member_id' = ${member}::text AND table_name IN (${tables})
          AND action = 'DELETE'
      ) k WHERE NOT EXISTS (SELECT FROM moves m WHERE m.table_name = k.table_name AND m.record_id = k.record_id)
    ), own AS MATERIALIZED (
      SELECT 'members' AS table_name, ${member}::bigint AS record_id, '-infinity'::timestamptz AS since,
        'infinity'::timestamptz AS until
      UNION ALL SELECT * FROM held
      UNION ALL SELECT 'grievance_step_records', s.id, h.since, h.until
        FROM held h JOIN grievance_step_records s ON h.table_name = 'grievances' AND s.grievance_id = h.record_id
      UNION ALL SELECT 'file_attachments', f.id, '-infinity', 'infinity' FROM file_attachments f
        WHERE f.record_type = '${ownerOfFiles}' AND f.record_id = ${member} AND f.file_category <> 'salting'
      UNION ALL SELECT 'file_attachments', f.id, h.since, h.until
        FROM held h JOIN file_attachments f ON f.record_id = h.record_id
          AND (f.record_type, h.table_name) IN (('student', 'students'), ('grievance', 'grievances'),
            ('benevolence_application', 'benevolence_applications'))
    )`;
}
