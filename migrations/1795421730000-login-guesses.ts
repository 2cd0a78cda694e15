import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Wrong passwords and codes are counted for each account and network, so that nobody's guesses lock the owner out elsewhere.
 * Guesses at an address that nobody has are counted as well, in accounts below zero: the same work for both.
 */
export class LoginGuesses1795421730000 implements MigrationInterface {
  name = 'LoginGuesses1795421730000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE IF NOT EXISTS login_guesses (
        id          bigint      GENERATED ALWAYS AS IDENTITY CONSTRAINT login_guesses_pkey PRIMARY KEY,
        account_id  integer     NOT NULL,
        kind        varchar(10) NOT NULL,
        network     varchar(50) NOT NULL,
        wrong       smallint    NOT NULL,
        guessed_at  timestamptz NOT NULL DEFAULT now(),
        waits_until timestamptz,
        CONSTRAINT login_guesses_account_id_kind_network_key UNIQUE (account_id, kind, network)
      ) WITH (fillfactor = 50);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE IF EXISTS login_guesses');
  }
}
