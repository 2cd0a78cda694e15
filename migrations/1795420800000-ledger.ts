import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The ledger: `audit_logs`, partitioned by month (UTC); the capture triggers that any audited table gets by
 * `audit_watch`; and what keeps entries as they are. See docs/decisions/0002-capture-in-the-database.md.
 */
export class Ledger1795420800000 implements MigrationInterface {
  name = 'Ledger1795420800000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE SEQUENCE audit_logs_id_seq AS bigint;

      CREATE TABLE audit_logs (
        id             bigint       NOT NULL DEFAULT nextval('audit_logs_id_seq'),
        changed_at     timestamptz  NOT NULL DEFAULT clock_timestamp(),
        action         varchar(20)  NOT NULL,
        table_name     varchar(63),
        record_id      bigint,
        record_ids     bigint[],
        filters        jsonb,
        old_values     jsonb,
        new_values     jsonb,
        changed_fields text[],
        changed_by     integer,
        actor_email    varchar(255),
        actor_roles    text[],
        source         varchar(10)  NOT NULL,
        database_role  name         NOT NULL DEFAULT session_user,
        ip_address     inet,
        user_agent     varchar(512),
        request_id     varchar(64),
        route          varchar(100),
        reason         varchar(500),
        outcome        varchar(10)  NOT NULL DEFAULT 'success',
        notes          text,
        txid           xid8         NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT audit_logs_pkey PRIMARY KEY (changed_at, id),
        CONSTRAINT audit_logs_source_check CHECK (source IN ('api', 'cli', 'job', 'database')),
        CONSTRAINT audit_logs_outcome_check CHECK (outcome IN ('success', 'denied', 'failed'))
      ) PARTITION BY RANGE (changed_at);
      ALTER SEQUENCE audit_logs_id_seq OWNED BY audit_logs.id;

      CREATE INDEX audit_logs_id_idx ON audit_logs (id);
      CREATE INDEX audit_logs_record_idx ON audit_logs (table_name, record_id, changed_at, id)
        WHERE record_id IS NOT NULL;
      CREATE INDEX audit_logs_record_ids_idx ON audit_logs USING gin (record_ids) WHERE record_ids IS NOT NULL;
      CREATE INDEX audit_logs_changed_by_idx ON audit_logs (changed_by, changed_at, id);
      CREATE INDEX audit_logs_request_id_idx ON audit_logs (request_id);
    `);

    await runner.query(`
      CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% of % is refused: entries and audited tables are never rewritten wholesale', TG_OP, TG_TABLE_NAME
          USING ERRCODE = 'integrity_constraint_violation';
      END $$;

      CREATE TRIGGER audit_logs_refuse_change BEFORE UPDATE OR DELETE ON audit_logs
        FOR EACH ROW EXECUTE FUNCTION audit_refuse();
      ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_refuse_change;
      CREATE TRIGGER audit_logs_refuse_truncate BEFORE TRUNCATE ON audit_logs
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
      ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_refuse_truncate;

