import type { MigrationInterface, QueryRunner } from 'typeorm';
import { WholeReplies1795420864000 } from './1795420864000-whole-replies';
import { GrantsOnOurOwn1795420866000 } from './1795420866000-grants-on-our-own';

/**
 * The application's role writes entries and checkpoints by functions alone. They give id, time,
 * transaction and order, so whoever has that role cannot write an entry under an id in use or
 * between others. Only the database writes entries of changes. See docs/ledger.md.
 *
 * A row of `audit_seals` that the log did not make is named in `disowned_seals`, and the log goes
 * on from its own last one. So the size of a tree is no longer unique among the rows.
 */
export class WritingByFunctions1795421100000 implements MigrationInterface {
  name = 'WritingByFunctions1795421100000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(entries(schema));
    await runner.query(disownedSeals);
    await runner.query(seals(schema));
    await runner.query(grants(schema));
  }

  async down(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await new WholeReplies1795420864000().up(runner);
    await new GrantsOnOurOwn1795420866000().up(runner);
    await runner.query(`
      ALTER FUNCTION audit_append SECURITY INVOKER;
      ALTER FUNCTION audit_touch SECURITY INVOKER;
      ALTER FUNCTION audit_capture SECURITY INVOKER;
      GRANT EXECUTE ON FUNCTION audit_append, audit_touch, audit_capture, audit_refuse, audit_refuse_old_sealer TO PUBLIC;
      DROP FUNCTION audit_refuse_claim, audit_seal, audit_cosign;
      ${leafIndex(schema, 's.entry_count > 0')}
      DROP TABLE disowned_seals;
      DROP INDEX audit_seals_tree_size_idx, audit_seals_last_entry_idx;
      CREATE UNIQUE INDEX audit_seals_tree_size_key ON audit_seals (tree_size) WHERE entry_count > 0;
      CREATE UNIQUE INDEX audit_seals_last_entry_key ON audit_seals (last_txid, last_id) WHERE entry_count > 0;
      ALTER TABLE audit_tree_nodes DROP CONSTRAINT audit_tree_nodes_pkey, DROP COLUMN seq,
        ADD CONSTRAINT audit_tree_nodes_pkey PRIMARY KEY (level, index);
      ALTER TABLE audit_cosignatures DROP CONSTRAINT audit_cosignatures_pkey, DROP CONSTRAINT audit_cosignatures_line_check,
        ADD CONSTRAINT audit_cosignatures_pkey PRIMARY KEY (seq, witness);
    `);
  }
}

