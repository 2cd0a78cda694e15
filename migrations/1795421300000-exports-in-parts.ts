import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An export is on record in parts, each an entry of its own. Where several of them showed records of
 * one member, the member's access log tells of the first alone.
 */
export class ExportsInParts1795421300000 implements MigrationInterface {
  name = 'ExportsInParts1795421300000';

  async up(runner: QueryRunner): Promise<void> {
    await entriesAbout(
      runner,
      `, told AS (
          SELECT l.* FROM listed l WHERE l.notes IS NULL OR l.notes !~ '${part}'
          UNION ALL
          (SELECT DISTINCT ON (substring(l.notes FROM '${part}')) l.* FROM listed l
           WHERE l.notes ~ '${part}' AND l.changed_at >= coalesce(first_at, '-infinity')
           ORDER BY substring(l.notes FROM '${part}'), l.changed_at, l.id)
        )`,
      'told',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await entriesAbout(runner, '', 'listed');
  }
}

/** The name that the parts of one disclosure have in common. */
const part = String.raw`part \d+ of ([0-9a-f]{16})`;

/** Makes audit_entries_about as it was, with a further table, and `lists` in place of the lists. */
async function entriesAbout(runner: QueryRunner, further: string, lists: string): Promise<void> {
  const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
  await runner.query(`
      CREATE OR REPLACE FUNCTION audit_entries_about(tables text[], ids bigint[], sinces timestamptz[], untils timestamptz[],
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
        )${further}
        SELECT e.* FROM (
          SELECT e.* FROM unnest(tables, ids, sinces, untils) AS o (table_name, id, since, until) CROSS JOIN LATERAL (
            SELECT l.* FROM audit_logs l
            WHERE l.table_name = o.table_name AND l.record_id = o.id AND l.changed_at BETWEEN o.since AND o.until
              AND l.changed_at >= coalesce(first_at, '-infinity') AND l.changed_at < coalesce(end_at, 'infinity')
              AND (l.changed_at, l.id) < (coalesce(before_at, 'infinity'), coalesce(before_id, 0))
            ORDER BY l.changed_at DESC, l.id DESC LIMIT most) e
          UNION ALL
          SELECT l.* FROM ${lists} l
          WHERE l.changed_at >= coalesce(first_at, '-infinity') AND l.changed_at < coalesce(end_at, 'infinity')
            AND (l.changed_at, l.id) < (coalesce(before_at, 'infinity'), coalesce(before_id, 0))
        ) e ORDER BY e.changed_at DESC, e.id DESC LIMIT most;
      END $$;
  `);
}
