import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A session notes when its password was proved again. Before that, its log-in is the proof. */
export class PasswordProofs1795421700000 implements MigrationInterface {
  name = 'PasswordProofs1795421700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE refresh_tokens ADD COLUMN IF NOT EXISTS password_proved_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE refresh_tokens DROP COLUMN IF EXISTS password_proved_at');
  }
}
