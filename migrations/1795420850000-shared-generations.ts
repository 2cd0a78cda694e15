import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What processes share outside of PostgreSQL (in Redis) belongs to a generation, whose number is kept here, where no outage of
 * Redis can lose it. Who could not tell the others there of a change begins a new generation in the transaction of the change: what was
 * shared before counts for nothing from the moment it is committed.
 */
export class SharedGenerations1795420850000 implements MigrationInterface {
  name = 'SharedGenerations1795420850000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE shared_generations (
        name       varchar(40) CONSTRAINT shared_generations_pkey PRIMARY KEY,
        generation bigint      NOT NULL DEFAULT 0
      ) WITH (fillfactor = 20);
      INSERT INTO shared_generations (name) VALUES ('records'), ('write-marks');
    `);
  }

  async down(): Promise<void> {
    throw new Error('Generations are not taken down.');
  }
}
