import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By which the task that removes expired tokens finds them. */
export class ExpiryIndexes1795420813000 implements MigrationInterface {
  name = 'ExpiryIndexes1795420813000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX one_time_tokens_expires_at_idx ON one_time_tokens (expires_at);
      CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);
    `);
  }

  async down(): Promise<void> {
    throw new Error('Accounts are not taken down.');
  }
}