function entries(schema: string): string {
  return `
      CREATE OR REPLACE FUNCTION audit_refuse_claim(action text) RETURNS text LANGUAGE plpgsql
        SET search_path = ${schema}, pg_temp
      AS $$
      BEGIN
        RAISE EXCEPTION 'the database alone writes entries of changes: % is refused', action
          USING ERRCODE = 'insufficient_privilege';
      END $$;

      -- As before, with the rights of the owner, and without entries of changes.
      CREATE OR REPLACE FUNCTION audit_make_append(cached_tables text[]) RETURNS void LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
      AS $make$
      BEGIN
        EXECUTE format($create$
          CREATE OR REPLACE FUNCTION audit_append(entries json) RETURNS integer[] LANGUAGE plpgsql
            SECURITY DEFINER SET lock_timeout = '500ms' SET search_path = ${schema}, pg_temp
          AS $body$
          DECLARE
            outdated integer[];
          BEGIN
            WITH e AS MATERIALIZED (
              SELECT e.*,
                coalesce(("changedAtUs" IS NULL OR CASE "tableName" %s END)
                AND ("accountId" IS NULL
                  OR coalesce((SELECT v.version FROM account_versions v WHERE v.user_id = "accountId"), 0) = "accountVersion"
                    AND ("accountEndsAt" IS NULL OR "accountEndsAt" > extract(epoch FROM statement_timestamp()))), false)
                  AS "isCurrent",
                coalesce(horizon IS NULL OR replica_had("userId", horizon, timeline), false) AS "replicaHad"
              FROM ROWS FROM (json_to_recordset(entries) AS (action text, "tableName" text, "recordId" bigint,
                "recordIds" bigint[], "recordVersion" bigint, "recordVersions" bigint[], filters jsonb, "userId" integer,
                email text, roles text[], source text, "ipAddress" inet, "userAgent" text, "requestId" text, route text,
                reason text, outcome text, notes text, "changedAtUs" bigint, "accountId" integer, "accountVersion" bigint,
                "accountEndsAt" float8, horizon xid8, timeline integer, together integer)) WITH ORDINALITY AS e (action, "tableName", "recordId",
                "recordIds", "recordVersion", "recordVersions", filters, "userId", email, roles, source, "ipAddress",
                "userAgent", "requestId", route, reason, outcome, notes, "changedAtUs", "accountId", "accountVersion",
                "accountEndsAt", horizon, timeline, together, place)
            ), written AS (
              INSERT INTO audit_logs (action, table_name, record_id, record_ids, record_version, record_versions, filters,
                changed_by, actor_email, actor_roles, source, ip_address, user_agent, request_id, route, reason, outcome, notes)
              SELECT CASE WHEN e.action IN ('CREATE', 'UPDATE', 'DELETE', 'RESTORE') OR e.source = 'database'
                THEN audit_refuse_claim(e.action) ELSE e.action END, e."tableName", e."recordId", e."recordIds", e."recordVersion", e."recordVersions", e.filters,
                e."userId", e.email, e.roles, e.source, e."ipAddress", e."userAgent", e."requestId", e.route, e.reason,
                coalesce(e.outcome, 'success'), e.notes
              FROM e WHERE e."isCurrent" AND e."replicaHad" AND e.action IS NOT NULL AND (e.together IS NULL
                OR e.together <> ALL (ARRAY(SELECT f.together FROM e f WHERE NOT (f."isCurrent" AND f."replicaHad")
                  AND f.together IS NOT NULL)))
            )
            SELECT array_agg(CASE WHEN e."isCurrent" THEN - e.place ELSE e.place END::integer) INTO outdated
            FROM e WHERE NOT (e."isCurrent" AND e."replicaHad");
            RETURN outdated;
          END $body$ $create$,
          (SELECT string_agg(format('WHEN %L THEN (SELECT t.audit_ref = "recordVersion" AND changed_at_us(t.updated_at) = "changedAtUs"
            FROM %I t WHERE t.id = "recordId")', name, name), ' ') FROM unnest(cached_tables) AS name));
      END $make$;
      SELECT audit_make_append('{members,organizations}');

      ALTER FUNCTION audit_touch SECURITY DEFINER;
      ALTER FUNCTION audit_capture SECURITY DEFINER;
      -- A role that may execute them could put them on a temporary table, and so write entries
      -- about any record.
      REVOKE EXECUTE ON FUNCTION audit_append, audit_touch, audit_capture, audit_refuse, audit_refuse_old_sealer,
        audit_refuse_claim FROM PUBLIC;
  `;
}

/**
 * Rows of `audit_seals` that the log did not make. The owner writes them; each is on record, as is
 * its clearing.
 */
