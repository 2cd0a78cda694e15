import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A write refuses foreign keys that name no record in use, in the same statement. */
export class ReferencesInUse1795420868000 implements MigrationInterface {
  name = 'ReferencesInUse1795420868000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- \`missing\` has null for each property that names a record in use, and the name of each other one.
      CREATE OR REPLACE FUNCTION references_in_use(missing text[]) RETURNS boolean LANGUAGE plpgsql AS $$
      BEGIN
        IF num_nonnulls(VARIADIC missing) > 0 THEN
          RAISE EXCEPTION 'a reference names no record in use'
            USING ERRCODE = 'IP2A2', DETAIL = array_to_string(missing, ',');
        END IF;
        RETURN true;
      END $$;
    `);
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
