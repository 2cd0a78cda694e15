import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Nobody is hired before being born. Rows that say so stay, and have to be mended when somebody next changes them; a warning
 * in the server's log names them.
 */
export class BirthBeforeHiring1795421750000 implements MigrationInterface {
  name = 'BirthBeforeHiring1795421750000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DO $$
      DECLARE impossible text;
      BEGIN
        ALTER TABLE members DROP CONSTRAINT IF EXISTS members_dates_check;
        ALTER TABLE members ADD CONSTRAINT members_dates_check CHECK (hire_date > date_of_birth) NOT VALID;
        SELECT string_agg(member_number, ', ' ORDER BY member_number) INTO impossible
          FROM members WHERE hire_date <= date_of_birth;
        IF impossible IS NULL THEN
          ALTER TABLE members VALIDATE CONSTRAINT members_dates_check;
        ELSE
          RAISE WARNING 'Members who were hired before they were born: %', impossible;
        END IF;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE members DROP CONSTRAINT members_dates_check');
  }
}
