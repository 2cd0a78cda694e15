import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The serving program has no owner's password: it disowns rows among the seals as the archiver, by
 * a function of the owner.
 */
export class Disowning1795421101000 implements MigrationInterface {
  name = 'Disowning1795421101000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      CREATE OR REPLACE FUNCTION audit_disown(rows bigint[]) RETURNS void LANGUAGE sql SECURITY DEFINER
        SET search_path = ${schema}, pg_temp
      AS $$ INSERT INTO disowned_seals (seq) SELECT r FROM unnest(rows) AS r ON CONFLICT DO NOTHING $$;

      CREATE OR REPLACE FUNCTION audit_clear_disowned() RETURNS SETOF bigint LANGUAGE sql SECURITY DEFINER
        SET search_path = ${schema}, pg_temp
      AS $$ UPDATE disowned_seals SET cleared_at = clock_timestamp() WHERE cleared_at IS NULL RETURNING seq $$;

      CREATE OR REPLACE FUNCTION grant_disowning(archiver name) RETURNS void LANGUAGE plpgsql
        SET search_path = ${schema}, pg_temp
      AS $$
      BEGIN
        EXECUTE format('GRANT EXECUTE ON FUNCTION audit_disown, audit_clear_disowned TO %I', archiver);
      END $$;

      REVOKE EXECUTE ON FUNCTION audit_disown, audit_clear_disowned, grant_disowning FROM PUBLIC;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION audit_disown, audit_clear_disowned, grant_disowning');
  }
}
