import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An import may change members, too; sent again, it says how many it has changed. */
export class ImportsThatUpdate1795421760000 implements MigrationInterface {
  name = 'ImportsThatUpdate1795421760000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE imports ADD COLUMN IF NOT EXISTS rows_updated integer NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE imports DROP COLUMN IF EXISTS rows_updated');
  }
}
