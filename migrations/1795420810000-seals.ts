import type { MigrationInterface, QueryRunner } from 'typeorm';

const tables = ['audit_seals', 'audit_tree_nodes', 'audit_cosignatures'];

/**
 * The transparency log over the entries (docs/ledger.md): a row of `audit_seals` for each checkpoint, with the ids and leaf hashes of the
 * entries that it added; `audit_tree_nodes` for the roots of full tiles; `audit_cosignatures` for what witnesses signed. Like
 * entries, they are added and never changed, by anybody.
 */
export class Seals1795420810000 implements MigrationInterface {
  name = 'Seals1795420810000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      -- The order of the log: by transaction, then by entry.
      CREATE INDEX audit_logs_txid_idx ON audit_logs (txid, id);

      CREATE TABLE audit_seals (
        seq         bigint      NOT NULL CONSTRAINT audit_seals_pkey PRIMARY KEY,
        sealed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
        tree_size   bigint      NOT NULL,
        entry_count integer     NOT NULL,
        root        bytea       NOT NULL,
        frontier    bytea       NOT NULL,
        checkpoint  text        NOT NULL,
        last_txid   xid8        NOT NULL,
        last_id     bigint      NOT NULL,
        horizon     xid8        NOT NULL,
        entry_ids   bigint[]    NOT NULL,
        leaf_hashes bytea       NOT NULL,
        CONSTRAINT audit_seals_seq_check CHECK (seq > 0),
        CONSTRAINT audit_seals_entries_check CHECK (entry_count >= 0 AND tree_size >= entry_count
          AND cardinality(entry_ids) = entry_count AND octet_length(leaf_hashes) = 32 * entry_count)
      );
      -- Hashes do not compress.
      ALTER TABLE audit_seals ALTER COLUMN leaf_hashes SET STORAGE EXTERNAL, ALTER COLUMN frontier SET STORAGE EXTERNAL;
      CREATE UNIQUE INDEX audit_seals_tree_size_key ON audit_seals (tree_size) WHERE entry_count > 0;
      CREATE UNIQUE INDEX audit_seals_last_entry_key ON audit_seals (last_txid, last_id) WHERE entry_count > 0;

      CREATE TABLE audit_tree_nodes (
        level smallint NOT NULL,
        index bigint   NOT NULL,
        hash  bytea    NOT NULL,
        CONSTRAINT audit_tree_nodes_pkey PRIMARY KEY (level, index),
        CONSTRAINT audit_tree_nodes_hash_check CHECK (level > 0 AND octet_length(hash) = 32)
      );

      CREATE TABLE audit_cosignatures (
        seq         bigint      NOT NULL CONSTRAINT audit_cosignatures_seq_fkey REFERENCES audit_seals,
        witness     varchar(255) NOT NULL,
        line        text        NOT NULL,
        received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        CONSTRAINT audit_cosignatures_pkey PRIMARY KEY (seq, witness)
      );

      -- The index of an entry in the tree; null while it is not sealed.
      CREATE FUNCTION audit_leaf_index(entry_txid xid8, entry_id bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
        SELECT s.tree_size - s.entry_count + array_position(s.entry_ids, entry_id) - 1
        FROM audit_seals s WHERE s.entry_count > 0 AND (s.last_txid, s.last_id) >= (entry_txid, entry_id)
        ORDER BY s.last_txid, s.last_id LIMIT 1
      $$;
      ALTER FUNCTION audit_leaf_index SET search_path = ${schema}, pg_temp;
    `);
    for (const table of tables) {
      await runner.query(`
        CREATE TRIGGER ${table}_refuse_change BEFORE UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION audit_refuse();
        CREATE TRIGGER ${table}_refuse_truncate BEFORE TRUNCATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
        ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${table}_refuse_change, ENABLE ALWAYS TRIGGER ${table}_refuse_truncate;
      `);
    }
    await runner.query(grants(schema));
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}

/**
 * Of the ledger the application's role may read everything and add rows, an entry's number and words, but not say of an entry
 * when it was written, by which transaction or under which role.
 */
function grants(schema: string): string {
  return `
    CREATE OR REPLACE FUNCTION grant_application(application name) RETURNS void LANGUAGE plpgsql AS $$
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
    ALTER FUNCTION grant_application SET search_path = ${schema}, pg_temp;
  `;
}
