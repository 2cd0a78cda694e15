import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Rows that processes keep in a cache. Who changes one tells the cache beforehand and says so in the context of the transaction
 * (`announced`, with the time until which the cache waits). Any other change, by whoever it is made, begins a new generation
 * when it is committed, before which nothing that was cached counts: at the commit, so that a long transaction holds nobody up.
 * As long as no process has a cache (`record-cache` is 0) there is nothing to count.
 */
export class RecordCache1795420852000 implements MigrationInterface {
  name = 'RecordCache1795420852000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      ALTER TABLE shared_generations ADD COLUMN holder varchar(120);
      INSERT INTO shared_generations (name) VALUES ('record-cache');

      CREATE FUNCTION record_changed() RETURNS trigger LANGUAGE plpgsql
        SET search_path = ${schema}, pg_temp SET lock_timeout = '500ms' AS $$
      DECLARE
        said jsonb := nullif(current_setting('ip2a.context', true), '')::jsonb;
      BEGIN
        IF (said -> 'announced' ->> (TG_TABLE_NAME || ' ' || OLD.id))::float8 > extract(epoch FROM clock_timestamp())
          OR current_setting('ip2a.outdated', true) = pg_current_xact_id()::text THEN
          RETURN NULL;
        END IF;
        UPDATE shared_generations SET generation = generation + 1
        WHERE name = 'records' AND EXISTS (SELECT FROM shared_generations WHERE name = 'record-cache' AND generation > 0);
        PERFORM set_config('ip2a.outdated', pg_current_xact_id()::text, true);
        RETURN NULL;
      END $$;

      CREATE FUNCTION cache_watch(watched regclass) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        EXECUTE format('CREATE CONSTRAINT TRIGGER zz_record_changed AFTER UPDATE OR DELETE ON %s
          DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION record_changed()', watched);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER zz_record_changed', watched);
      END $$;
      REVOKE EXECUTE ON FUNCTION cache_watch FROM PUBLIC;

      SELECT cache_watch('members');
      SELECT cache_watch('organizations');
    `);
  }

  async down(): Promise<void> {
    throw new Error('Generations are not taken down.');
  }
}
