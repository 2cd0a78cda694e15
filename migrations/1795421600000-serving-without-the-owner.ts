import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The serving program does without the owner's password: the archiver makes the coming months, anybody sees what was migrated. */
export class ServingWithoutTheOwner1795421600000 implements MigrationInterface {
  name = 'ServingWithoutTheOwner1795421600000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      -- As before, but with the owner's rights, and for at most two years.
      CREATE OR REPLACE FUNCTION audit_make_partitions(months_ahead integer DEFAULT 4) RETURNS integer LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
      DECLARE
        month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
        made integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(4927002);
        FOR step IN 0 .. least(months_ahead, 24) LOOP
          IF to_regclass(to_char(month, '"audit_logs_"YYYY_MM')) IS NULL THEN
            PERFORM audit_make_month(month);
            made := made + 1;
          END IF;
          month := month + interval '1 month';
        END LOOP;
        RETURN made;
      END $$;
      REVOKE EXECUTE ON FUNCTION audit_make_partitions FROM PUBLIC;

      CREATE OR REPLACE FUNCTION grant_archiver(archiver name) RETURNS void LANGUAGE plpgsql
        SET search_path = ${schema}, pg_temp AS $$
      BEGIN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), archiver);
        EXECUTE format('GRANT EXECUTE ON FUNCTION audit_release_month, audit_drop_released, audit_make_partitions TO %I',
          archiver);
      END $$;

      -- The table itself is the owner's.
      CREATE OR REPLACE FUNCTION applied_migrations() RETURNS SETOF text LANGUAGE sql STABLE
        SECURITY DEFINER SET search_path = ${schema}, pg_temp AS $$
        SELECT name::text FROM migrations
      $$;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION applied_migrations;
      ALTER FUNCTION audit_make_partitions SECURITY INVOKER;
    `);
  }
}
