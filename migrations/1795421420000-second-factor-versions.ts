import type { MigrationInterface, QueryRunner } from 'typeorm';

const before = 'email member_id is_active email_verified_at must_change_password locked_until deleted_at'.split(' ');

/** A second factor that is set up or taken away makes a new version of the account: roles may need one. */
export class SecondFactorVersions1795421420000 implements MigrationInterface {
  name = 'SecondFactorVersions1795421420000';

  async up(runner: QueryRunner): Promise<void> {
    await watch(runner, [...before, 'mfa_enabled_at']);
  }

  async down(runner: QueryRunner): Promise<void> {
    await watch(runner, before);
  }
}

async function watch(runner: QueryRunner, columns: readonly string[]): Promise<void> {
  const of = (row: string) => columns.map((column) => `${row}.${column}`).join(', ');
  await runner.query(`
    SET CONSTRAINTS ALL IMMEDIATE;
    DROP TRIGGER IF EXISTS zz_account_changed ON users;
    CREATE CONSTRAINT TRIGGER zz_account_changed AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
      WHEN ((${of('OLD')}) IS DISTINCT FROM (${of('NEW')})) EXECUTE FUNCTION account_changed();
    ALTER TABLE users ENABLE ALWAYS TRIGGER zz_account_changed;
  `);
}