const disownedSeals = `
      CREATE TABLE IF NOT EXISTS disowned_seals (
        id         integer      GENERATED BY DEFAULT AS IDENTITY CONSTRAINT disowned_seals_pkey PRIMARY KEY,
        seq        bigint       NOT NULL CONSTRAINT disowned_seals_seq_key UNIQUE,
        cleared_at timestamptz,
        created_at timestamptz  NOT NULL DEFAULT now(),
        updated_at timestamptz  NOT NULL DEFAULT now(),
        audit_ref  bigint       NOT NULL
      );
      DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'disowned_seals'::regclass) THEN
          PERFORM audit_watch('disowned_seals');
        END IF;
      END $$;

      DROP INDEX IF EXISTS audit_seals_tree_size_key, audit_seals_last_entry_key;
      CREATE INDEX IF NOT EXISTS audit_seals_tree_size_idx ON audit_seals (tree_size) WHERE entry_count > 0;
      CREATE INDEX IF NOT EXISTS audit_seals_last_entry_idx ON audit_seals (last_txid, last_id) WHERE entry_count > 0;

      -- The seal that a node was made with, so that a node of a disowned seal counts for nothing; 0
      -- where it is older than this column.
      ALTER TABLE audit_tree_nodes ADD COLUMN IF NOT EXISTS seq bigint NOT NULL DEFAULT 0,
        DROP CONSTRAINT IF EXISTS audit_tree_nodes_pkey;
      ALTER TABLE audit_tree_nodes ALTER COLUMN seq DROP DEFAULT,
        ADD CONSTRAINT audit_tree_nodes_pkey PRIMARY KEY (level, index, seq);

      -- A line that is no signature keeps no other from its place.
      ALTER TABLE audit_cosignatures DROP CONSTRAINT IF EXISTS audit_cosignatures_pkey,
        DROP CONSTRAINT IF EXISTS audit_cosignatures_line_check;
      ALTER TABLE audit_cosignatures ADD CONSTRAINT audit_cosignatures_pkey PRIMARY KEY (seq, witness, line),
        ADD CONSTRAINT audit_cosignatures_line_check CHECK (length(line) <= 1000);
`;

/** The index of an entry in the tree; null while it is not sealed. */
function leafIndex(schema: string, condition: string): string {
  return `
      CREATE OR REPLACE FUNCTION audit_leaf_index(entry_txid xid8, entry_id bigint) RETURNS bigint LANGUAGE sql STABLE
        SET search_path = ${schema}, pg_temp
      AS $$
        SELECT s.tree_size - s.entry_count + array_position(s.entry_ids, entry_id) - 1
        FROM audit_seals s WHERE ${condition} AND (s.last_txid, s.last_id) >= (entry_txid, entry_id)
        ORDER BY s.last_txid, s.last_id LIMIT 1
      $$;
  `;
}

