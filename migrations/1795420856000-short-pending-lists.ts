import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a GIN index has not sorted in yet is read by each search in it, page by page: up to 4 MB by default, which made half of the time
 * of a member's access log. Short lists are sorted in more often, a little at a time. Who does not own the database is told, as with `jit`.
 */
export class ShortPendingLists1795420856000 implements MigrationInterface {
  name = 'ShortPendingLists1795420856000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET gin_pending_list_limit = %L', current_database(), '256kB');
      EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'set gin_pending_list_limit = ''256kB'' for this database: searches for lists that showed a record are slow otherwise';
      END $$`);
  }

  async down(): Promise<void> {
    throw new Error('A setting of the database is not taken down.');
  }
}
