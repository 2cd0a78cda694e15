import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * By which the records are found that a member once had: entries of their creation, removal or move hold `member_id`. Entries of
 * reads hold no values, so the indexes cost them nothing.
 */
export class LedgerOfMembers1795420817000 implements MigrationInterface {
  name = 'LedgerOfMembers1795420817000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE INDEX audit_logs_new_member_idx ON audit_logs ((new_values ->> 'member_id'), table_name)
        WHERE new_values ? 'member_id';
      CREATE INDEX audit_logs_old_member_idx ON audit_logs ((old_values ->> 'member_id'), table_name)
        WHERE old_values ? 'member_id';

      -- Removed files are the member's, too.
      CREATE INDEX file_attachments_owner_idx ON file_attachments (record_type, record_id);
    `);
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
