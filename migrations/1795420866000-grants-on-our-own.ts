import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Grants are given on what belongs to the schema's owner. A table of somebody else in the schema stops no migration. */
export class GrantsOnOurOwn1795420866000 implements MigrationInterface {
  name = 'GrantsOnOurOwn1795420866000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      -- As before, save the owner.
      CREATE OR REPLACE FUNCTION grant_application(application name) RETURNS void LANGUAGE plpgsql
        SET search_path = ${schema}, pg_temp
      AS $$
      DECLARE
        entry record;
        given constant text := (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
          WHERE attrelid = 'audit_logs'::regclass AND attnum > 0 AND NOT attisdropped
            AND attname NOT IN ('changed_at', 'txid', 'database_role'));
      BEGIN
        IF application = current_user THEN
          RETURN;
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), application);
        FOR entry IN
          SELECT c.oid::regclass AS relation, c.relkind, c.relname,
            c.relname LIKE 'audit\\_logs%' OR c.relname IN ('audit_seals', 'audit_tree_nodes', 'audit_cosignatures') AS ledger
          FROM pg_class c
          WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'S')
            AND c.relowner = (SELECT l.relowner FROM pg_class l WHERE l.oid = 'audit_logs'::regclass)
            AND c.relname NOT IN ('migrations', 'migrations_id_seq')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        LOOP
          IF entry.relkind = 'S' THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', entry.relation, application);
          ELSIF entry.ledger THEN
            EXECUTE format('REVOKE ALL ON %s FROM %I', entry.relation, application);
            IF entry.relname = 'audit_logs' THEN
              EXECUTE format('GRANT SELECT, INSERT (%s) ON %s TO %I', given, entry.relation, application);
            ELSIF entry.relname NOT LIKE 'audit\\_logs%' THEN
              EXECUTE format('GRANT SELECT, INSERT ON %s TO %I', entry.relation, application);
            END IF;
          ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', entry.relation, application);
          END IF;
        END LOOP;
      END $$;
    `);
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