      -- A TRUNCATE trigger is not inherited by partitions, so each gets its own. There is no DEFAULT partition, because it
      -- would forbid detaching others concurrently.
      CREATE FUNCTION audit_make_partitions(months_ahead integer DEFAULT 4) RETURNS integer LANGUAGE plpgsql AS $$
      DECLARE
        month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
        partition text;
        made integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(4927002);
        FOR step IN 0 .. months_ahead LOOP
          partition := to_char(month, '"audit_logs_"YYYY_MM');
          IF to_regclass(partition) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF audit_logs FOR VALUES FROM (%L) TO (%L)', partition,
              month::text || '+00', (month + interval '1 month')::text || '+00');
            EXECUTE format('CREATE TRIGGER audit_logs_refuse_truncate BEFORE TRUNCATE ON %I
              FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()', partition);
            EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER audit_logs_refuse_truncate', partition);
            made := made + 1;
          END IF;
          month := month + interval '1 month';
        END LOOP;
        RETURN made;
      END $$;
    `);

    await runner.query(`
      -- Writes a batch of entries in one statement. PL/pgSQL, because it keeps the plan between calls. The lock timeout is on the function because it must act before the
      -- table is locked; together with the caller's deadline it keeps a refusal under two seconds.
      CREATE FUNCTION audit_append(entries json) RETURNS void LANGUAGE plpgsql
        SET lock_timeout = '800ms'
      AS $$
      BEGIN
        INSERT INTO audit_logs (action, table_name, record_id, record_ids, filters, changed_by, actor_email, actor_roles,
          source, ip_address, user_agent, request_id, route, reason, outcome, notes)
        SELECT e.action, e."tableName", e."recordId", e."recordIds", e.filters, e."userId", e.email, e.roles,
          e.source, e."ipAddress", e."userAgent", e."requestId", e.route, e.reason, coalesce(e.outcome, 'success'), e.notes
        FROM json_to_recordset(entries) AS e(action text, "tableName" text, "recordId" bigint, "recordIds" bigint[],
          filters jsonb, "userId" integer, email text, roles text[], source text, "ipAddress" inet, "userAgent" text,
          "requestId" text, route text, reason text, outcome text, notes text);
      END $$;
    `);

    await runner.query(`
      -- Last of the BEFORE triggers by its name. It takes the number of the entry that the AFTER trigger will write while the
      -- row is locked, so numbers follow the order of changes; and it drops an UPDATE that changes nothing by value.
      CREATE FUNCTION audit_touch() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' THEN
          IF NEW.id <> OLD.id THEN
            RAISE EXCEPTION 'the id of a record of % never changes', TG_TABLE_NAME
              USING ERRCODE = 'integrity_constraint_violation';
          END IF;
          NEW.audit_ref := OLD.audit_ref;
          NEW.updated_at := OLD.updated_at;
          IF NEW IS NOT DISTINCT FROM OLD THEN
            RETURN NULL;
          END IF;
          NEW.updated_at := clock_timestamp();
        END IF;
        NEW.audit_ref := nextval('audit_logs_id_seq');
        RETURN NEW;
      END $$;

      -- Values as an entry keeps them: secrets are named but not shown.
      CREATE FUNCTION audit_mask(shown jsonb, secrets text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
        SELECT shown || coalesce((SELECT jsonb_object_agg(secret, '[redacted]'::text) FROM unnest(secrets) AS secret
          WHERE shown -> secret <> 'null'), '{}')
      $$;

      -- One entry per changed row, whoever changed it and however. Inserts are captured per statement, from the transition
      -- table, because they come in bulk; updates and deletes per row, where the row as it was is at hand.
      CREATE FUNCTION audit_capture() RETURNS trigger LANGUAGE plpgsql
        SET lock_timeout = '800ms' SET search_path FROM CURRENT
      AS $$
      DECLARE
        said jsonb := nullif(current_setting('ip2a.context', true), '')::jsonb;
        secrets text[] := coalesce(TG_ARGV[0], '{}')::text[];
        note text := CASE WHEN said IS NULL THEN 'database role ' || session_user END;
        bookkeeping constant text[] := '{audit_ref,updated_at}';
        was jsonb;
        now_is jsonb;
        fields text[];
      BEGIN
        IF TG_OP = 'INSERT' THEN
          INSERT INTO audit_logs (id, action, table_name, record_id, new_values, changed_by, actor_email, actor_roles, source,
            ip_address, user_agent, request_id, route, reason, notes)
          SELECT n.audit_ref, 'CREATE', TG_TABLE_NAME, n.id,
            CASE WHEN secrets = '{}' THEN to_jsonb(n) - bookkeeping ELSE audit_mask(to_jsonb(n) - bookkeeping, secrets) END,
            (said ->> 'userId')::integer, said ->> 'email', (said ->> 'roles')::text[], coalesce(said ->> 'source', 'database'),
            (said ->> 'ipAddress')::inet, said ->> 'userAgent', said ->> 'requestId', said ->> 'route', said ->> 'reason', note
          FROM new_rows n;
          RETURN NULL;
        END IF;

        was := to_jsonb(OLD) - bookkeeping;
        IF TG_OP = 'UPDATE' THEN
          IF NEW.audit_ref = OLD.audit_ref THEN
            RETURN NULL;
          END IF;
          SELECT array_agg(f.key ORDER BY f.key), jsonb_object_agg(f.key, was -> f.key), jsonb_object_agg(f.key, f.value)
            INTO fields, was, now_is
          FROM jsonb_each(to_jsonb(NEW) - bookkeeping) AS f WHERE f.value IS DISTINCT FROM was -> f.key;
        END IF;
        IF secrets <> '{}' THEN
          was := audit_mask(was, secrets);
          now_is := audit_mask(now_is, secrets);
        END IF;
        INSERT INTO audit_logs (id, action, table_name, record_id, old_values, new_values, changed_fields, changed_by,
          actor_email, actor_roles, source, ip_address, user_agent, request_id, route, reason, notes)
        VALUES (
          CASE WHEN TG_OP = 'UPDATE' THEN NEW.audit_ref ELSE nextval('audit_logs_id_seq') END,
          CASE WHEN TG_OP = 'DELETE' OR was -> 'deleted_at' = 'null' AND now_is ? 'deleted_at' THEN 'DELETE'
               WHEN now_is -> 'deleted_at' = 'null' THEN 'RESTORE'
               ELSE 'UPDATE' END,
          TG_TABLE_NAME, OLD.id, was, now_is, fields,
          (said ->> 'userId')::integer, said ->> 'email', (said ->> 'roles')::text[], coalesce(said ->> 'source', 'database'),
          (said ->> 'ipAddress')::inet, said ->> 'userAgent', said ->> 'requestId', said ->> 'route', said ->> 'reason', note);
        RETURN NULL;
      END $$;

      -- Puts a table on the record. It must have the columns id, updated_at and audit_ref. "secrets" are columns whose
      -- values never reach an entry.
      CREATE FUNCTION audit_watch(watched regclass, secrets text[] DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        EXECUTE format('CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON %s
          FOR EACH ROW EXECUTE FUNCTION audit_touch()', watched);
        EXECUTE format('CREATE TRIGGER audit_capture_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
          FOR EACH STATEMENT EXECUTE FUNCTION audit_capture(%L)', watched, secrets);
        EXECUTE format('CREATE TRIGGER audit_capture_update AFTER UPDATE ON %s
          FOR EACH ROW EXECUTE FUNCTION audit_capture(%L)', watched, secrets);
        EXECUTE format('CREATE TRIGGER audit_capture_delete AFTER DELETE ON %s
          FOR EACH ROW EXECUTE FUNCTION audit_capture(%L)', watched, secrets);
        EXECUTE format('CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON %s
          FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()', watched);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER zz_audit_touch,
          ENABLE ALWAYS TRIGGER audit_capture_insert, ENABLE ALWAYS TRIGGER audit_capture_update,
          ENABLE ALWAYS TRIGGER audit_capture_delete, ENABLE ALWAYS TRIGGER audit_refuse_truncate', watched);
      END $$;
    `);

    await runner.query(`
      -- What the application's role may do: everything with records, INSERT and SELECT alone with entries.
      CREATE FUNCTION grant_application(application name) RETURNS void LANGUAGE plpgsql AS $$
      DECLARE
        entry record;
      BEGIN
        IF application = current_user THEN
          RETURN;
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), application);
        FOR entry IN
          SELECT c.oid::regclass AS relation, c.relkind, (c.relname LIKE 'audit\\_logs%') AS ledger
          FROM pg_class c
          WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'S')
            AND c.relname NOT IN ('migrations', 'migrations_id_seq')
            AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        LOOP
          IF entry.relkind = 'S' THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', entry.relation, application);
          ELSIF entry.ledger THEN
            EXECUTE format('REVOKE ALL ON %s FROM %I', entry.relation, application);
            IF entry.relkind = 'p' THEN
              EXECUTE format('GRANT SELECT, INSERT ON %s TO %I', entry.relation, application);
            END IF;
          ELSE
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', entry.relation, application);
          END IF;
        END LOOP;
      END $$;

      REVOKE EXECUTE ON FUNCTION audit_make_partitions, audit_watch, grant_application FROM PUBLIC;
      SELECT audit_make_partitions();
    `);
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
