import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An entry names the version of each record it showed. A version is the record's `audit_ref`: the id
 * of the entry that last changed it. Entries from before this migration have none.
 *
 * The lock on the ledger is asked for in short turns, as writers wait behind whoever waits for it: a
 * verification may hold the ledger for minutes.
 */
export class ShownVersions1795420860000 implements MigrationInterface {
  name = 'ShownVersions1795420860000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      DO $$ BEGIN
        SET LOCAL lock_timeout = '300ms';
        FOR attempt IN 1 .. 300 LOOP
          BEGIN
            LOCK TABLE audit_logs IN ACCESS EXCLUSIVE MODE;
            EXIT;
          EXCEPTION WHEN lock_not_available THEN
            IF attempt = 300 THEN
              RAISE;
            END IF;
          END;
          PERFORM pg_sleep(1);
        END LOOP;
        SET LOCAL lock_timeout TO DEFAULT;
      END $$;
    `);
    await runner.query(`
      ALTER TABLE audit_logs ADD COLUMN record_version bigint, ADD COLUMN record_versions bigint[];

      -- During an upgrade a process of the version before may seal. It would hash entries with versions in the form
      -- that has none, and they would count as altered ever after. So it may not seal them; a newer process does.
      CREATE FUNCTION audit_refuse_old_sealer() RETURNS trigger LANGUAGE plpgsql
        SET search_path = ${schema}, pg_temp AS $$
      BEGIN
        IF current_setting('ip2a.entry_form', true) IS DISTINCT FROM '2' AND EXISTS (
            SELECT FROM audit_logs WHERE id = ANY (NEW.entry_ids) AND num_nonnulls(record_version, record_versions) > 0) THEN
          RAISE EXCEPTION 'a newer process seals entries that name versions of records'
            USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        RETURN NEW;
      END $$;

      CREATE TRIGGER audit_seals_refuse_old_sealer BEFORE INSERT ON audit_seals
        FOR EACH ROW EXECUTE FUNCTION audit_refuse_old_sealer();
      ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER audit_seals_refuse_old_sealer;
    `);
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
