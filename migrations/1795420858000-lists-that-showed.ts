import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * By which the lists are found that showed a record. The index before this one knew a record by its id alone, and ids of different tables are
 * the same numbers: for a member's access log it found hundreds of lists of organizations and employments.
 *
 * What is a member's, and a page of the entries about it, are functions because PL/pgSQL keeps one plan for every member: a statement's own plan
 * would now and then be made anew for each, which takes longer than reading, and the longer the more months there are.
 */
export class ListsThatShowed1795420858000 implements MigrationInterface {
  name = 'ListsThatShowed1795420858000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      -- Each record a list showed, as one number with its table. Two records may share one: who searches by it compares the record, too.
      CREATE FUNCTION audit_shown_keys(table_name text, record_ids bigint[]) RETURNS bigint[]
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
      AS $$ SELECT array_agg((hashtext(table_name)::bigint << 32) # id) FROM unnest(record_ids) AS id $$;

      -- Sorted in at once: what waits to be sorted in would be read by each search, which costs more than sorting one by one.
      CREATE INDEX audit_logs_shown_idx ON audit_logs USING gin (audit_shown_keys(table_name, record_ids))
        WITH (fastupdate = off) WHERE record_ids IS NOT NULL;
      DROP INDEX audit_logs_record_ids_idx;
    `);
    await runner.query(`
      -- The records of a member, with the time from and to which each was theirs. One that was moved to another member is theirs until then; one that was
      -- deleted for good is known by its entries. Files about SALTing are not for the member to see, so they are not for the member to know of.
      CREATE FUNCTION member_records(member integer)
        RETURNS TABLE (table_name text, record_id bigint, since timestamptz, until timestamptz)
        LANGUAGE plpgsql STABLE ROWS 40 SET plan_cache_mode = force_generic_plan SET max_parallel_workers_per_gather = 0
        SET search_path = ${schema}, pg_temp
      AS $$
      #variable_conflict use_column
      BEGIN
        RETURN QUERY
        WITH moves AS (
          SELECT l.table_name, l.record_id, l.changed_at, true AS arrives FROM audit_logs l
          WHERE l.new_values ? 'member_id' AND l.new_values ->> 'member_id' = member::text
            AND l.table_name IN ('member_employments', 'students', 'benevolence_applications', 'grievances')
          UNION ALL
          SELECT l.table_name, l.record_id, l.changed_at, false FROM audit_logs l
          WHERE l.old_values ? 'member_id' AND l.old_values ->> 'member_id' = member::text AND l.action = 'UPDATE'
            AND l.table_name IN ('member_employments', 'students', 'benevolence_applications', 'grievances')
        ), times AS (
          SELECT m.table_name, m.record_id, m.arrives, row_number() OVER record = 1 AS is_first,
            CASE WHEN m.arrives THEN m.changed_at ELSE '-infinity' END AS since,
            CASE WHEN m.arrives THEN lead(m.changed_at) OVER record ELSE m.changed_at END AS until
          FROM moves m WINDOW record AS (PARTITION BY m.table_name, m.record_id ORDER BY m.changed_at)
        ), held AS (
          SELECT t.table_name::text, t.record_id, t.since, coalesce(t.until, 'infinity') AS until FROM times t
          WHERE t.arrives OR t.is_first
          UNION ALL
          SELECT k.table_name, k.record_id, '-infinity', 'infinity' FROM (
            SELECT 'member_employments' AS table_name, id::bigint AS record_id FROM member_employments WHERE member_id = member
            UNION ALL SELECT 'students', id FROM students WHERE member_id = member
            UNION ALL SELECT 'benevolence_applications', id FROM benevolence_applications WHERE member_id = member
            UNION ALL SELECT 'grievances', id FROM grievances WHERE member_id = member
            UNION SELECT l.table_name, l.record_id FROM audit_logs l
            WHERE l.old_values ? 'member_id' AND l.old_values ->> 'member_id' = member::text AND l.action = 'DELETE'
              AND l.table_name IN ('member_employments', 'students', 'benevolence_applications', 'grievances')
          ) k WHERE NOT EXISTS (SELECT FROM moves m WHERE m.table_name = k.table_name AND m.record_id = k.record_id)
        )
        SELECT 'members', member::bigint, '-infinity'::timestamptz, 'infinity'::timestamptz
        UNION ALL SELECT * FROM held
        UNION ALL SELECT 'grievance_step_records', s.id, h.since, h.until
          FROM held h JOIN grievance_step_records s ON h.table_name = 'grievances' AND s.grievance_id = h.record_id
        UNION ALL SELECT 'file_attachments', f.id, '-infinity', 'infinity' FROM file_attachments f
          WHERE f.record_type = 'member' AND f.record_id = member AND f.file_category <> 'salting'
        UNION ALL SELECT 'file_attachments', f.id, h.since, h.until
          FROM held h JOIN file_attachments f ON f.record_id = h.record_id
            AND (f.record_type, h.table_name) IN (('student', 'students'), ('grievance', 'grievances'),
              ('benevolence_application', 'benevolence_applications'));
      END $$;

      -- The newest entries about records that belonged to one, each from and to a time, lists that showed them included: at most so
      -- many, from and before an instant, and before another entry. NULL leaves a bound out.
      CREATE FUNCTION audit_entries_about(tables text[], ids bigint[], sinces timestamptz[], untils timestamptz[],
          first_at timestamptz, end_at timestamptz, before_at timestamptz, before_id bigint, most integer)
        RETURNS SETOF audit_logs
        LANGUAGE plpgsql STABLE ROWS 20 SET plan_cache_mode = force_generic_plan SET max_parallel_workers_per_gather = 0
        SET search_path = ${schema}, pg_temp
      AS $$
      BEGIN
        RETURN QUERY
        -- Found by what they showed alone, before time and order are looked at: by time every entry of every list would be found.
        WITH listed AS MATERIALIZED (
          SELECT l.* FROM audit_logs l
          WHERE l.record_ids IS NOT NULL AND audit_shown_keys(l.table_name, l.record_ids) && (
              SELECT array_agg(k.key) FROM (
                SELECT o.table_name, array_agg(o.id) AS ids FROM unnest(tables, ids) AS o (table_name, id) GROUP BY o.table_name
              ) o CROSS JOIN unnest(audit_shown_keys(o.table_name, o.ids)) AS k (key))
            AND EXISTS (
              SELECT FROM unnest(tables, ids, sinces, untils) AS o (table_name, id, since, until)
              WHERE o.table_name = l.table_name AND o.id = ANY (l.record_ids) AND l.changed_at BETWEEN o.since AND o.until)
        )
        SELECT e.* FROM (
          SELECT e.* FROM unnest(tables, ids, sinces, untils) AS o (table_name, id, since, until) CROSS JOIN LATERAL (
            SELECT l.* FROM audit_logs l
            WHERE l.table_name = o.table_name AND l.record_id = o.id AND l.changed_at BETWEEN o.since AND o.until
              AND l.changed_at >= coalesce(first_at, '-infinity') AND l.changed_at < coalesce(end_at, 'infinity')
              AND (l.changed_at, l.id) < (coalesce(before_at, 'infinity'), coalesce(before_id, 0))
            ORDER BY l.changed_at DESC, l.id DESC LIMIT most) e
          UNION ALL
          SELECT l.* FROM listed l
          WHERE l.changed_at >= coalesce(first_at, '-infinity') AND l.changed_at < coalesce(end_at, 'infinity')
            AND (l.changed_at, l.id) < (coalesce(before_at, 'infinity'), coalesce(before_id, 0))
        ) e ORDER BY e.changed_at DESC, e.id DESC LIMIT most;
      END $$;
    `);
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
