import type { MigrationInterface, QueryRunner } from 'typeorm';

const functions = [
  'audit_touch',
  'audit_capture',
  'audit_mask',
  'audit_append',
  'audit_make_partitions',
  'audit_watch',
  'grant_application',
];

/**
 * Fixes where the ledger's functions look names up. Before, a session with temporary objects, a schema or a search path of
 * its own that held an `audit_logs` or its sequence led entries astray. PostgreSQL searches pg_catalog first of all, and
 * for temporary objects where the path says so: last.
 */
export class LedgerSearchPath1795420804000 implements MigrationInterface {
  name = 'LedgerSearchPath1795420804000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    for (const name of functions) {
      await runner.query(`ALTER FUNCTION ${name} SET search_path = ${schema}, pg_temp`);
    }
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
