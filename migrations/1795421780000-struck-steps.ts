import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A step that was recorded wrongly is struck and stays on record, so its number is free again. */
export class StruckSteps1795421780000 implements MigrationInterface {
  name = 'StruckSteps1795421780000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE grievance_step_records
        ADD COLUMN IF NOT EXISTS status_before varchar(20),
        ADD COLUMN IF NOT EXISTS deleted_at timestamptz,
        DROP CONSTRAINT IF EXISTS grievance_step_records_step_key;
      CREATE UNIQUE INDEX IF NOT EXISTS grievance_step_records_step_key
        ON grievance_step_records (grievance_id, step_number) WHERE deleted_at IS NULL;
    `);
  }

  /** Refuses while a step is struck: it would count again. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM grievance_step_records WHERE deleted_at IS NOT NULL) THEN
          RAISE EXCEPTION 'Steps of grievances are struck, and would count again.';
        END IF;
      END $$;
      DROP INDEX grievance_step_records_step_key;
      ALTER TABLE grievance_step_records
        ADD CONSTRAINT grievance_step_records_step_key UNIQUE (grievance_id, step_number),
        DROP COLUMN deleted_at,
        DROP COLUMN status_before;
    `);
  }
}
