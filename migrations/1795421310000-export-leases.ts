import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A person has one export under way at a time, whichever process serves it. */
export class ExportLeases1795421310000 implements MigrationInterface {
  name = 'ExportLeases1795421310000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS export_leases (
        user_id  integer     CONSTRAINT export_leases_pkey PRIMARY KEY,
        holder   uuid        NOT NULL,
        alive_at timestamptz NOT NULL DEFAULT now()
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS export_leases');
  }
}
