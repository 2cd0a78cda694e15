import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * PostgreSQL compiles what it takes for a long query, where it was built with LLVM. Over partitions every estimate is large enough: a statement of
 * 4 ms took 390 ms of a processor to compile, each time. An owner of the schema who does not own the database is told; its administrator
 * sets it.
 */
export class NoJit1795420854000 implements MigrationInterface {
  name = 'NoJit1795420854000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
      EXCEPTION WHEN insufficient_privilege THEN
        RAISE WARNING 'set jit = off for this database: each statement over the ledger is compiled otherwise';
      END $$`);
  }

  async down(): Promise<void> {
    throw new Error('A setting of the database is not taken down.');
  }
}
