import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whoever is refused to change an employer into something else learns that records name it: the error says which, to the ledger. */
export class NamedDependents1795421200000 implements MigrationInterface {
  name = 'NamedDependents1795421200000';

  async up(runner: QueryRunner): Promise<void> {
    await replace(
      runner,
      `DECLARE
        naming jsonb;
      BEGIN
        SELECT jsonb_object_agg(d.table_name, d.ids) INTO naming FROM (
          SELECT 'grievances' AS table_name, jsonb_agg(id ORDER BY id) AS ids FROM grievances
            WHERE employer_id = OLD.id AND deleted_at IS NULL
          UNION ALL
          SELECT 'salting_activities', jsonb_agg(id ORDER BY id) FROM salting_activities
            WHERE organization_id = OLD.id AND deleted_at IS NULL
        ) d WHERE d.ids IS NOT NULL;
        IF naming IS NOT NULL THEN
          RAISE EXCEPTION 'Other records name this organization as an employer; it stays one while they do.'
            USING ERRCODE = 'restrict_violation', DETAIL = naming::text;
        END IF;
        RETURN NEW;
      END`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await replace(
      runner,
      `BEGIN
        IF EXISTS (SELECT FROM grievances WHERE employer_id = OLD.id AND deleted_at IS NULL)
          OR EXISTS (SELECT FROM salting_activities WHERE organization_id = OLD.id AND deleted_at IS NULL) THEN
          RAISE EXCEPTION 'Other records name this organization as an employer; it stays one while they do.'
            USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
      END`,
    );
  }
}

async function replace(runner: QueryRunner, body: string): Promise<void> {
  const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
  await runner.query(`
    CREATE OR REPLACE FUNCTION must_stay_employer() RETURNS trigger LANGUAGE plpgsql
      SET search_path = ${schema}, pg_temp AS $$ ${body} $$;
  `);
}