function seals(schema: string): string {
  return `
      ${leafIndex(schema, 's.entry_count > 0 AND s.seq NOT IN (SELECT d.seq FROM disowned_seals d)')}

      -- Adds a seal after the log's own last one: with the next entries in the order of the log,
      -- and none left out. Its signature cannot be verified here; who seals next does that. The
      -- advisory lock is the sealer's own.
      CREATE OR REPLACE FUNCTION audit_seal(after_seq bigint, root bytea, frontier bytea, checkpoint text, below xid8,
          entry_ids bigint[], leaf_hashes bytea, node_levels smallint[], node_indexes bigint[], node_hashes bytea[])
        RETURNS TABLE (seq bigint, sealed_at timestamptz, last_txid text, last_id text) LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = ${schema}, pg_temp SET enable_sort = off SET enable_seqscan = off
      AS $$
      #variable_conflict use_variable
      DECLARE
        head record;
        ids bigint[];
        through_txid xid8;
        through_id bigint;
      BEGIN
        IF NOT pg_try_advisory_xact_lock(4927003) THEN
          RAISE EXCEPTION 'another process seals' USING ERRCODE = 'lock_not_available';
        END IF;
        SELECT s.seq, s.tree_size, s.last_txid, s.last_id INTO head FROM audit_seals s
        WHERE s.seq NOT IN (SELECT d.seq FROM disowned_seals d) ORDER BY s.seq DESC LIMIT 1;
        SELECT array_agg(n.id), (array_agg(n.txid))[cardinality(entry_ids)], (array_agg(n.id))[cardinality(entry_ids)]
          INTO ids, through_txid, through_id
        FROM (SELECT l.txid, l.id FROM audit_logs l
          WHERE (l.txid, l.id) > (coalesce(head.last_txid, '0'), coalesce(head.last_id, 0)) AND l.txid < below
          ORDER BY l.txid, l.id LIMIT cardinality(entry_ids)) n;
        IF coalesce(head.seq, 0) <> after_seq OR coalesce(ids, '{}') <> entry_ids
          OR below > pg_snapshot_xmin(pg_current_snapshot()) THEN
          RAISE EXCEPTION 'these are not the next entries of the log' USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        seq := after_seq;
        LOOP
          seq := seq + 1;
          EXIT WHEN NOT EXISTS (SELECT FROM audit_seals s WHERE s.seq = seq) AND NOT EXISTS (SELECT FROM audit_tree_nodes t
            JOIN unnest(node_levels, node_indexes) AS n (level, index) USING (level, index) WHERE t.seq = seq);
        END LOOP;
        sealed_at := clock_timestamp();
        INSERT INTO audit_seals (seq, sealed_at, tree_size, entry_count, root, frontier, checkpoint, last_txid, last_id, horizon,
          entry_ids, leaf_hashes)
        VALUES (seq, sealed_at, coalesce(head.tree_size, 0) + cardinality(entry_ids), cardinality(entry_ids), root, frontier,
          checkpoint, coalesce(through_txid, head.last_txid, '0'), coalesce(through_id, head.last_id, 0), below, entry_ids,
          leaf_hashes);
        INSERT INTO audit_tree_nodes (level, index, hash, seq)
          SELECT n.level, n.index, n.hash, seq FROM unnest(node_levels, node_indexes, node_hashes) AS n (level, index, hash);
        last_txid := coalesce(through_txid, head.last_txid, '0');
        last_id := coalesce(through_id, head.last_id, 0);
        RETURN NEXT;
      END $$;

      CREATE OR REPLACE FUNCTION audit_cosign(of_seq bigint, by_witness text, signed_line text) RETURNS void
        LANGUAGE sql SECURITY DEFINER SET search_path = ${schema}, pg_temp
      AS $$
        INSERT INTO audit_cosignatures (seq, witness, line) VALUES (of_seq, by_witness, signed_line) ON CONFLICT DO NOTHING
      $$;
      REVOKE EXECUTE ON FUNCTION audit_seal, audit_cosign FROM PUBLIC;
  `;
}

/**
 * What the application's role may do: everything with records; with the ledger read it, and call
 * what writes it.
 */
function grants(schema: string): string {
  return `
      CREATE OR REPLACE FUNCTION grant_application(application name) RETURNS void LANGUAGE plpgsql
        SET search_path = ${schema}, pg_temp
      AS $$
      DECLARE
        entry record;
      BEGIN
        IF application = current_user THEN
          RETURN;
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), application);
        FOR entry IN
          SELECT c.oid::regclass AS relation, c.relkind,
            c.relname ~ '^audit_logs_(\\d|released)' AS is_month,
            c.relname LIKE 'audit\\_logs%' OR c.relname IN ('audit_seals', 'audit_tree_nodes', 'audit_cosignatures', 'disowned_seals',
              'disowned_seals_id_seq') AS ledger
          FROM pg_class c
          WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'S')
            AND c.relowner = (SELECT l.relowner FROM pg_class l WHERE l.oid = 'audit_logs'::regclass)
            AND c.relname NOT IN ('migrations', 'migrations_id_seq')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        LOOP
          IF entry.ledger THEN
            EXECUTE format('REVOKE ALL ON %s FROM %I', entry.relation, application);
            -- Of the sequence for currval; a number is taken by the functions alone.
            IF NOT entry.is_month THEN
              EXECUTE format('GRANT SELECT ON %s TO %I', entry.relation, application);
            END IF;
          ELSIF entry.relkind = 'S' THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', entry.relation, application);
          ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', entry.relation, application);
          END IF;
        END LOOP;
        EXECUTE format('GRANT EXECUTE ON FUNCTION audit_append, audit_seal, audit_cosign TO %I', application);
      END $$;
  `;
}
