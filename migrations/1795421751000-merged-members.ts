import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A member who was entered twice is merged into the other one. The row stays, deleted, and its number finds the other. */
export class MergedMembers1795421751000 implements MigrationInterface {
  name = 'MergedMembers1795421751000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE members ADD COLUMN IF NOT EXISTS merged_into integer;
      ALTER TABLE members DROP CONSTRAINT IF EXISTS members_merged_into_fkey, DROP CONSTRAINT IF EXISTS members_merged_check;
      ALTER TABLE members
        ADD CONSTRAINT members_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES members (id),
        ADD CONSTRAINT members_merged_check CHECK (merged_into IS NULL OR deleted_at IS NOT NULL);
      CREATE INDEX IF NOT EXISTS members_merged_into_idx ON members (merged_into) WHERE merged_into IS NOT NULL;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE members DROP COLUMN merged_into');
  }
}
