import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Wrong dates of birth are counted for each member, and after too many of them a registration waits for the office. A number that no member
 * has is counted as well, in one of 64 rows below zero: the same work for both.
 */
export class RegistrationGuesses1795421410000 implements MigrationInterface {
  name = 'RegistrationGuesses1795421410000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS registration_guesses (
        member_id integer CONSTRAINT registration_guesses_pkey PRIMARY KEY,
        wrong     integer NOT NULL
      ) WITH (fillfactor = 50);

      ALTER TABLE registrations
        ADD COLUMN IF NOT EXISTS needs_confirmation boolean NOT NULL DEFAULT false,
        ADD COLUMN IF NOT EXISTS confirmed_by integer,
        ADD COLUMN IF NOT EXISTS confirmed_at timestamptz;
      ALTER TABLE registrations DROP CONSTRAINT IF EXISTS registrations_confirmed_by_fkey;
      ALTER TABLE registrations ADD CONSTRAINT registrations_confirmed_by_fkey FOREIGN KEY (confirmed_by) REFERENCES users (id);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE registrations DROP COLUMN IF EXISTS needs_confirmation, DROP COLUMN IF EXISTS confirmed_by,
        DROP COLUMN IF EXISTS confirmed_at;
      DROP TABLE IF EXISTS registration_guesses;
    `);
  }
}
