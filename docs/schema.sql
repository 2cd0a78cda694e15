-- The schema that the migrations make of an empty database, as PostgreSQL itself describes it. To be read, not run: the
-- migrations are what counts. Made by `npm run generate`; a spec compares it with a migrated database.
--
-- audit_logs has a partition for each month, made by audit_make_partitions(). They are all alike and stand here as one,
-- audit_logs_YYYY_MM.

CREATE EXTENSION pg_trgm;

CREATE SEQUENCE audit_logs_id_seq AS bigint;
CREATE SEQUENCE migrations_id_seq AS integer;
CREATE SEQUENCE students_student_number_seq AS bigint;

CREATE OR REPLACE FUNCTION public.account_changed()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      DECLARE
        changed jsonb := coalesce(to_jsonb(NEW), to_jsonb(OLD));
      BEGIN
        INSERT INTO account_versions AS v (user_id, version)
        VALUES (coalesce(changed ->> 'user_id', changed ->> 'id')::integer,
          (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        ON CONFLICT (user_id) DO UPDATE SET version = greatest(v.version + 1, excluded.version);
        RETURN NULL;
      END $function$
;

CREATE OR REPLACE FUNCTION public.applied_migrations()
 RETURNS SETOF text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
        SELECT name::text FROM migrations
      $function$
;

CREATE OR REPLACE FUNCTION public.audit_append(entries json)
 RETURNS integer[]
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET lock_timeout TO '500ms'
 SET search_path TO 'public', 'pg_temp'
AS $function$
          DECLARE
            outdated integer[];
          BEGIN
            WITH e AS MATERIALIZED (
              SELECT e.*,
                coalesce(("changedAtUs" IS NULL OR CASE "tableName" WHEN 'members' THEN (SELECT t.audit_ref = "recordVersion" AND changed_at_us(t.updated_at) = "changedAtUs"
            FROM members t WHERE t.id = "recordId") WHEN 'organizations' THEN (SELECT t.audit_ref = "recordVersion" AND changed_at_us(t.updated_at) = "changedAtUs"
            FROM organizations t WHERE t.id = "recordId") END)
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
          END $function$
;
REVOKE EXECUTE ON FUNCTION audit_append(json) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_capture()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET lock_timeout TO '500ms'
 SET search_path TO 'public', 'pg_temp'
AS $function$
      DECLARE
        said jsonb := nullif(current_setting('ip2a.context', true), '')::jsonb;
        secrets text[] := coalesce(TG_ARGV[0], '{}')::text[];
        note text := CASE WHEN said IS NULL THEN 'database role ' || session_user END;
        bookkeeping constant text[] := '{audit_ref,updated_at}';
        was jsonb;
        now_is jsonb;
        fields text[];
        version bigint;
      BEGIN
        IF TG_OP = 'INSERT' THEN
          INSERT INTO audit_logs (id, action, table_name, record_id, new_values, changed_by, actor_email, actor_roles, source,
            ip_address, user_agent, request_id, route, reason, notes)
          SELECT n.audit_ref, 'CREATE', TG_TABLE_NAME, n.id,
            CASE WHEN secrets = '{}' THEN to_jsonb(n) - bookkeeping ELSE audit_mask(to_jsonb(n) - bookkeeping, secrets) END,
            (said ->> 'userId')::integer, said ->> 'email', (said ->> 'roles')::text[], coalesce(said ->> 'source', 'database'),
            (said ->> 'ipAddress')::inet, said ->> 'userAgent', said ->> 'requestId', said ->> 'route', said ->> 'reason', note
          FROM new_rows n;
        ELSE
          IF TG_OP = 'UPDATE' THEN
            IF NEW.audit_ref = OLD.audit_ref THEN
              RETURN NULL;
            END IF;
            was := to_jsonb(OLD);
            SELECT array_agg(f.key ORDER BY f.key), jsonb_object_agg(f.key, was -> f.key), jsonb_object_agg(f.key, f.value)
              INTO fields, was, now_is
            FROM jsonb_each(to_jsonb(NEW)) AS f WHERE f.value IS DISTINCT FROM was -> f.key AND f.key <> ALL (bookkeeping);
          ELSE
            was := to_jsonb(OLD) - bookkeeping;
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
        END IF;
        -- After the entry, which may have waited for the ledger.
        IF said IS NOT NULL THEN
          IF clock_timestamp() - statement_timestamp() > (said ->> 'budgetMs')::integer * interval '1 millisecond' THEN
            RAISE EXCEPTION 'the request was given up before its change was made' USING ERRCODE = 'query_canceled';
          END IF;
          IF said ? 'accountId' THEN
            SELECT v.version INTO version FROM account_versions v WHERE v.user_id = (said ->> 'accountId')::integer;
            IF coalesce(version, 0) IS DISTINCT FROM (said ->> 'accountVersion')::bigint
              OR (said ->> 'accountEndsAt')::float8 <= extract(epoch FROM statement_timestamp()) THEN
              RAISE EXCEPTION 'the rights of the account were changed before its change was made' USING ERRCODE = 'IP2A1';
            END IF;
          END IF;
        END IF;
        RETURN NULL;
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_capture() FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_clear_disowned()
 RETURNS SETOF bigint
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ UPDATE disowned_seals SET cleared_at = clock_timestamp() WHERE cleared_at IS NULL RETURNING seq $function$
;
REVOKE EXECUTE ON FUNCTION audit_clear_disowned() FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_cosign(of_seq bigint, by_witness text, signed_line text)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
        INSERT INTO audit_cosignatures (seq, witness, line) VALUES (of_seq, by_witness, signed_line) ON CONFLICT DO NOTHING
      $function$
;
REVOKE EXECUTE ON FUNCTION audit_cosign(bigint,text,text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_disown(rows bigint[])
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$ INSERT INTO disowned_seals (seq) SELECT r FROM unnest(rows) AS r ON CONFLICT DO NOTHING $function$
;
REVOKE EXECUTE ON FUNCTION audit_disown(bigint[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_drop_released(stored integer[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '200ms'
AS $function$
      BEGIN
        IF EXISTS (SELECT FROM unnest(stored) AS id WHERE id NOT IN (SELECT a.id FROM archives a WHERE state = 'archived')) THEN
          RAISE EXCEPTION 'Not all of these are archived' USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        EXECUTE format('DROP TABLE IF EXISTS %I', format('audit_logs_released_%s', stored[1]));
        UPDATE archives SET dropped_at = now() WHERE id = ANY (stored) AND dropped_at IS NULL;
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_drop_released(integer[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_entries_about(tables text[], ids bigint[], sinces timestamp with time zone[], untils timestamp with time zone[], first_at timestamp with time zone, end_at timestamp with time zone, before_at timestamp with time zone, before_id bigint, most integer)
 RETURNS SETOF audit_logs
 LANGUAGE plpgsql
 STABLE ROWS 20
 SET plan_cache_mode TO 'force_generic_plan'
 SET max_parallel_workers_per_gather TO '0'
 SET search_path TO 'public', 'pg_temp'
AS $function$
      BEGIN
        RETURN QUERY
        -- Found by what they showed alone, before time and order are looked at: by time every entry of every list would be found.
        WITH listed AS MATERIALIZED (
          SELECT l.* FROM audit_logs l
          WHERE l.record_ids IS NOT NULL AND audit_shown_keys(l.table_name, l.record_ids) && (
              SELECT array_agg(k.key) FROM (
                SELECT o.table_name, array_agg(o.id) AS ids FROM unnest(tables, ids) AS o (table_name, id) GROUP BY o.table_name
              ) o CROSS JOIN unnest(audit_shown_keys(o.table_name, o.ids)) AS k (key))
            AND EXISTS (
              SELECT FROM unnest(tables, ids, sinces, untils) AS o (table_name, id, since, until)
              WHERE o.table_name = l.table_name AND o.id = ANY (l.record_ids) AND l.changed_at BETWEEN o.since AND o.until)
        ), told AS (
          SELECT l.* FROM listed l WHERE l.notes IS NULL OR l.notes !~ 'part \d+ of ([0-9a-f]{16})'
          UNION ALL
          (SELECT DISTINCT ON (substring(l.notes FROM 'part \d+ of ([0-9a-f]{16})')) l.* FROM listed l
           WHERE l.notes ~ 'part \d+ of ([0-9a-f]{16})' AND l.changed_at >= coalesce(first_at, '-infinity')
           ORDER BY substring(l.notes FROM 'part \d+ of ([0-9a-f]{16})'), l.changed_at, l.id)
        )
        SELECT e.* FROM (
          SELECT e.* FROM unnest(tables, ids, sinces, untils) AS o (table_name, id, since, until) CROSS JOIN LATERAL (
            SELECT l.* FROM audit_logs l
            WHERE l.table_name = o.table_name AND l.record_id = o.id AND l.changed_at BETWEEN o.since AND o.until
              AND l.changed_at >= coalesce(first_at, '-infinity') AND l.changed_at < coalesce(end_at, 'infinity')
              AND (l.changed_at, l.id) < (coalesce(before_at, 'infinity'), coalesce(before_id, 0))
            ORDER BY l.changed_at DESC, l.id DESC LIMIT most) e
          UNION ALL
          SELECT l.* FROM told l
          WHERE l.changed_at >= coalesce(first_at, '-infinity') AND l.changed_at < coalesce(end_at, 'infinity')
            AND (l.changed_at, l.id) < (coalesce(before_at, 'infinity'), coalesce(before_id, 0))
        ) e ORDER BY e.changed_at DESC, e.id DESC LIMIT most;
      END $function$
;

CREATE OR REPLACE FUNCTION public.audit_leaf_index(entry_txid xid8, entry_id bigint)
 RETURNS bigint
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
        SELECT s.tree_size - s.entry_count + array_position(s.entry_ids, entry_id) - 1
        FROM audit_seals s WHERE s.entry_count > 0 AND s.seq NOT IN (SELECT d.seq FROM disowned_seals d) AND (s.last_txid, s.last_id) >= (entry_txid, entry_id)
        ORDER BY s.last_txid, s.last_id LIMIT 1
      $function$
;

CREATE OR REPLACE FUNCTION public.audit_make_append(cached_tables text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      BEGIN
        EXECUTE format($create$
          CREATE OR REPLACE FUNCTION audit_append(entries json) RETURNS integer[] LANGUAGE plpgsql
            SECURITY DEFINER SET lock_timeout = '500ms' SET search_path = public, pg_temp
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
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_make_append(text[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_make_month(made timestamp without time zone)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      DECLARE
        partition text := to_char(made, '"audit_logs_"YYYY_MM');
      BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF audit_logs FOR VALUES FROM (%L) TO (%L)', partition,
          made::text || '+00', (made + interval '1 month')::text || '+00');
        EXECUTE format('CREATE TRIGGER audit_logs_refuse_truncate BEFORE TRUNCATE ON %I
          FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()', partition);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER audit_logs_refuse_truncate', partition);
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_make_month(timestamp without time zone) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_make_partitions(months_ahead integer DEFAULT 4)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
      DECLARE
        month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
        made integer := 0;
      BEGIN
        PERFORM pg_advisory_xact_lock(4927002);
        FOR step IN 0 .. least(months_ahead, 24) LOOP
          IF to_regclass(to_char(month, '"audit_logs_"YYYY_MM')) IS NULL THEN
            PERFORM audit_make_month(month);
            made := made + 1;
          END IF;
          month := month + interval '1 month';
        END LOOP;
        RETURN made;
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_make_partitions(integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_mask(shown jsonb, secrets text[])
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
      SELECT shown || coalesce((SELECT jsonb_object_agg(secret, '[redacted] sha256:' || left(encode(sha256(convert_to(shown ->> secret, 'UTF8')), 'hex'), 32)) FROM unnest(secrets) AS secret
        WHERE shown -> secret <> 'null'), '{}')
    $function$
;

CREATE OR REPLACE FUNCTION public.audit_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      BEGIN
        RAISE EXCEPTION '% of % is refused: entries and audited tables are never rewritten wholesale', TG_OP, TG_TABLE_NAME
          USING ERRCODE = 'integrity_constraint_violation';
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_refuse() FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_refuse_claim(action text)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      BEGIN
        RAISE EXCEPTION 'the database alone writes entries of changes: % is refused', action
          USING ERRCODE = 'insufficient_privilege';
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_refuse_claim(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_refuse_old_sealer()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      BEGIN
        IF current_setting('ip2a.entry_form', true) IS DISTINCT FROM '2' AND EXISTS (
            SELECT FROM audit_logs WHERE id = ANY (NEW.entry_ids) AND num_nonnulls(record_version, record_versions) > 0) THEN
          RAISE EXCEPTION 'a newer process seals entries that name versions of records'
            USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        RETURN NEW;
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_refuse_old_sealer() FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_release_month(released date, stored integer[])
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET lock_timeout TO '200ms'
AS $function$
      DECLARE
        partition text := to_char(released, '"audit_logs_"YYYY_MM');
        kept text := format('audit_logs_released_%s', stored[1]);
        last record;
        has_more boolean;
        stayed bigint := 0;
      BEGIN
        IF NOT EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'audit_logs'::regclass AND c.relname = partition) THEN
          RAISE EXCEPTION '% is no month of the ledger', partition USING ERRCODE = 'invalid_parameter_value';
        END IF;
        IF (SELECT array_agg(id ORDER BY id) FROM archives WHERE month = released AND state IN ('exporting', 'stored'))
            IS DISTINCT FROM (SELECT array_agg(id ORDER BY id) FROM unnest(stored) AS id)
          OR EXISTS (SELECT FROM archives WHERE id = ANY (stored) AND state <> 'stored') THEN
          RAISE EXCEPTION '% is not stored as a whole', partition USING ERRCODE = 'object_not_in_prerequisite_state';
        END IF;
        SELECT through_txid AS txid, through_id AS id INTO last FROM archives WHERE id = ANY (stored)
          ORDER BY through_txid DESC, through_id DESC LIMIT 1;
        LOCK TABLE ONLY audit_logs IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', partition);
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE (txid, id) > ($1::text::xid8, $2))', partition)
          INTO has_more USING last.txid, last.id;
        EXECUTE format('ALTER TABLE audit_logs DETACH PARTITION %I', partition);
        EXECUTE format('ALTER TABLE %I RENAME TO %I', partition, kept);
        -- What was cloned from the parent went with it.
        EXECUTE format('CREATE TRIGGER audit_logs_refuse_change BEFORE UPDATE OR DELETE ON %I
          FOR EACH ROW EXECUTE FUNCTION audit_refuse()', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER audit_logs_refuse_change', kept);
        IF has_more OR released + interval '1 month' > now() AT TIME ZONE 'UTC' THEN
          PERFORM audit_make_month(released::timestamp);
          EXECUTE format('INSERT INTO audit_logs SELECT * FROM %I WHERE (txid, id) > ($1::text::xid8, $2)', kept)
            USING last.txid, last.id;
          GET DIAGNOSTICS stayed = ROW_COUNT;
        END IF;
        UPDATE archives SET state = 'archived', archived_at = now() WHERE id = ANY (stored);
        RETURN stayed;
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_release_month(date,integer[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_seal(after_seq bigint, root bytea, frontier bytea, checkpoint text, below xid8, entry_ids bigint[], leaf_hashes bytea, node_levels smallint[], node_indexes bigint[], node_hashes bytea[])
 RETURNS TABLE(seq bigint, sealed_at timestamp with time zone, last_txid text, last_id text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
 SET enable_sort TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
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
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_seal(bigint,bytea,bytea,text,xid8,bigint[],bytea,smallint[],bigint[],bytea[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_shown_keys(table_name text, record_ids bigint[])
 RETURNS bigint[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$ SELECT array_agg((hashtext(table_name)::bigint << 32) # id) FROM unnest(record_ids) AS id $function$
;

CREATE OR REPLACE FUNCTION public.audit_touch()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_touch() FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_watch(watched regclass, secrets text[] DEFAULT '{}'::text[])
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_watch(regclass,text[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.changed_at_us(updated_at timestamp with time zone)
 RETURNS bigint
 LANGUAGE sql
 STABLE
AS $function$
        SELECT (date_part('epoch', updated_at) * 1000000)::bigint
      $function$
;

CREATE OR REPLACE FUNCTION public.fold_text(t text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
      BEGIN
        IF octet_length(t) > char_length(t) THEN
          t := regexp_replace(normalize(t, NFKD) COLLATE "C", '[\U000000ab\U000000ad\U000000b7\U000000bb\U00000241-\U00000242\U00000294-\U00000295\U000002a1\U000002b9-\U000002d6\U000002de-\U000002df\U000002e5-\U000002ff\U00000375\U0000055a-\U0000055b\U0000055d-\U0000055e\U000005f3-\U000005f4\U00000600-\U00000605\U0000061c\U00000640\U000006dd\U0000070f\U000007f4-\U000007f5\U000007fa\U00000888\U00000890-\U00000891\U000008e2\U0000115f-\U00001160\U0000180e\U0000200b-\U0000200f\U00002018-\U0000201f\U00002027\U0000202a-\U0000202e\U00002032\U00002035\U00002038-\U0000203a\U00002060-\U00002064\U00002066-\U0000206f\U0000a700-\U0000a716\U0000a720-\U0000a721\U0000a789-\U0000a78c\U0000ab5b\U0000ab6a-\U0000ab6b\U0000fbb2-\U0000fbc2\U0000fff9-\U0000fffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U0001f3fb-\U0001f3ff\U000e0001\U000e0020-\U000e007f]+| ?[\U00000300-\U0000033f\U00000342\U00000345-\U0000036f\U00000483-\U00000489\U00000591-\U000005bd\U000005bf\U000005c1-\U000005c2\U000005c4-\U000005c5\U000005c7\U00000610-\U0000061a\U0000064b-\U0000065f\U00000670\U000006d6-\U000006dc\U000006df-\U000006e4\U000006e7-\U000006e8\U000006ea-\U000006ed\U00000711\U00000730-\U0000074a\U000007eb-\U000007f3\U000007fd\U00000816-\U00000819\U0000081b-\U00000823\U00000825-\U00000827\U00000829-\U0000082d\U00000859-\U0000085b\U00000897-\U0000089f\U000008ca-\U000008e1\U000008e3-\U00000903\U0000093c\U0000094d\U00000951-\U00000954\U00000981-\U00000983\U000009bc\U000009cd\U000009fe\U00000a01-\U00000a03\U00000a3c\U00000a4d\U00000a70-\U00000a71\U00000a81-\U00000a83\U00000abc\U00000acd\U00000afa-\U00000aff\U00000b01-\U00000b03\U00000b3c\U00000b4d\U00000b55\U00000b82\U00000bcd\U00000c00-\U00000c04\U00000c3c\U00000c4d\U00000c55-\U00000c56\U00000c81-\U00000c83\U00000cbc\U00000ccd\U00000cf3\U00000d00-\U00000d03\U00000d3b-\U00000d3c\U00000d4d\U00000d81-\U00000d83\U00000dca\U00000e38-\U00000e3a\U00000e47-\U00000e4e\U00000eb8-\U00000eba\U00000ec8-\U00000ece\U00000f18-\U00000f19\U00000f35\U00000f37\U00000f39\U00000f3e-\U00000f3f\U00000f71-\U00000f72\U00000f74\U00000f7a-\U00000f80\U00000f82-\U00000f84\U00000f86-\U00000f87\U00000fc6\U00001036-\U0000103a\U0000108d\U0000135d-\U0000135f\U00001714-\U00001715\U00001734\U000017b4-\U000017b5\U000017c6-\U000017d3\U000017dd\U0000180b-\U0000180d\U0000180f\U000018a9\U00001939-\U0000193b\U00001a17-\U00001a18\U00001a60\U00001a74-\U00001a7c\U00001a7f\U00001ab0-\U00001add\U00001ae0-\U00001aeb\U00001b00-\U00001b04\U00001b34\U00001b44\U00001b6b-\U00001b73\U00001b80-\U00001b82\U00001baa-\U00001bab\U00001be6\U00001bf2-\U00001bf3\U00001c37\U00001cd0-\U00001cd2\U00001cd4-\U00001ce8\U00001ced\U00001cf4\U00001cf7-\U00001cf9\U00001dc0-\U00001dff\U000020d0-\U000020f0\U00002cef-\U00002cf1\U00002d7f\U00002de0-\U00002dff\U0000302a-\U0000302f\U00003099-\U0000309a\U0000a66f-\U0000a672\U0000a674-\U0000a67d\U0000a69e-\U0000a69f\U0000a6f0-\U0000a6f1\U0000a806\U0000a80b\U0000a82c\U0000a880-\U0000a881\U0000a8c4-\U0000a8c5\U0000a8e0-\U0000a8f1\U0000a92b-\U0000a92d\U0000a953\U0000a980-\U0000a983\U0000a9b3\U0000a9c0\U0000aab0\U0000aab2-\U0000aab4\U0000aab7-\U0000aab8\U0000aabe-\U0000aabf\U0000aac1\U0000aaf6\U0000abec-\U0000abed\U0000fb1e\U0000fe00-\U0000fe0f\U0000fe20-\U0000fe2f\U000101fd\U000102e0\U00010376-\U0001037a\U00010a0d-\U00010a0f\U00010a38-\U00010a3a\U00010a3f\U00010ae5-\U00010ae6\U00010d24-\U00010d27\U00010d69-\U00010d6d\U00010eab-\U00010eac\U00010efa-\U00010eff\U00010f46-\U00010f50\U00010f82-\U00010f85\U00011000-\U00011002\U00011046\U00011070\U0001107f-\U00011082\U000110b9-\U000110ba\U00011100-\U00011102\U00011133-\U00011134\U00011173\U00011180-\U00011182\U000111c0\U000111c9-\U000111cc\U000111cf\U00011234-\U00011237\U0001123e\U000112df\U000112e9-\U000112ea\U00011300-\U00011303\U0001133b-\U0001133c\U0001134d\U00011366-\U0001136c\U00011370-\U00011374\U000113ca\U000113cc-\U000113d0\U000113d2\U000113e1-\U000113e2\U00011442-\U00011446\U0001145e\U000114bf-\U000114c3\U000115bc-\U000115c0\U0001163d-\U00011640\U000116ab-\U000116ac\U000116b6-\U000116b7\U0001172b\U00011837-\U0001183a\U0001193b-\U0001193e\U00011943\U000119de-\U000119e0\U00011a33-\U00011a39\U00011a47\U00011a96-\U00011a99\U00011c3c-\U00011c3f\U00011cb5-\U00011cb6\U00011d40-\U00011d45\U00011d95-\U00011d97\U00011f00-\U00011f01\U00011f03\U00011f41-\U00011f42\U00011f5a\U00013440\U00013447-\U00013455\U0001612d\U0001612f\U00016af0-\U00016af4\U00016b30-\U00016b36\U00016fe4\U00016ff0-\U00016ff1\U0001bc9d-\U0001bc9e\U0001cf00-\U0001cf2d\U0001cf30-\U0001cf46\U0001d165-\U0001d169\U0001d16d-\U0001d172\U0001d17b-\U0001d182\U0001d185-\U0001d18b\U0001d1aa-\U0001d1ad\U0001d242-\U0001d244\U0001da00-\U0001da36\U0001da3b-\U0001da6c\U0001da75\U0001da84\U0001da9b-\U0001da9f\U0001daa1-\U0001daaf\U0001e000-\U0001e006\U0001e008-\U0001e018\U0001e01b-\U0001e021\U0001e023-\U0001e024\U0001e026-\U0001e02a\U0001e08f\U0001e130-\U0001e136\U0001e2ae\U0001e2ec-\U0001e2ef\U0001e4ec-\U0001e4ef\U0001e5ee-\U0001e5ef\U0001e6e3\U0001e6e6\U0001e6ee-\U0001e6ef\U0001e6f5\U0001e8d0-\U0001e8d6\U0001e944-\U0001e94a\U000e0100-\U000e01ef]+', '', 'g');
          IF octet_length(t) > char_length(t) THEN
            t := string_agg(coalesce(folded ->> letter, letter), '' ORDER BY place)
              FROM (SELECT '{"ß":"ss","æ":"ae","þ":"th","œ":"oe","ɶ":"oe","ꝏ":"oo","ꝥ":"th","ꝧ":"th","𑎃":"𑎃","𑎅":"𑎅","𑎎":"𑎎","𑎑":"𑎑","𑏅":"𑏅","𑏇":"𑏇","𑏈":"𑏈","𖄡":"𖄡","𖄢":"𖄢","𖄣":"𖄣","𖄤":"𖄤","𖄥":"𖄥","𖄦":"𖄦","𖄧":"𖄧","𖄨":"𖄨","𖵨":"𖵨","𖵩":"𖵩","𖵪":"𖵪","Æ":"ae","Ð":"d","Ø":"o","Þ":"th","ð":"d","ø":"o","Đ":"d","đ":"d","Ħ":"h","ħ":"h","ı":"i","ĸ":"q","Ł":"l","ł":"l","Ŋ":"n","ŋ":"n","Œ":"oe","Ŧ":"t","ŧ":"t","ƀ":"b","Ɓ":"b","Ƃ":"b","ƃ":"b","Ƅ":"ƅ","Ɔ":"o","Ƈ":"c","ƈ":"c","Ɖ":"d","Ɗ":"d","Ƌ":"d","ƌ":"d","Ǝ":"e","Ə":"e","Ɛ":"e","Ƒ":"f","ƒ":"f","Ɠ":"g","Ɣ":"g","Ɩ":"i","Ƙ":"k","Ɨ":"i","ƙ":"k","ƚ":"l","Ɯ":"u","Ɲ":"n","ƞ":"n","Ɵ":"o","Ƣ":"ƣ","Ƥ":"p","Ʀ":"r","ƥ":"p","Ƨ":"ƨ","Ʃ":"ʃ","ƫ":"t","Ƭ":"t","ƭ":"t","Ʈ":"t","Ʊ":"u","Ʋ":"v","Ƴ":"y","ƴ":"y","Ƶ":"z","ƶ":"z","Ʒ":"z","Ƹ":"ƹ","ƺ":"z","Ƽ":"ƽ","ƾ":"ʖ","ǝ":"e","Ǥ":"g","ǥ":"g","Ƕ":"ƕ","Ƿ":"ƿ","Ȝ":"ȝ","Ƞ":"n","ȡ":"d","Ȣ":"ȣ","Ȥ":"z","ȥ":"z","ȴ":"l","ȵ":"n","ȶ":"t","ȷ":"j","Ⱥ":"a","ȼ":"c","Ȼ":"c","Ƚ":"l","Ⱦ":"t","ȿ":"s","ɀ":"z","Ƀ":"b","Ʉ":"u","Ʌ":"ʌ","Ɇ":"e","ɇ":"e","Ɉ":"j","ɉ":"j","Ɋ":"q","ɋ":"q","Ɍ":"r","ɍ":"r","Ɏ":"y","ɏ":"y","ɓ":"b","ɔ":"o","ɕ":"c","ɖ":"d","ɗ":"d","ə":"e","ɚ":"e","ɛ":"e","ɝ":"ɜ","ɟ":"j","ɠ":"g","ɡ":"g","ɢ":"g","ɣ":"g","ɦ":"h","ɧ":"h","ɨ":"i","ɩ":"i","ɪ":"i","ɫ":"l","ɬ":"l","ɭ":"l","ɯ":"u","ɰ":"u","ɱ":"m","ɲ":"n","ɳ":"n","ɴ":"n","ɵ":"o","ɺ":"ɹ","ɻ":"ɹ","ɼ":"r","ɽ":"r","ɾ":"r","ʀ":"r","ʂ":"s","ʄ":"j","ʆ":"ʃ","ʈ":"t","ʉ":"u","ʊ":"u","ʋ":"v","ʏ":"y","ʐ":"z","ʑ":"z","ʒ":"z","ʓ":"z","ʙ":"b","ʛ":"g","ʜ":"h","ʝ":"j","ʟ":"l","ʠ":"q","ʥ":"ʣ","ʮ":"ɥ","ʯ":"ɥ","Ͱ":"ͱ","Ͳ":"ͳ","Ͷ":"ͷ","Ϳ":"ϳ","Α":"α","Β":"β","Γ":"γ","Δ":"δ","Ε":"ε","Ζ":"ζ","Η":"η","Θ":"θ","Ι":"ι","Κ":"κ","Λ":"λ","Μ":"μ","Ν":"ν","Ξ":"ξ","Ο":"ο","Π":"π","Ρ":"ρ","Σ":"σ","Τ":"τ","Υ":"υ","Φ":"φ","Χ":"χ","Ψ":"ψ","Ω":"ω","ς":"σ","Ϗ":"ϗ","Ϙ":"ϙ","Ϛ":"ϛ","Ϝ":"ϝ","Ϟ":"ϟ","Ϡ":"ϡ","Ϣ":"ϣ","Ϥ":"ϥ","Ϧ":"ϧ","Ϩ":"ϩ","Ϫ":"ϫ","Ϭ":"ϭ","Ϯ":"ϯ","Ϸ":"ϸ","Ϻ":"ϻ","Ͻ":"ͻ","Ͼ":"ͼ","Ͽ":"ͽ","Ђ":"ђ","Є":"е","Ѕ":"ѕ","І":"и","Ј":"ј","Љ":"љ","Њ":"њ","Ћ":"ћ","Џ":"џ","А":"а","В":"в","Д":"д","Ж":"ж","И":"и","К":"к","М":"м","О":"о","Р":"р","Т":"т","Ф":"ф","Ц":"ц","Ш":"ш","Ъ":"ъ","Ь":"ь","Ю":"ю","Б":"б","Г":"г","Е":"е","З":"з","Л":"л","Н":"н","П":"п","С":"с","У":"у","Х":"х","Ч":"ч","Щ":"щ","Ы":"ы","Э":"э","Я":"я","є":"е","і":"и","Ѡ":"ѡ","Ѣ":"ѣ","Ѥ":"ѥ","Ѧ":"ѧ","Ѩ":"ѩ","Ѫ":"ѫ","Ѭ":"ѭ","Ѯ":"ѯ","Ѱ":"ѱ","Ѳ":"ѳ","Ѵ":"ѵ","Ѹ":"ѹ","Ѻ":"ѻ","Ѽ":"ѡ","ѽ":"ѡ","Ѿ":"ѿ","Ҁ":"ҁ","Ҋ":"и","ҋ":"и","Ҍ":"ҍ","Ҏ":"р","ҏ":"р","Ґ":"г","ґ":"г","Ғ":"г","ғ":"г","Ҕ":"г","ҕ":"г","Җ":"ж","җ":"ж","Ҙ":"з","ҙ":"з","Қ":"к","қ":"к","Ҝ":"к","ҝ":"к","Ҟ":"к","ҟ":"к","Ҡ":"ҡ","Ң":"н","ң":"н","Ҥ":"ҥ","Ҧ":"п","ҧ":"п","Ҩ":"ҩ","Ҫ":"с","ҫ":"с","Ҭ":"т","ҭ":"т","Ү":"у","ү":"у","Ұ":"у","Ҳ":"х","ұ":"у","ҳ":"х","Ҵ":"ҵ","Ҷ":"ч","ҷ":"ч","Ҹ":"ч","ҹ":"ч","Һ":"х","һ":"х","Ҽ":"ҽ","Ҿ":"ҽ","ҿ":"ҽ","Ӏ":"ӏ","Ӄ":"к","ӄ":"к","Ӆ":"л","ӆ":"л","ӈ":"н","Ӈ":"н","Ӊ":"н","ӊ":"н","Ӌ":"ӌ","Ӎ":"м","ӎ":"м","Ӕ":"ӕ","Ә":"а","ә":"а","Ӡ":"ӡ","Ө":"о","ө":"о","Ӷ":"г","ӷ":"г","Ӻ":"г","ӻ":"г","Ӽ":"х","ӽ":"х","Ӿ":"х","ӿ":"х","Ԁ":"ԁ","Ԃ":"ԃ","Ԅ":"ԅ","Ԇ":"ԇ","Ԉ":"ԉ","Ԋ":"ԋ","Ԍ":"ԍ","Ԏ":"ԏ","Ԑ":"ԑ","Ԓ":"л","ԓ":"л","Ԕ":"ԕ","Ԗ":"ԗ","Ԙ":"ԙ","Ԛ":"ԛ","Ԝ":"ԝ","Ԟ":"ԟ","Ԡ":"л","Ԣ":"н","Ԥ":"п","ԡ":"л","ԣ":"н","ԥ":"п","Ԧ":"х","ԧ":"х","Ԩ":"н","ԩ":"н","Ԫ":"ԫ","Ԭ":"ԭ","Ԯ":"л","ԯ":"л","Ա":"ա","Բ":"բ","Գ":"գ","Դ":"դ","Ե":"ե","Զ":"զ","Է":"է","Ը":"ը","Թ":"թ","Ժ":"ժ","Ի":"ի","Լ":"լ","Խ":"խ","Ծ":"ծ","Կ":"կ","Հ":"հ","Ձ":"ձ","Ղ":"ղ","Ճ":"ճ","Մ":"մ","Յ":"յ","Ն":"ն","Շ":"շ","Ո":"ո","Չ":"չ","Պ":"պ","Ջ":"ջ","Ռ":"ռ","Ս":"ս","Վ":"վ","Տ":"տ","Ր":"ր","Ց":"ց","Ւ":"ւ","Փ":"փ","Ք":"ք","Օ":"օ","Ֆ":"ֆ","ֈ":"յ","ך":"כ","ם":"מ","ן":"נ","ף":"פ","ץ":"צ","ة":"ه","ػ":"ك","ؼ":"ك","ؽ":"ي","ؾ":"ي","ؿ":"ي","ى":"ي","٠":"0","١":"1","٢":"2","٣":"3","٤":"4","٥":"5","٦":"6","٧":"7","٨":"8","٩":"9","ٱ":"ا","ٲ":"ا","ٳ":"ا","ټ":"ت","ٽ":"ت","ځ":"ح","ڂ":"ح","څ":"ح","ډ":"د","ڊ":"د","ڋ":"د","ڏ":"د","ڐ":"د","ڒ":"ر","ړ":"ر","ڔ":"ر","ڕ":"ر","ږ":"ر","ڗ":"ر","ڙ":"ر","ڛ":"س","ڝ":"ص","ڟ":"ط","ښ":"س","ڜ":"س","ڞ":"ص","ڠ":"ع","ڢ":"ف","ڣ":"ف","ڥ":"ف","ڧ":"ق","ڨ":"ق","ک":"ك","ڪ":"ك","ګ":"ك","ڬ":"ك","ڮ":"ك","ڰ":"گ","ڲ":"گ","ڴ":"گ","ڵ":"ل","ڶ":"ل","ڷ":"ل","ڹ":"ن","ڸ":"ل","ں":"ن","ڼ":"ن","ڽ":"ن","ھ":"ه","ڿ":"چ","ہ":"ه","ۃ":"ه","ۄ":"و","ۆ":"و","ۇ":"و","ۈ":"و","ۉ":"و","ۊ":"و","ی":"ي","ۋ":"و","ۍ":"ي","ێ":"ي","ۏ":"و","ۑ":"ي","ې":"ي","ے":"ي","ە":"ه","ۮ":"د","ۯ":"ر","۰":"0","۱":"1","۲":"2","۳":"3","۴":"4","۵":"5","۶":"6","۷":"7","۸":"8","۹":"9","ۺ":"ش","ۻ":"ض","ۼ":"غ","ۿ":"ه","ݐ":"ب","ݑ":"ب","ݒ":"ب","ݓ":"ب","ݔ":"ب","ݕ":"ب","ݖ":"ب","ݗ":"ح","ݙ":"د","ݛ":"ر","ݘ":"ح","ݚ":"د","ݜ":"س","ݝ":"ع","ݞ":"ع","ݟ":"ع","ݠ":"ف","ݢ":"ك","ݡ":"ف","ݣ":"ك","ݥ":"م","ݤ":"ك","ݦ":"م","ݧ":"ن","ݨ":"ن","ݩ":"ن","ݪ":"ل","ݫ":"ر","ݭ":"س","ݬ":"ر","ݮ":"ح","ݯ":"ح","ݰ":"س","ݱ":"ر","ݲ":"ح","ݳ":"ا","ݴ":"ا","ݵ":"ي","ݶ":"ي","ݷ":"ي","ݸ":"و","ݺ":"ي","ݹ":"و","ݻ":"ي","ݼ":"ح","ݽ":"س","ݾ":"س","ݿ":"ك","߀":"0","߁":"1","߂":"2","߃":"3","߄":"4","߅":"5","߆":"6","߇":"7","߈":"8","߉":"9","ࡰ":"ا","ࡱ":"ا","ࡲ":"ا","ࡳ":"ا","ࡴ":"ا","ࡵ":"ا","ࡶ":"ا","ࡷ":"ا","ࡸ":"ا","ࡹ":"ا","ࡺ":"ا","ࡻ":"ا","ࡼ":"ا","ࡽ":"ا","ࡾ":"ا","ࡿ":"ا","ࢀ":"ا","ࢁ":"ا","ࢂ":"ا","ࢉ":"ن","ࢊ":"ح","ࢋ":"ط","ࢌ":"ط","ࢍ":"ك","ࢠ":"ب","ࢡ":"ب","ࢢ":"ج","ࢣ":"ط","ࢤ":"ف","ࢥ":"ق","ࢦ":"ل","ࢧ":"م","ࢨ":"ي","ࢩ":"ي","ࢪ":"ر","ࢫ":"و","ࢮ":"د","ࢯ":"ص","ࢰ":"گ","ࢲ":"ز","ࢳ":"ع","ࢴ":"ك","ࢵ":"ق","ࢶ":"ب","ࢸ":"ت","ࢷ":"پ","ࢹ":"ر","ࢺ":"ي","ࢾ":"پ","ࢿ":"ت","ࣀ":"ٹ","ࣁ":"چ","ࣂ":"ك","ࣃ":"غ","ࣄ":"ࢼ","ࣅ":"ج","ࣆ":"ج","ࣇ":"ل","०":"0","१":"1","२":"2","३":"3","४":"4","५":"5","६":"6","७":"7","८":"8","९":"9","০":"0","১":"1","২":"2","৩":"3","৪":"4","৫":"5","৬":"6","৭":"7","৮":"8","৯":"9","੦":"0","੧":"1","੨":"2","੩":"3","੪":"4","੫":"5","੬":"6","੭":"7","੮":"8","੯":"9","૦":"0","૧":"1","૨":"2","૩":"3","૪":"4","૫":"5","૬":"6","૭":"7","૮":"8","૯":"9","୦":"0","୧":"1","୨":"2","୩":"3","୪":"4","୫":"5","୬":"6","୭":"7","୮":"8","୯":"9","௦":"0","௧":"1","௨":"2","௩":"3","௪":"4","௫":"5","௬":"6","௭":"7","௮":"8","௯":"9","౦":"0","౧":"1","౨":"2","౩":"3","౪":"4","౫":"5","౬":"6","౭":"7","౮":"8","౯":"9","೦":"0","೧":"1","೨":"2","೩":"3","೪":"4","೫":"5","೬":"6","೭":"7","೮":"8","೯":"9","൦":"0","൧":"1","൨":"2","൩":"3","൪":"4","൫":"5","൬":"6","൭":"7","൮":"8","൯":"9","෦":"0","෧":"1","෨":"2","෩":"3","෪":"4","෫":"5","෬":"6","෭":"7","෮":"8","෯":"9","๐":"0","๑":"1","๒":"2","๓":"3","๔":"4","๕":"5","๖":"6","๗":"7","๘":"8","๙":"9","໐":"0","໑":"1","໒":"2","໓":"3","໔":"4","໕":"5","໖":"6","໗":"7","໘":"8","໙":"9","༠":"0","༡":"1","༢":"2","༣":"3","༤":"4","༥":"5","༦":"6","༧":"7","༨":"8","༩":"9","၀":"0","၁":"1","၂":"2","၃":"3","၄":"4","၅":"5","၆":"6","၇":"7","၈":"8","၉":"9","႐":"0","႑":"1","႒":"2","႓":"3","႔":"4","႕":"5","႖":"6","႗":"7","႘":"8","႙":"9","Ⴀ":"ⴀ","Ⴁ":"ⴁ","Ⴂ":"ⴂ","Ⴃ":"ⴃ","Ⴄ":"ⴄ","Ⴅ":"ⴅ","Ⴆ":"ⴆ","Ⴇ":"ⴇ","Ⴈ":"ⴈ","Ⴉ":"ⴉ","Ⴊ":"ⴊ","Ⴋ":"ⴋ","Ⴌ":"ⴌ","Ⴍ":"ⴍ","Ⴎ":"ⴎ","Ⴏ":"ⴏ","Ⴐ":"ⴐ","Ⴑ":"ⴑ","Ⴒ":"ⴒ","Ⴓ":"ⴓ","Ⴔ":"ⴔ","Ⴕ":"ⴕ","Ⴖ":"ⴖ","Ⴗ":"ⴗ","Ⴘ":"ⴘ","Ⴙ":"ⴙ","Ⴚ":"ⴚ","Ⴛ":"ⴛ","Ⴜ":"ⴜ","Ⴝ":"ⴝ","Ⴞ":"ⴞ","Ⴟ":"ⴟ","Ⴠ":"ⴠ","Ⴡ":"ⴡ","Ⴢ":"ⴢ","Ⴣ":"ⴣ","Ⴤ":"ⴤ","Ⴥ":"ⴥ","Ⴧ":"ⴧ","Ⴭ":"ⴭ","Ꭰ":"ꭰ","Ꭱ":"ꭱ","Ꭲ":"ꭲ","Ꭳ":"ꭳ","Ꭴ":"ꭴ","Ꭵ":"ꭵ","Ꭶ":"ꭶ","Ꭷ":"ꭷ","Ꭸ":"ꭸ","Ꭹ":"ꭹ","Ꭺ":"ꭺ","Ꭻ":"ꭻ","Ꭼ":"ꭼ","Ꭽ":"ꭽ","Ꭾ":"ꭾ","Ꭿ":"ꭿ","Ꮀ":"ꮀ","Ꮁ":"ꮁ","Ꮂ":"ꮂ","Ꮃ":"ꮃ","Ꮄ":"ꮄ","Ꮅ":"ꮅ","Ꮆ":"ꮆ","Ꮇ":"ꮇ","Ꮈ":"ꮈ","Ꮉ":"ꮉ","Ꮊ":"ꮊ","Ꮋ":"ꮋ","Ꮌ":"ꮌ","Ꮍ":"ꮍ","Ꮎ":"ꮎ","Ꮏ":"ꮏ","Ꮐ":"ꮐ","Ꮑ":"ꮑ","Ꮒ":"ꮒ","Ꮓ":"ꮓ","Ꮔ":"ꮔ","Ꮕ":"ꮕ","Ꮖ":"ꮖ","Ꮗ":"ꮗ","Ꮘ":"ꮘ","Ꮙ":"ꮙ","Ꮚ":"ꮚ","Ꮛ":"ꮛ","Ꮜ":"ꮜ","Ꮝ":"ꮝ","Ꮞ":"ꮞ","Ꮟ":"ꮟ","Ꮠ":"ꮠ","Ꮡ":"ꮡ","Ꮢ":"ꮢ","Ꮣ":"ꮣ","Ꮤ":"ꮤ","Ꮥ":"ꮥ","Ꮦ":"ꮦ","Ꮧ":"ꮧ","Ꮨ":"ꮨ","Ꮩ":"ꮩ","Ꮪ":"ꮪ","Ꮫ":"ꮫ","Ꮬ":"ꮬ","Ꮭ":"ꮭ","Ꮮ":"ꮮ","Ꮯ":"ꮯ","Ꮰ":"ꮰ","Ꮱ":"ꮱ","Ꮲ":"ꮲ","Ꮳ":"ꮳ","Ꮴ":"ꮴ","Ꮵ":"ꮵ","Ꮶ":"ꮶ","Ꮷ":"ꮷ","Ꮸ":"ꮸ","Ꮹ":"ꮹ","Ꮺ":"ꮺ","Ꮻ":"ꮻ","Ꮼ":"ꮼ","Ꮽ":"ꮽ","Ꮾ":"ꮾ","Ꮿ":"ꮿ","Ᏸ":"ᏸ","Ᏹ":"ᏹ","Ᏺ":"ᏺ","Ᏻ":"ᏻ","Ᏼ":"ᏼ","Ᏽ":"ᏽ","០":"0","១":"1","២":"2","៣":"3","៤":"4","៥":"5","៦":"6","៧":"7","៨":"8","៩":"9","᠐":"0","᠑":"1","᠒":"2","᠓":"3","᠔":"4","᠕":"5","᠖":"6","᠗":"7","᠘":"8","᠙":"9","᥆":"0","᥇":"1","᥈":"2","᥉":"3","᥊":"4","᥋":"5","᥌":"6","᥍":"7","᥎":"8","᥏":"9","᧐":"0","᧑":"1","᧒":"2","᧓":"3","᧔":"4","᧕":"5","᧖":"6","᧗":"7","᧘":"8","᧙":"9","᪀":"0","᪁":"1","᪂":"2","᪃":"3","᪄":"4","᪅":"5","᪆":"6","᪇":"7","᪈":"8","᪉":"9","᪐":"0","᪑":"1","᪒":"2","᪓":"3","᪔":"4","᪕":"5","᪖":"6","᪗":"7","᪘":"8","᪙":"9","᭐":"0","᭑":"1","᭒":"2","᭓":"3","᭔":"4","᭕":"5","᭖":"6","᭗":"7","᭘":"8","᭙":"9","᮰":"0","᮱":"1","᮲":"2","᮳":"3","᮴":"4","᮵":"5","᮶":"6","᮷":"7","᮸":"8","᮹":"9","᱀":"0","᱁":"1","᱂":"2","᱃":"3","᱄":"4","᱅":"5","᱆":"6","᱇":"7","᱈":"8","᱉":"9","᱐":"0","᱑":"1","᱒":"2","᱓":"3","᱔":"4","᱕":"5","᱖":"6","᱗":"7","᱘":"8","᱙":"9","ᲀ":"в","ᲁ":"д","ᲂ":"о","ᲃ":"с","ᲄ":"т","ᲅ":"т","ᲆ":"ъ","ᲇ":"ѣ","ᲈ":"ꙋ","Ᲊ":"ᲊ","Ა":"ა","Ბ":"ბ","Გ":"გ","Დ":"დ","Ე":"ე","Ვ":"ვ","Ზ":"ზ","Თ":"თ","Ი":"ი","Კ":"კ","Ლ":"ლ","Მ":"მ","Ნ":"ნ","Ო":"ო","Პ":"პ","Ჟ":"ჟ","Რ":"რ","Ს":"ს","Ტ":"ტ","Უ":"უ","Ფ":"ფ","Ქ":"ქ","Ღ":"ღ","Ყ":"ყ","Შ":"შ","Ჩ":"ჩ","Ც":"ც","Ძ":"ძ","Წ":"წ","Ჭ":"ჭ","Ხ":"ხ","Ჯ":"ჯ","Ჰ":"ჰ","Ჱ":"ჱ","Ჲ":"ჲ","Ჳ":"ჳ","Ჴ":"ჴ","Ჵ":"ჵ","Ჶ":"ჶ","Ჷ":"ჷ","Ჸ":"ჸ","Ჹ":"ჹ","Ჺ":"ჺ","Ჽ":"ჽ","Ჾ":"ჾ","Ჿ":"ჿ","ᴀ":"a","ᴃ":"b","ᴄ":"c","ᴅ":"d","ᴆ":"d","ᴇ":"e","ᴊ":"j","ᴋ":"k","ᴌ":"l","ᴍ":"m","ᴏ":"o","ᴓ":"ᴑ","ᴘ":"p","ᴛ":"t","ᴜ":"u","ᴠ":"v","ᴡ":"w","ᴢ":"z","ᵬ":"b","ᵭ":"d","ᵮ":"f","ᵯ":"m","ᵰ":"n","ᵱ":"p","ᵳ":"r","ᵵ":"t","ᵲ":"r","ᵴ":"s","ᵶ":"z","ᵻ":"i","ᵼ":"i","ᵽ":"p","ᵾ":"u","ᵿ":"u","ᶀ":"b","ᶁ":"d","ᶂ":"f","ᶃ":"g","ᶄ":"k","ᶅ":"l","ᶆ":"m","ᶇ":"n","ᶈ":"p","ᶉ":"r","ᶊ":"s","ᶋ":"ʃ","ᶌ":"v","ᶍ":"x","ᶎ":"z","ᶏ":"a","ᶐ":"ɑ","ᶑ":"d","ᶒ":"e","ᶓ":"e","ᶔ":"ɜ","ᶕ":"e","ᶖ":"i","ᶗ":"o","ᶘ":"ʃ","ᶙ":"u","ᶚ":"z","ẜ":"s","ẝ":"s","ẞ":"ss","Ỻ":"ỻ","Ỽ":"v","ỽ":"v","Ỿ":"y","ỿ":"y","Ⅎ":"ⅎ","Ↄ":"ↄ","Ⰰ":"ⰰ","Ⰱ":"ⰱ","Ⰲ":"ⰲ","Ⰳ":"ⰳ","Ⰴ":"ⰴ","Ⰵ":"ⰵ","Ⰶ":"ⰶ","Ⰷ":"ⰷ","Ⰸ":"ⰸ","Ⰹ":"ⰹ","Ⰺ":"ⰺ","Ⰻ":"ⰻ","Ⰼ":"ⰼ","Ⰽ":"ⰽ","Ⰾ":"ⰾ","Ⰿ":"ⰿ","Ⱀ":"ⱀ","Ⱁ":"ⱁ","Ⱂ":"ⱂ","Ⱃ":"ⱃ","Ⱄ":"ⱄ","Ⱅ":"ⱅ","Ⱆ":"ⱆ","Ⱇ":"ⱇ","Ⱈ":"ⱈ","Ⱉ":"ⱉ","Ⱊ":"ⱊ","Ⱋ":"ⱋ","Ⱌ":"ⱌ","Ⱍ":"ⱍ","Ⱎ":"ⱎ","Ⱏ":"ⱏ","Ⱐ":"ⱐ","Ⱑ":"ⱑ","Ⱒ":"ⱒ","Ⱓ":"ⱓ","Ⱔ":"ⱔ","Ⱕ":"ⱕ","Ⱖ":"ⱖ","Ⱗ":"ⱗ","Ⱘ":"ⱘ","Ⱙ":"ⱙ","Ⱚ":"ⱚ","Ⱛ":"ⱛ","Ⱜ":"ⱜ","Ⱝ":"ⱝ","Ⱞ":"ⱞ","Ⱟ":"ⱟ","Ⱡ":"l","ⱡ":"l","Ɫ":"l","Ᵽ":"p","Ɽ":"r","ⱦ":"t","ⱥ":"a","Ⱨ":"h","ⱨ":"h","Ⱪ":"k","ⱪ":"k","Ⱬ":"z","ⱬ":"z","Ɑ":"ɑ","Ɱ":"m","Ɐ":"ɐ","Ɒ":"ɒ","ⱱ":"v","Ⱳ":"w","ⱳ":"w","ⱴ":"v","Ⱶ":"ⱶ","ⱸ":"e","ⱹ":"ɹ","ⱺ":"o","Ȿ":"s","Ɀ":"z","Ⲁ":"ⲁ","Ⲃ":"ⲃ","Ⲅ":"ⲅ","Ⲇ":"ⲇ","Ⲉ":"ⲉ","Ⲋ":"ⲋ","Ⲍ":"ⲍ","Ⲏ":"ⲏ","Ⲑ":"ⲑ","Ⲓ":"ⲓ","Ⲕ":"ⲕ","Ⲗ":"ⲗ","Ⲙ":"ⲙ","Ⲛ":"ⲛ","Ⲝ":"ⲝ","Ⲟ":"ⲟ","Ⲡ":"ⲡ","Ⲣ":"ⲣ","Ⲥ":"ⲥ","Ⲧ":"ⲧ","Ⲩ":"ⲩ","Ⲫ":"ⲫ","Ⲭ":"ⲭ","Ⲯ":"ⲯ","Ⲱ":"ⲱ","Ⲳ":"ⲳ","Ⲵ":"ⲵ","Ⲷ":"ⲷ","Ⲹ":"ⲹ","Ⲻ":"ⲻ","Ⲽ":"ⲽ","Ⲿ":"ⲿ","Ⳁ":"ⳁ","Ⳃ":"ⳃ","Ⳅ":"ⳅ","Ⳇ":"ⳇ","Ⳉ":"ⳉ","Ⳋ":"ⳋ","Ⳍ":"ⳍ","Ⳏ":"ⳏ","Ⳑ":"ⳑ","Ⳓ":"ⳓ","Ⳕ":"ⳕ","Ⳗ":"ⳗ","Ⳙ":"ⳙ","Ⳛ":"ⳛ","Ⳝ":"ⳝ","Ⳟ":"ⳟ","Ⳡ":"ⳡ","Ⳣ":"ⳣ","Ⳬ":"ⳬ","Ⳮ":"ⳮ","Ⳳ":"ⳳ","ァ":"ぁ","ィ":"ぃ","ゥ":"ぅ","ェ":"ぇ","ォ":"ぉ","カ":"か","キ":"き","ク":"く","ケ":"け","コ":"こ","サ":"さ","シ":"し","ス":"す","セ":"せ","ソ":"そ","タ":"た","チ":"ち","ッ":"っ","ア":"あ","イ":"い","ウ":"う","エ":"え","オ":"お","ツ":"つ","テ":"て","ト":"と","ナ":"な","ヌ":"ぬ","ノ":"の","ニ":"に","ネ":"ね","ハ":"は","ヒ":"ひ","フ":"ふ","ヘ":"へ","ホ":"ほ","マ":"ま","ミ":"み","ム":"む","メ":"め","モ":"も","ャ":"ゃ","ヤ":"や","ュ":"ゅ","ユ":"ゆ","ョ":"ょ","ヨ":"よ","ラ":"ら","リ":"り","ル":"る","レ":"れ","ロ":"ろ","ヮ":"ゎ","ワ":"わ","ヰ":"ゐ","ヱ":"ゑ","ヲ":"を","ン":"ん","ヵ":"ゕ","ヶ":"ゖ","ヽ":"ゝ","꘠":"0","꘡":"1","꘢":"2","꘣":"3","꘤":"4","꘥":"5","꘦":"6","꘧":"7","꘨":"8","꘩":"9","Ꙁ":"ꙁ","Ꙃ":"ꙃ","Ꙅ":"ꙅ","Ꙇ":"ꙇ","Ꙉ":"ꙉ","Ꙋ":"ꙋ","Ꙍ":"ꙍ","Ꙏ":"ꙏ","Ꙑ":"ы","ꙑ":"ы","Ꙓ":"ꙓ","Ꙕ":"ꙕ","Ꙗ":"ꙗ","Ꙙ":"ꙙ","Ꙛ":"ꙛ","Ꙝ":"ꙝ","Ꙟ":"ꙟ","Ꙡ":"ꙡ","Ꙣ":"ꙣ","Ꙥ":"ꙥ","Ꙧ":"ꙧ","Ꙩ":"ꙩ","Ꙫ":"ꙫ","Ꙭ":"ꙭ","Ꚁ":"ꚁ","Ꚃ":"ꚃ","Ꚅ":"ꚅ","Ꚇ":"ꚇ","Ꚉ":"ꚉ","Ꚋ":"т","ꚋ":"т","Ꚍ":"ꚍ","Ꚏ":"ꚏ","Ꚑ":"ꚑ","Ꚓ":"ꚓ","Ꚕ":"ꚕ","Ꚗ":"ꚗ","Ꚙ":"ꚙ","Ꚛ":"ꚛ","Ꜣ":"ꜣ","Ꜥ":"ꜥ","Ꜧ":"ꜧ","Ꜩ":"ꜩ","Ꜫ":"ꜫ","Ꜭ":"ꜭ","Ꜯ":"ꜭ","ꜯ":"ꜭ","ꜰ":"f","ꜱ":"s","Ꜳ":"ꜳ","Ꜵ":"ꜵ","Ꜷ":"ꜷ","Ꜹ":"ꜹ","Ꜻ":"ꜹ","ꜻ":"ꜹ","Ꜽ":"ꜽ","Ꜿ":"ↄ","ꜿ":"ↄ","Ꝁ":"k","ꝁ":"k","Ꝃ":"k","ꝃ":"k","Ꝅ":"k","ꝅ":"k","Ꝇ":"l","ꝇ":"l","Ꝉ":"l","ꝉ":"l","Ꝋ":"o","ꝋ":"o","Ꝍ":"o","ꝍ":"o","Ꝏ":"oo","Ꝑ":"p","ꝑ":"p","Ꝓ":"p","ꝓ":"p","Ꝕ":"p","ꝕ":"p","Ꝗ":"q","ꝗ":"q","Ꝙ":"q","ꝙ":"q","Ꝛ":"ꝛ","Ꝝ":"ꝝ","Ꝟ":"v","ꝟ":"v","Ꝡ":"ꝡ","Ꝣ":"ꝣ","Ꝥ":"th","Ꝧ":"th","Ꝩ":"ꝩ","Ꝫ":"ꝫ","Ꝭ":"ꝭ","Ꝯ":"ꝯ","ꝱ":"d","ꝲ":"l","ꝳ":"m","ꝴ":"n","ꝵ":"r","ꝷ":"t","ꝶ":"r","Ꝺ":"d","Ꝼ":"f","ꝺ":"d","ꝼ":"f","Ᵹ":"ᵹ","Ꝿ":"ꝿ","Ꞁ":"ꞁ","Ꞃ":"ꞃ","Ꞅ":"ꞅ","Ꞇ":"t","ꞇ":"t","Ɥ":"ɥ","ꞎ":"l","Ꞑ":"n","ꞑ":"n","Ꞓ":"c","ꞓ":"c","ꞔ":"c","ꞕ":"h","Ꞗ":"b","ꞗ":"b","Ꞙ":"f","ꞙ":"f","Ꞛ":"ꞛ","Ꞝ":"ꞝ","Ꞟ":"ꞟ","Ꞡ":"g","ꞡ":"g","Ꞣ":"k","ꞣ":"k","Ꞥ":"n","ꞥ":"n","Ꞧ":"r","ꞧ":"r","Ꞩ":"s","ꞩ":"s","Ɦ":"h","Ɜ":"ɜ","Ɡ":"g","Ɪ":"i","Ɬ":"l","Ʞ":"ʞ","Ʇ":"ʇ","Ʝ":"j","Ꭓ":"ꭓ","Ꞵ":"b","ꞵ":"b","Ꞷ":"ꞷ","Ꞹ":"u","ꞹ":"u","Ꞻ":"ꞻ","Ꞽ":"ꞽ","Ꞿ":"ꞿ","Ꟁ":"ꟁ","Ꟃ":"ꟃ","Ꞔ":"c","Ʂ":"s","Ᶎ":"z","Ꟈ":"d","ꟈ":"d","Ꟊ":"s","ꟊ":"s","Ɤ":"ɤ","Ꟍ":"ꟍ","꟎":"꟏","Ꟑ":"ꟑ","꟒":"ꟓ","꟔":"ꟕ","Ꟗ":"ꟗ","Ꟙ":"ꟙ","Ꟛ":"ꟛ","Ƛ":"ƛ","꟱":"s","Ꟶ":"ꟶ","꣐":"0","꣑":"1","꣒":"2","꣓":"3","꣔":"4","꣕":"5","꣖":"6","꣗":"7","꣘":"8","꣙":"9","꤀":"0","꤁":"1","꤂":"2","꤃":"3","꤄":"4","꤅":"5","꤆":"6","꤇":"7","꤈":"8","꤉":"9","꧐":"0","꧑":"1","꧒":"2","꧓":"3","꧔":"4","꧕":"5","꧖":"6","꧗":"7","꧘":"8","꧙":"9","꧰":"0","꧱":"1","꧲":"2","꧳":"3","꧴":"4","꧵":"5","꧶":"6","꧷":"7","꧸":"8","꧹":"9","꩐":"0","꩑":"1","꩒":"2","꩓":"3","꩔":"4","꩕":"5","꩖":"6","꩗":"7","꩘":"8","꩙":"9","ꬴ":"e","ꬶ":"g","ꬷ":"l","ꬸ":"l","ꬹ":"l","ꬺ":"m","ꬻ":"n","ꬼ":"n","ꬾ":"ꬽ","ꬿ":"o","ꭁ":"ᴔ","ꭂ":"ᴔ","ꭄ":"ꭃ","ꭆ":"r","ꭉ":"r","ꭊ":"ꭈ","ꭌ":"ꭋ","ꭎ":"u","ꭏ":"u","ꭒ":"u","ꭔ":"ꭓ","ꭕ":"ꭓ","ꭖ":"x","ꭗ":"x","ꭘ":"x","ꭙ":"x","ꭚ":"y","ꭦ":"ʣ","ꭧ":"ʦ","ꭨ":"ɹ","꯰":"0","꯱":"1","꯲":"2","꯳":"3","꯴":"4","꯵":"5","꯶":"6","꯷":"7","꯸":"8","꯹":"9","𐐀":"𐐨","𐐁":"𐐩","𐐂":"𐐪","𐐃":"𐐫","𐐄":"𐐬","𐐅":"𐐭","𐐆":"𐐮","𐐇":"𐐯","𐐈":"𐐰","𐐉":"𐐱","𐐊":"𐐲","𐐋":"𐐳","𐐌":"𐐴","𐐍":"𐐵","𐐎":"𐐶","𐐏":"𐐷","𐐐":"𐐸","𐐑":"𐐹","𐐒":"𐐺","𐐓":"𐐻","𐐔":"𐐼","𐐕":"𐐽","𐐖":"𐐾","𐐗":"𐐿","𐐘":"𐑀","𐐙":"𐑁","𐐚":"𐑂","𐐛":"𐑃","𐐜":"𐑄","𐐝":"𐑅","𐐞":"𐑆","𐐟":"𐑇","𐐠":"𐑈","𐐡":"𐑉","𐐢":"𐑊","𐐣":"𐑋","𐐤":"𐑌","𐐥":"𐑍","𐐦":"𐑎","𐐧":"𐑏","𐒠":"0","𐒡":"1","𐒢":"2","𐒣":"3","𐒤":"4","𐒥":"5","𐒦":"6","𐒧":"7","𐒨":"8","𐒩":"9","𐒰":"𐓘","𐒱":"𐓙","𐒲":"𐓚","𐒳":"𐓛","𐒴":"𐓜","𐒵":"𐓝","𐒶":"𐓞","𐒷":"𐓟","𐒸":"𐓠","𐒹":"𐓡","𐒺":"𐓢","𐒻":"𐓣","𐒼":"𐓤","𐒽":"𐓥","𐒾":"𐓦","𐒿":"𐓧","𐓀":"𐓨","𐓁":"𐓩","𐓂":"𐓪","𐓃":"𐓫","𐓄":"𐓬","𐓅":"𐓭","𐓆":"𐓮","𐓇":"𐓯","𐓈":"𐓰","𐓉":"𐓱","𐓊":"𐓲","𐓋":"𐓳","𐓌":"𐓴","𐓍":"𐓵","𐓎":"𐓶","𐓏":"𐓷","𐓐":"𐓸","𐓑":"𐓹","𐓒":"𐓺","𐓓":"𐓻","𐕰":"𐖗","𐕲":"𐖙","𐕴":"𐖛","𐕶":"𐖝","𐕸":"𐖟","𐕺":"𐖡","𐕼":"𐖣","𐕾":"𐖥","𐖀":"𐖧","𐖂":"𐖩","𐖄":"𐖫","𐖆":"𐖭","𐖈":"𐖯","𐖊":"𐖱","𐖌":"𐖳","𐖎":"𐖵","𐖐":"𐖷","𐖒":"𐖹","𐖔":"𐖻","𐕱":"𐖘","𐕳":"𐖚","𐕵":"𐖜","𐕷":"𐖞","𐕹":"𐖠","𐕽":"𐖤","𐕿":"𐖦","𐖁":"𐖨","𐖃":"𐖪","𐖅":"𐖬","𐖇":"𐖮","𐖉":"𐖰","𐖍":"𐖴","𐖏":"𐖶","𐖑":"𐖸","𐖕":"𐖼","𐗉":"𐗒","𐗤":"𐗚","𐲀":"𐳀","𐲁":"𐳁","𐲂":"𐳂","𐲃":"𐳃","𐲄":"𐳄","𐲅":"𐳅","𐲆":"𐳆","𐲇":"𐳇","𐲈":"𐳈","𐲉":"𐳉","𐲊":"𐳊","𐲋":"𐳋","𐲌":"𐳌","𐲍":"𐳍","𐲎":"𐳎","𐲏":"𐳏","𐲐":"𐳐","𐲑":"𐳑","𐲒":"𐳒","𐲓":"𐳓","𐲔":"𐳔","𐲕":"𐳕","𐲖":"𐳖","𐲗":"𐳗","𐲘":"𐳘","𐲙":"𐳙","𐲚":"𐳚","𐲛":"𐳛","𐲜":"𐳜","𐲝":"𐳝","𐲞":"𐳞","𐲟":"𐳟","𐲠":"𐳠","𐲡":"𐳡","𐲢":"𐳢","𐲣":"𐳣","𐲤":"𐳤","𐲥":"𐳥","𐲦":"𐳦","𐲧":"𐳧","𐲨":"𐳨","𐲩":"𐳩","𐲪":"𐳪","𐲫":"𐳫","𐲬":"𐳬","𐲭":"𐳭","𐲮":"𐳮","𐲯":"𐳯","𐲰":"𐳰","𐲱":"𐳱","𐲲":"𐳲","𐴰":"0","𐴱":"1","𐴲":"2","𐴳":"3","𐴴":"4","𐴵":"5","𐴶":"6","𐴷":"7","𐴸":"8","𐴹":"9","𐵀":"0","𐵁":"1","𐵂":"2","𐵃":"3","𐵄":"4","𐵅":"5","𐵆":"6","𐵇":"7","𐵈":"8","𐵉":"9","𐵐":"𐵰","𐵑":"𐵱","𐵒":"𐵲","𐵓":"𐵳","𐵔":"𐵴","𐵕":"𐵵","𐵖":"𐵶","𐵗":"𐵷","𐵘":"𐵸","𐵙":"𐵹","𐵚":"𐵺","𐵛":"𐵻","𐵜":"𐵼","𐵝":"𐵽","𐵞":"𐵾","𐵟":"𐵿","𐵠":"𐶀","𐵡":"𐶁","𐵢":"𐶂","𐵣":"𐶃","𐵤":"𐶄","𐵥":"𐶅","𑁦":"0","𑁧":"1","𑁨":"2","𑁩":"3","𑁪":"4","𑁫":"5","𑁬":"6","𑁭":"7","𑁮":"8","𑁯":"9","𑃰":"0","𑃱":"1","𑃲":"2","𑃳":"3","𑃴":"4","𑃵":"5","𑃶":"6","𑃷":"7","𑃸":"8","𑃹":"9","𑄶":"0","𑄷":"1","𑄸":"2","𑄹":"3","𑄺":"4","𑄻":"5","𑄼":"6","𑄽":"7","𑄾":"8","𑄿":"9","𑇐":"0","𑇑":"1","𑇒":"2","𑇓":"3","𑇔":"4","𑇕":"5","𑇖":"6","𑇗":"7","𑇘":"8","𑇙":"9","𑋰":"0","𑋱":"1","𑋲":"2","𑋳":"3","𑋴":"4","𑋵":"5","𑋶":"6","𑋷":"7","𑋸":"8","𑋹":"9","𑑐":"0","𑑑":"1","𑑒":"2","𑑓":"3","𑑔":"4","𑑕":"5","𑑖":"6","𑑗":"7","𑑘":"8","𑑙":"9","𑓐":"0","𑓑":"1","𑓒":"2","𑓓":"3","𑓔":"4","𑓕":"5","𑓖":"6","𑓗":"7","𑓘":"8","𑓙":"9","𑙐":"0","𑙑":"1","𑙒":"2","𑙓":"3","𑙔":"4","𑙕":"5","𑙖":"6","𑙗":"7","𑙘":"8","𑙙":"9","𑛀":"0","𑛁":"1","𑛂":"2","𑛃":"3","𑛄":"4","𑛅":"5","𑛆":"6","𑛇":"7","𑛈":"8","𑛉":"9","𑛐":"0","𑛑":"1","𑛒":"2","𑛓":"3","𑛔":"4","𑛕":"5","𑛖":"6","𑛗":"7","𑛘":"8","𑛙":"9","𑛚":"0","𑛛":"1","𑛜":"2","𑛝":"3","𑛞":"4","𑛟":"5","𑛠":"6","𑛡":"7","𑛢":"8","𑛣":"9","𑜰":"0","𑜱":"1","𑜲":"2","𑜳":"3","𑜴":"4","𑜵":"5","𑜶":"6","𑜷":"7","𑜸":"8","𑜹":"9","𑢠":"𑣀","𑢡":"𑣁","𑢢":"𑣂","𑢣":"𑣃","𑢤":"𑣄","𑢥":"𑣅","𑢦":"𑣆","𑢧":"𑣇","𑢨":"𑣈","𑢩":"𑣉","𑢪":"𑣊","𑢫":"𑣋","𑢬":"𑣌","𑢭":"𑣍","𑢮":"𑣎","𑢯":"𑣏","𑢰":"𑣐","𑢱":"𑣑","𑢲":"𑣒","𑢳":"𑣓","𑢴":"𑣔","𑢵":"𑣕","𑢶":"𑣖","𑢷":"𑣗","𑢸":"𑣘","𑢹":"𑣙","𑢺":"𑣚","𑢻":"𑣛","𑢼":"𑣜","𑢽":"𑣝","𑢾":"𑣞","𑢿":"𑣟","𑣠":"0","𑣡":"1","𑣢":"2","𑣣":"3","𑣤":"4","𑣥":"5","𑣦":"6","𑣧":"7","𑣨":"8","𑣩":"9","𑥐":"0","𑥑":"1","𑥒":"2","𑥓":"3","𑥔":"4","𑥕":"5","𑥖":"6","𑥗":"7","𑥘":"8","𑥙":"9","𑯰":"0","𑯱":"1","𑯲":"2","𑯳":"3","𑯴":"4","𑯵":"5","𑯶":"6","𑯷":"7","𑯸":"8","𑯹":"9","𑱐":"0","𑱑":"1","𑱒":"2","𑱓":"3","𑱔":"4","𑱕":"5","𑱖":"6","𑱗":"7","𑱘":"8","𑱙":"9","𑵐":"0","𑵑":"1","𑵒":"2","𑵓":"3","𑵔":"4","𑵕":"5","𑵖":"6","𑵗":"7","𑵘":"8","𑵙":"9","𑶠":"0","𑶡":"1","𑶢":"2","𑶣":"3","𑶤":"4","𑶥":"5","𑶦":"6","𑶧":"7","𑶨":"8","𑶩":"9","𑷠":"0","𑷡":"1","𑷢":"2","𑷣":"3","𑷤":"4","𑷥":"5","𑷦":"6","𑷧":"7","𑷨":"8","𑷩":"9","𑽐":"0","𑽑":"1","𑽒":"2","𑽓":"3","𑽔":"4","𑽕":"5","𑽖":"6","𑽗":"7","𑽘":"8","𑽙":"9","𖄰":"0","𖄱":"1","𖄲":"2","𖄳":"3","𖄴":"4","𖄵":"5","𖄶":"6","𖄷":"7","𖄸":"8","𖄹":"9","𖩠":"0","𖩡":"1","𖩢":"2","𖩣":"3","𖩤":"4","𖩥":"5","𖩦":"6","𖩧":"7","𖩨":"8","𖩩":"9","𖫀":"0","𖫁":"1","𖫂":"2","𖫃":"3","𖫄":"4","𖫅":"5","𖫆":"6","𖫇":"7","𖫈":"8","𖫉":"9","𖭐":"0","𖭑":"1","𖭒":"2","𖭓":"3","𖭔":"4","𖭕":"5","𖭖":"6","𖭗":"7","𖭘":"8","𖭙":"9","𖵰":"0","𖵱":"1","𖵲":"2","𖵳":"3","𖵴":"4","𖵵":"5","𖵶":"6","𖵷":"7","𖵸":"8","𖵹":"9","𖹀":"𖹠","𖹁":"𖹡","𖹂":"𖹢","𖹃":"𖹣","𖹄":"𖹤","𖹅":"𖹥","𖹆":"𖹦","𖹇":"𖹧","𖹈":"𖹨","𖹉":"𖹩","𖹊":"𖹪","𖹋":"𖹫","𖹌":"𖹬","𖹍":"𖹭","𖹎":"𖹮","𖹏":"𖹯","𖹐":"𖹰","𖹑":"𖹱","𖹒":"𖹲","𖹓":"𖹳","𖹔":"𖹴","𖹕":"𖹵","𖹖":"𖹶","𖹗":"𖹷","𖹘":"𖹸","𖹙":"𖹹","𖹚":"𖹺","𖹛":"𖹻","𖹜":"𖹼","𖹝":"𖹽","𖹞":"𖹾","𖹟":"𖹿","𖺠":"𖺻","𖺡":"𖺼","𖺢":"𖺽","𖺣":"𖺾","𖺤":"𖺿","𖺥":"𖻀","𖺦":"𖻁","𖺧":"𖻂","𖺨":"𖻃","𖺩":"𖻄","𖺪":"𖻅","𖺫":"𖻆","𖺬":"𖻇","𖺭":"𖻈","𖺮":"𖻉","𖺯":"𖻊","𖺰":"𖻋","𖺱":"𖻌","𖺲":"𖻍","𖺳":"𖻎","𖺴":"𖻏","𖺵":"𖻐","𖺶":"𖻑","𖺷":"𖻒","𖺸":"𖻓","𜳖":"a","𜳗":"b","𜳘":"c","𜳙":"d","𜳚":"e","𜳛":"f","𜳜":"g","𜳝":"h","𜳞":"i","𜳟":"j","𜳠":"k","𜳡":"l","𜳢":"m","𜳣":"n","𜳤":"o","𜳥":"p","𜳦":"q","𜳧":"r","𜳨":"s","𜳩":"t","𜳪":"u","𜳫":"v","𜳬":"w","𜳭":"x","𜳮":"y","𜳯":"z","𜳰":"0","𜳱":"1","𜳲":"2","𜳳":"3","𜳴":"4","𜳵":"5","𜳶":"6","𜳷":"7","𜳸":"8","𜳹":"9","𝼀":"ʩ","𝼄":"l","𝼅":"ɮ","𝼆":"ʎ","𝼈":"ɹ","𝼉":"t","𝼊":"ǃ","𝼋":"ʃ","𝼌":"ʃ","𝼍":"ʇ","𝼎":"ʖ","𝼏":"ʗ","𝼑":"l","𝼒":"ʤ","𝼓":"l","𝼔":"n","𝼕":"ɹ","𝼖":"r","𝼗":"ʧ","𝼘":"z","𝼙":"ʤ","𝼚":"i","𝼛":"o","𝼜":"ʧ","𝼝":"c","𝼞":"s","𞀰":"а","𞀱":"б","𞀲":"в","𞀳":"г","𞀴":"д","𞀵":"е","𞀶":"ж","𞀷":"з","𞀸":"и","𞀹":"к","𞀺":"л","𞀻":"м","𞀼":"о","𞀽":"п","𞀾":"р","𞀿":"с","𞁀":"т","𞁁":"у","𞁂":"ф","𞁃":"х","𞁄":"ц","𞁅":"ч","𞁆":"ш","𞁇":"ы","𞁈":"э","𞁉":"ю","𞁊":"ꚉ","𞁋":"а","𞁌":"и","𞁍":"ј","𞁎":"о","𞁏":"у","𞁐":"ӏ","𞁑":"а","𞁒":"б","𞁓":"в","𞁔":"г","𞁕":"д","𞁖":"е","𞁗":"ж","𞁘":"з","𞁙":"и","𞁚":"к","𞁛":"л","𞁜":"о","𞁝":"п","𞁞":"с","𞁟":"у","𞁠":"ф","𞁡":"х","𞁢":"ц","𞁣":"ч","𞁤":"ш","𞁥":"ъ","𞁦":"ы","𞁧":"г","𞁨":"и","𞁩":"ѕ","𞁪":"џ","𞁫":"с","𞁭":"у","𞁬":"ы","𞅀":"0","𞅁":"1","𞅂":"2","𞅃":"3","𞅄":"4","𞅅":"5","𞅆":"6","𞅇":"7","𞅈":"8","𞅉":"9","𞋰":"0","𞋱":"1","𞋲":"2","𞋳":"3","𞋴":"4","𞋵":"5","𞋶":"6","𞋷":"7","𞋸":"8","𞋹":"9","𞓰":"0","𞓱":"1","𞓲":"2","𞓳":"3","𞓴":"4","𞓵":"5","𞓶":"6","𞓷":"7","𞓸":"8","𞓹":"9","𞗱":"0","𞗲":"1","𞗳":"2","𞗴":"3","𞗵":"4","𞗶":"5","𞗷":"6","𞗸":"7","𞗹":"8","𞗺":"9","𞤀":"𞤢","𞤁":"𞤣","𞤂":"𞤤","𞤃":"𞤥","𞤄":"𞤦","𞤅":"𞤧","𞤆":"𞤨","𞤇":"𞤩","𞤈":"𞤪","𞤉":"𞤫","𞤊":"𞤬","𞤋":"𞤭","𞤌":"𞤮","𞤍":"𞤯","𞤎":"𞤰","𞤏":"𞤱","𞤐":"𞤲","𞤑":"𞤳","𞤒":"𞤴","𞤓":"𞤵","𞤔":"𞤶","𞤕":"𞤷","𞤖":"𞤸","𞤗":"𞤹","𞤘":"𞤺","𞤙":"𞤻","𞤚":"𞤼","𞤛":"𞤽","𞤜":"𞤾","𞤝":"𞤿","𞤞":"𞥀","𞤟":"𞥁","𞤠":"𞥂","𞤡":"𞥃","𞥐":"0","𞥑":"1","𞥒":"2","𞥓":"3","𞥔":"4","𞥕":"5","𞥖":"6","𞥗":"7","𞥘":"8","𞥙":"9","":" ","˗":" ","֊":" ","־":" ","،":" ","᐀":" "," ":" ","᠆":" ","‐":" ","‒":" ","–":" ","—":" ","―":" "," ":" "," ":" ","⁃":" ","⁓":" ","−":" ","⸗":" ","⸚":" ","⸺":" ","⸻":" ","⹀":" ","⹝":" ","、":" ","〜":" ","〰":" ","゠":" ","・":" ","﻿":" ","𐵮":" ","𐺭":" "}'::jsonb AS folded) AS the_table,
              unnest(string_to_array(t, NULL)) WITH ORDINALITY AS letters (letter, place);
          END IF;
        END IF;
        t := translate(lower(t COLLATE "C"), '-''"`^.', ' ');
        RETURN btrim(regexp_replace(t COLLATE "C", '[\u0009-\u000d ,]+', ' ', 'g'));
      END $function$
;

CREATE OR REPLACE FUNCTION public.grant_application(application name)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      DECLARE
        entry record;
      BEGIN
        IF application = current_user THEN
          RETURN;
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), application);
        FOR entry IN
          SELECT c.oid::regclass AS relation, c.relkind,
            c.relname ~ '^audit_logs_(\d|released)' AS is_month,
            c.relname LIKE 'audit\_logs%' OR c.relname IN ('audit_seals', 'audit_tree_nodes', 'audit_cosignatures', 'disowned_seals',
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
      END $function$
;
REVOKE EXECUTE ON FUNCTION grant_application(name) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.grant_archiver(archiver name)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      BEGIN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), archiver);
        EXECUTE format('GRANT EXECUTE ON FUNCTION audit_release_month, audit_drop_released, audit_make_partitions TO %I',
          archiver);
      END $function$
;
REVOKE EXECUTE ON FUNCTION grant_archiver(name) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.grant_disowning(archiver name)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      BEGIN
        EXECUTE format('GRANT EXECUTE ON FUNCTION audit_disown, audit_clear_disowned TO %I', archiver);
      END $function$
;
REVOKE EXECUTE ON FUNCTION grant_disowning(name) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.legal_hold_stays()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
      BEGIN
        RAISE EXCEPTION 'A legal hold is never deleted, and a released one stays as it was.'
          USING ERRCODE = 'restrict_violation';
      END $function$
;

CREATE OR REPLACE FUNCTION public.member_linked()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      BEGIN
        INSERT INTO member_links (user_id, member_id) VALUES (NEW.id, NEW.member_id) ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $function$
;

CREATE OR REPLACE FUNCTION public.member_records(member integer)
 RETURNS TABLE(table_name text, record_id bigint, since timestamp with time zone, until timestamp with time zone)
 LANGUAGE plpgsql
 STABLE ROWS 40
 SET plan_cache_mode TO 'force_generic_plan'
 SET max_parallel_workers_per_gather TO '0'
 SET search_path TO 'public', 'pg_temp'
AS $function$
      #variable_conflict use_column
      BEGIN
        RETURN QUERY
        WITH moves AS (
          SELECT l.table_name, l.record_id, l.changed_at, true AS arrives FROM audit_logs l
          WHERE l.new_values ? 'member_id' AND l.new_values ->> 'member_id' = member::text
            AND l.table_name IN ('member_employments', 'students', 'benevolence_applications', 'grievances')
          UNION ALL
          SELECT l.table_name, l.record_id, l.changed_at, false FROM audit_logs l
          WHERE l.old_values ? 'member_id' AND l.old_values ->> 'member_id' = member::text AND l.action = 'UPDATE'
            AND l.table_name IN ('member_employments', 'students', 'benevolence_applications', 'grievances')
        ), times AS (
          SELECT m.table_name, m.record_id, m.arrives, row_number() OVER record = 1 AS is_first,
            CASE WHEN m.arrives THEN m.changed_at ELSE '-infinity' END AS since,
            CASE WHEN m.arrives THEN lead(m.changed_at) OVER record ELSE m.changed_at END AS until
          FROM moves m WINDOW record AS (PARTITION BY m.table_name, m.record_id ORDER BY m.changed_at)
        ), held AS (
          SELECT t.table_name::text, t.record_id, t.since, coalesce(t.until, 'infinity') AS until FROM times t
          WHERE t.arrives OR t.is_first
          UNION ALL
          SELECT k.table_name, k.record_id, '-infinity', 'infinity' FROM (
            SELECT 'member_employments' AS table_name, id::bigint AS record_id FROM member_employments WHERE member_id = member
            UNION ALL SELECT 'students', id FROM students WHERE member_id = member
            UNION ALL SELECT 'benevolence_applications', id FROM benevolence_applications WHERE member_id = member
            UNION ALL SELECT 'grievances', id FROM grievances WHERE member_id = member
            UNION SELECT l.table_name, l.record_id FROM audit_logs l
            WHERE l.old_values ? 'member_id' AND l.old_values ->> 'member_id' = member::text AND l.action = 'DELETE'
              AND l.table_name IN ('member_employments', 'students', 'benevolence_applications', 'grievances')
          ) k WHERE NOT EXISTS (SELECT FROM moves m WHERE m.table_name = k.table_name AND m.record_id = k.record_id)
        )
        SELECT 'members', member::bigint, '-infinity'::timestamptz, 'infinity'::timestamptz
        UNION ALL SELECT * FROM held
        UNION ALL SELECT 'grievance_step_records', s.id, h.since, h.until
          FROM held h JOIN grievance_step_records s ON h.table_name = 'grievances' AND s.grievance_id = h.record_id
        UNION ALL SELECT 'file_attachments', f.id, '-infinity', 'infinity' FROM file_attachments f
          WHERE f.record_type = 'member' AND f.record_id = member AND f.file_category <> 'salting'
        UNION ALL SELECT 'file_attachments', f.id, h.since, h.until
          FROM held h JOIN file_attachments f ON f.record_id = h.record_id
            AND (f.record_type, h.table_name) IN (('student', 'students'), ('grievance', 'grievances'),
              ('benevolence_application', 'benevolence_applications'));
      END $function$
;

CREATE OR REPLACE FUNCTION public.must_name_employer()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      DECLARE
        type text;
      BEGIN
        SELECT org_type INTO type FROM organizations WHERE id = (to_jsonb(NEW) ->> TG_ARGV[0])::integer FOR SHARE;
        IF type <> 'employer' THEN
          RAISE EXCEPTION '% of % must name an employer', TG_ARGV[0], TG_TABLE_NAME USING ERRCODE = 'check_violation',
            CONSTRAINT = TG_TABLE_NAME || '_employer_check', TABLE = TG_TABLE_NAME;
        END IF;
        RETURN NEW;
      END $function$
;

CREATE OR REPLACE FUNCTION public.must_stay_employer()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$ DECLARE
        naming jsonb;
      BEGIN
        SELECT jsonb_object_agg(d.table_name, d.ids) INTO naming FROM (
          SELECT 'grievances' AS table_name, jsonb_agg(id ORDER BY id) AS ids FROM grievances
            WHERE employer_id = OLD.id AND deleted_at IS NULL
          UNION ALL
          SELECT 'salting_activities', jsonb_agg(id ORDER BY id) FROM salting_activities
            WHERE organization_id = OLD.id AND deleted_at IS NULL
        ) d WHERE d.ids IS NOT NULL;
        IF naming IS NOT NULL THEN
          RAISE EXCEPTION 'Other records name this organization as an employer; it stays one while they do.'
            USING ERRCODE = 'restrict_violation', DETAIL = naming::text;
        END IF;
        RETURN NEW;
      END $function$
;

CREATE OR REPLACE FUNCTION public.next_student_number()
 RETURNS text
 LANGUAGE sql
AS $function$
        SELECT 'S' || to_char(nextval('students_student_number_seq'), 'FM000000')
      $function$
;

CREATE OR REPLACE FUNCTION public.person_accounts(account integer)
 RETURNS SETOF integer
 LANGUAGE sql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
        WITH RECURSIVE accounts (id) AS (
          SELECT account
          UNION
          SELECT o.user_id FROM accounts a JOIN member_links l ON l.user_id = a.id JOIN member_links o USING (member_id)
        )
        SELECT id FROM accounts
      $function$
;

CREATE OR REPLACE FUNCTION public.references_in_use(missing text[])
 RETURNS boolean
 LANGUAGE plpgsql
AS $function$
      BEGIN
        IF num_nonnulls(VARIADIC missing) > 0 THEN
          RAISE EXCEPTION 'a reference names no record in use'
            USING ERRCODE = 'IP2A2', DETAIL = array_to_string(missing, ',');
        END IF;
        RETURN true;
      END $function$
;

CREATE OR REPLACE FUNCTION public.replica_had(asker integer, horizon xid8, timeline integer)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
      BEGIN
        IF timeline IS DISTINCT FROM ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer
          OR horizon <= coalesce((SELECT l.txid FROM audit_logs l
            WHERE l.changed_at < statement_timestamp() - interval '10 seconds'
            ORDER BY l.changed_at DESC, l.id DESC LIMIT 1), '0') THEN
          RETURN false;
        END IF;
        RETURN NOT EXISTS (SELECT FROM audit_logs l WHERE l.txid >= horizon AND l.changed_by = asker
          AND l.action IN ('CREATE', 'UPDATE', 'DELETE', 'RESTORE'));
      END $function$
;

CREATE TABLE account_versions (
  user_id integer NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT account_versions_pkey PRIMARY KEY (user_id)
);

CREATE TABLE archives (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  month date NOT NULL,
  state character varying(20) DEFAULT 'exporting'::character varying NOT NULL,
  format character varying(20) NOT NULL,
  object_key character varying(200) NOT NULL,
  after_txid bigint NOT NULL,
  after_id bigint NOT NULL,
  through_txid bigint NOT NULL,
  through_id bigint NOT NULL,
  entry_count bigint,
  bytes bigint,
  sha256 character(64),
  root character(64),
  longest_line integer,
  first_txid bigint,
  first_id bigint,
  lowest_id bigint,
  highest_id bigint,
  first_changed_at timestamp with time zone,
  last_changed_at timestamp with time zone,
  table_names text[],
  storage_class character varying(20),
  retain_until date,
  manifest text,
  stored_at timestamp with time zone,
  archived_at timestamp with time zone,
  dropped_at timestamp with time zone,
  cooled_at timestamp with time zone,
  restore_asked_at timestamp with time zone,
  restore_asked_by integer,
  readable_until timestamp with time zone,
  destroyed_at timestamp with time zone,
  certificate text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT archives_pkey PRIMARY KEY (id),
  CONSTRAINT archives_object_key_key UNIQUE (object_key),
  CONSTRAINT archives_destroyed_check CHECK (state::text <> 'destroyed'::text OR num_nulls(destroyed_at, certificate) = 0),
  CONSTRAINT archives_month_check CHECK (month = date_trunc('month'::text, month::timestamp without time zone)::date),
  CONSTRAINT archives_range_check CHECK ((ROW(through_txid, through_id) > ROW(after_txid, after_id))),
  CONSTRAINT archives_state_check CHECK (state::text = ANY (ARRAY['exporting'::character varying, 'stored'::character varying, 'archived'::character varying, 'destroyed'::character varying]::text[])),
  CONSTRAINT archives_stored_check CHECK (state::text = 'exporting'::text OR num_nulls(entry_count, bytes, sha256, root, longest_line, first_txid, first_id, lowest_id, highest_id, first_changed_at, last_changed_at, table_names, storage_class, retain_until, manifest, stored_at) = 0),
  CONSTRAINT archives_restore_asked_by_fkey FOREIGN KEY (restore_asked_by) REFERENCES users(id)
);

CREATE TABLE audit_cosignatures (
  seq bigint NOT NULL,
  witness character varying(255) NOT NULL,
  line text NOT NULL,
  received_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT audit_cosignatures_pkey PRIMARY KEY (seq, witness, line),
  CONSTRAINT audit_cosignatures_line_check CHECK (length(line) <= 1000),
  CONSTRAINT audit_cosignatures_seq_fkey FOREIGN KEY (seq) REFERENCES audit_seals(seq)
);

CREATE TABLE audit_logs (
  id bigint DEFAULT nextval('audit_logs_id_seq'::regclass) NOT NULL,
  changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  action character varying(20) NOT NULL,
  table_name character varying(63),
  record_id bigint,
  record_ids bigint[],
  filters jsonb,
  old_values jsonb,
  new_values jsonb,
  changed_fields text[],
  changed_by integer,
  actor_email character varying(255),
  actor_roles text[],
  source character varying(10) NOT NULL,
  database_role name DEFAULT SESSION_USER NOT NULL,
  ip_address inet,
  user_agent character varying(512),
  request_id character varying(64),
  route character varying(100),
  reason character varying(500),
  outcome character varying(10) DEFAULT 'success'::character varying NOT NULL,
  notes text,
  txid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  record_version bigint,
  record_versions bigint[],
  CONSTRAINT audit_logs_pkey PRIMARY KEY (changed_at, id),
  CONSTRAINT audit_logs_outcome_check CHECK (outcome::text = ANY (ARRAY['success'::character varying, 'denied'::character varying, 'failed'::character varying]::text[])),
  CONSTRAINT audit_logs_source_check CHECK (source::text = ANY (ARRAY['api'::character varying, 'cli'::character varying, 'job'::character varying, 'database'::character varying]::text[]))
) PARTITION BY RANGE (changed_at);

CREATE TABLE audit_seals (
  seq bigint NOT NULL,
  sealed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
  tree_size bigint NOT NULL,
  entry_count integer NOT NULL,
  root bytea NOT NULL,
  frontier bytea NOT NULL,
  checkpoint text NOT NULL,
  last_txid xid8 NOT NULL,
  last_id bigint NOT NULL,
  horizon xid8 NOT NULL,
  entry_ids bigint[] NOT NULL,
  leaf_hashes bytea NOT NULL,
  CONSTRAINT audit_seals_pkey PRIMARY KEY (seq),
  CONSTRAINT audit_seals_entries_check CHECK (entry_count >= 0 AND tree_size >= entry_count AND cardinality(entry_ids) = entry_count AND octet_length(leaf_hashes) = (32 * entry_count)),
  CONSTRAINT audit_seals_seq_check CHECK (seq > 0)
);

CREATE TABLE audit_tree_nodes (
  level smallint NOT NULL,
  index bigint NOT NULL,
  hash bytea NOT NULL,
  seq bigint NOT NULL,
  CONSTRAINT audit_tree_nodes_pkey PRIMARY KEY (level, index, seq),
  CONSTRAINT audit_tree_nodes_hash_check CHECK (level > 0 AND octet_length(hash) = 32)
);

CREATE TABLE benevolence_applications (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  member_id integer NOT NULL,
  application_date date NOT NULL,
  reason character varying(20) NOT NULL,
  description text,
  amount_requested numeric(10,2) NOT NULL,
  status character varying(20) DEFAULT 'draft'::character varying NOT NULL,
  approved_amount numeric(10,2),
  payment_date date,
  payment_method character varying(20),
  notes text,
  deleted_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT benevolence_applications_pkey PRIMARY KEY (id),
  CONSTRAINT benevolence_applications_amount_requested_check CHECK (amount_requested > 0::numeric),
  CONSTRAINT benevolence_applications_approval_check CHECK ((status::text = ANY (ARRAY['approved'::character varying, 'paid'::character varying]::text[])) = (approved_amount IS NOT NULL)),
  CONSTRAINT benevolence_applications_approved_amount_check CHECK (approved_amount > 0::numeric AND approved_amount <= amount_requested),
  CONSTRAINT benevolence_applications_payment_check CHECK ((status::text = 'paid'::text) = (payment_date IS NOT NULL AND payment_method IS NOT NULL)),
  CONSTRAINT benevolence_applications_payment_method_check CHECK (payment_method::text = ANY (ARRAY['check'::character varying, 'direct_deposit'::character varying, 'wire_transfer'::character varying]::text[])),
  CONSTRAINT benevolence_applications_reason_check CHECK (reason::text = ANY (ARRAY['medical'::character varying, 'death_in_family'::character varying, 'hardship'::character varying, 'disaster'::character varying, 'other'::character varying]::text[])),
  CONSTRAINT benevolence_applications_status_check CHECK (status::text = ANY (ARRAY['draft'::character varying, 'submitted'::character varying, 'under_review'::character varying, 'approved'::character varying, 'denied'::character varying, 'paid'::character varying]::text[])),
  CONSTRAINT benevolence_applications_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id) ON DELETE RESTRICT
);

CREATE TABLE benevolence_reviews (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  application_id integer NOT NULL,
  reviewer_id integer NOT NULL,
  review_level character varying(20) NOT NULL,
  decision character varying(20) NOT NULL,
  review_date date NOT NULL,
  comments text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  approved_amount numeric(10,2),
  CONSTRAINT benevolence_reviews_pkey PRIMARY KEY (id),
  CONSTRAINT benevolence_reviews_once_key UNIQUE (application_id, reviewer_id, review_level),
  CONSTRAINT benevolence_reviews_approved_amount_check CHECK (approved_amount IS NULL OR approved_amount > 0::numeric AND decision::text = 'approved'::text),
  CONSTRAINT benevolence_reviews_decision_check CHECK (decision::text = ANY (ARRAY['approved'::character varying, 'denied'::character varying, 'needs_info'::character varying, 'deferred'::character varying]::text[])),
  CONSTRAINT benevolence_reviews_review_level_check CHECK (review_level::text = ANY (ARRAY['vp'::character varying, 'admin'::character varying, 'manager'::character varying, 'president'::character varying]::text[])),
  CONSTRAINT benevolence_reviews_application_id_fkey FOREIGN KEY (application_id) REFERENCES benevolence_applications(id),
  CONSTRAINT benevolence_reviews_reviewer_id_fkey FOREIGN KEY (reviewer_id) REFERENCES users(id)
);

CREATE TABLE break_glass_reviews (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  entry_id bigint NOT NULL,
  table_name character varying(63) NOT NULL,
  record_id bigint NOT NULL,
  opened_by integer NOT NULL,
  opened_at timestamp with time zone DEFAULT now() NOT NULL,
  reason character varying(500) NOT NULL,
  closed_by integer,
  closed_at timestamp with time zone,
  finding text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT break_glass_reviews_pkey PRIMARY KEY (id),
  CONSTRAINT break_glass_reviews_closed_check CHECK (num_nulls(closed_by, closed_at, finding) = ANY (ARRAY[0, 3])),
  CONSTRAINT break_glass_reviews_own_check CHECK (closed_by <> opened_by),
  CONSTRAINT break_glass_reviews_closed_by_fkey FOREIGN KEY (closed_by) REFERENCES users(id),
  CONSTRAINT break_glass_reviews_opened_by_fkey FOREIGN KEY (opened_by) REFERENCES users(id)
);

CREATE TABLE disowned_seals (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  seq bigint NOT NULL,
  cleared_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT disowned_seals_pkey PRIMARY KEY (id),
  CONSTRAINT disowned_seals_seq_key UNIQUE (seq)
);

CREATE TABLE export_leases (
  user_id integer NOT NULL,
  holder uuid NOT NULL,
  alive_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT export_leases_pkey PRIMARY KEY (user_id)
);

CREATE TABLE file_attachments (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  record_type character varying(50) NOT NULL,
  record_id integer NOT NULL,
  file_category character varying(50) DEFAULT 'general'::character varying NOT NULL,
  file_name character varying(255) NOT NULL,
  original_name character varying(255) NOT NULL,
  storage_key character varying(500) NOT NULL,
  media_type character varying(100) NOT NULL,
  file_size bigint NOT NULL,
  sha256 character(64) NOT NULL,
  description character varying(500),
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  deleted_at timestamp with time zone,
  audit_ref bigint NOT NULL,
  CONSTRAINT file_attachments_pkey PRIMARY KEY (id),
  CONSTRAINT file_attachments_storage_key_key UNIQUE (storage_key),
  CONSTRAINT file_attachments_file_size_check CHECK (file_size > 0),
  CONSTRAINT file_attachments_record_type_check CHECK (record_type::text = ANY (ARRAY['member'::character varying, 'student'::character varying, 'organization'::character varying, 'grievance'::character varying, 'benevolence_application'::character varying]::text[])),
  CONSTRAINT file_attachments_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$'::text)
);

CREATE TABLE grievance_step_records (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  grievance_id integer NOT NULL,
  step_number smallint NOT NULL,
  meeting_date date NOT NULL,
  union_attendees text,
  employer_attendees text,
  outcome character varying(20) NOT NULL,
  notes text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  status_before character varying(20),
  deleted_at timestamp with time zone,
  CONSTRAINT grievance_step_records_pkey PRIMARY KEY (id),
  CONSTRAINT grievance_step_records_outcome_check CHECK (outcome::text = ANY (ARRAY['denied'::character varying, 'settled'::character varying, 'advanced'::character varying]::text[])),
  CONSTRAINT grievance_step_records_step_number_check CHECK (step_number >= 1 AND step_number <= 4),
  CONSTRAINT grievance_step_records_grievance_id_fkey FOREIGN KEY (grievance_id) REFERENCES grievances(id)
);

CREATE TABLE grievances (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  grievance_number character varying(20) NOT NULL,
  member_id integer NOT NULL,
  employer_id integer NOT NULL,
  filed_date date NOT NULL,
  incident_date date,
  contract_article character varying(50),
  violation_description text,
  remedy_sought text,
  current_step character varying(20) DEFAULT 'step_1'::character varying NOT NULL,
  status character varying(20) DEFAULT 'open'::character varying NOT NULL,
  assigned_rep_id integer,
  resolution text,
  resolution_date date,
  settlement_amount numeric(10,2),
  notes text,
  deleted_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT grievances_pkey PRIMARY KEY (id),
  CONSTRAINT grievances_grievance_number_key UNIQUE (grievance_number),
  CONSTRAINT grievances_current_step_check CHECK (current_step::text = ANY (ARRAY['step_1'::character varying, 'step_2'::character varying, 'step_3'::character varying, 'arbitration'::character varying]::text[])),
  CONSTRAINT grievances_grievance_number_check CHECK (grievance_number::text ~ '^GR-[0-9]{4}-[0-9]{4,}$'::text),
  CONSTRAINT grievances_incident_date_check CHECK (incident_date <= filed_date),
  CONSTRAINT grievances_settlement_amount_check CHECK (settlement_amount >= 0::numeric),
  CONSTRAINT grievances_status_check CHECK (status::text = ANY (ARRAY['open'::character varying, 'investigation'::character varying, 'hearing'::character varying, 'settled'::character varying, 'withdrawn'::character varying, 'arbitration'::character varying, 'closed'::character varying]::text[])),
  CONSTRAINT grievances_assigned_rep_id_fkey FOREIGN KEY (assigned_rep_id) REFERENCES users(id),
  CONSTRAINT grievances_employer_id_fkey FOREIGN KEY (employer_id) REFERENCES organizations(id) ON DELETE RESTRICT,
  CONSTRAINT grievances_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id) ON DELETE RESTRICT
);

CREATE TABLE idempotency_keys (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  user_id integer NOT NULL,
  operation character varying(100) NOT NULL,
  key character varying(255) NOT NULL,
  request_hash character(64) NOT NULL,
  record_id integer NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (id),
  CONSTRAINT idempotency_keys_user_id_operation_key_key UNIQUE (user_id, operation, key),
  CONSTRAINT idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE imports (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  user_id integer NOT NULL,
  operation character varying(100) NOT NULL,
  key character varying(255) NOT NULL,
  rows_read integer DEFAULT 0 NOT NULL,
  rows_hash character varying(64) DEFAULT ''::character varying NOT NULL,
  rows_created integer DEFAULT 0 NOT NULL,
  rows_refused integer DEFAULT 0 NOT NULL,
  errors jsonb DEFAULT '[]'::jsonb NOT NULL,
  finished_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  rows_updated integer DEFAULT 0 NOT NULL,
  CONSTRAINT imports_pkey PRIMARY KEY (id),
  CONSTRAINT imports_user_id_operation_key_key UNIQUE (user_id, operation, key),
  CONSTRAINT imports_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE legal_holds (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  matter character varying(200) NOT NULL,
  reason text NOT NULL,
  table_name character varying(63),
  record_id integer,
  user_id integer,
  held_from timestamp with time zone,
  held_to timestamp with time zone,
  everything boolean DEFAULT false NOT NULL,
  placed_by integer NOT NULL,
  placed_at timestamp with time zone NOT NULL,
  released_by integer,
  released_at timestamp with time zone,
  release_reason text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT legal_holds_pkey PRIMARY KEY (id),
  CONSTRAINT legal_holds_everything_check CHECK (everything = (num_nonnulls(table_name, user_id, held_from, held_to) = 0)),
  CONSTRAINT legal_holds_range_check CHECK (held_from < held_to),
  CONSTRAINT legal_holds_record_check CHECK (record_id IS NULL OR table_name IS NOT NULL),
  CONSTRAINT legal_holds_released_check CHECK (num_nulls(released_by, released_at, release_reason) = ANY (ARRAY[0, 3])),
  CONSTRAINT legal_holds_placed_by_fkey FOREIGN KEY (placed_by) REFERENCES users(id),
  CONSTRAINT legal_holds_released_by_fkey FOREIGN KEY (released_by) REFERENCES users(id)
);

CREATE TABLE login_guesses (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  account_id integer NOT NULL,
  kind character varying(10) NOT NULL,
  network character varying(50) NOT NULL,
  wrong smallint NOT NULL,
  guessed_at timestamp with time zone DEFAULT now() NOT NULL,
  waits_until timestamp with time zone,
  CONSTRAINT login_guesses_pkey PRIMARY KEY (id),
  CONSTRAINT login_guesses_account_id_kind_network_key UNIQUE (account_id, kind, network)
);

CREATE TABLE member_employments (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  member_id integer NOT NULL,
  organization_id integer NOT NULL,
  start_date date NOT NULL,
  end_date date,
  job_title character varying(100),
  hourly_rate numeric(10,2),
  is_current boolean NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT member_employments_pkey PRIMARY KEY (id),
  CONSTRAINT member_employments_current_check CHECK (NOT (is_current AND end_date IS NOT NULL)),
  CONSTRAINT member_employments_dates_check CHECK (end_date >= start_date),
  CONSTRAINT member_employments_hourly_rate_check CHECK (hourly_rate >= 0::numeric),
  CONSTRAINT member_employments_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id) ON DELETE RESTRICT,
  CONSTRAINT member_employments_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(id) ON DELETE RESTRICT
);

CREATE TABLE member_links (
  user_id integer NOT NULL,
  member_id integer NOT NULL,
  CONSTRAINT member_links_pkey PRIMARY KEY (user_id, member_id)
);

CREATE TABLE members (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  member_number character varying(50) NOT NULL,
  first_name character varying(100) NOT NULL,
  last_name character varying(100) NOT NULL,
  middle_name character varying(100),
  address character varying(255),
  city character varying(100),
  state character varying(50),
  zip_code character varying(20),
  phone character varying(50),
  email character varying(255),
  date_of_birth date,
  hire_date date,
  status character varying(20) DEFAULT 'active'::character varying NOT NULL,
  classification character varying(20) NOT NULL,
  notes text,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  deleted_at timestamp with time zone,
  audit_ref bigint NOT NULL,
  merged_into integer,
  CONSTRAINT members_pkey PRIMARY KEY (id),
  CONSTRAINT members_member_number_key UNIQUE (member_number),
  CONSTRAINT members_classification_check CHECK (classification::text = ANY (ARRAY['apprentice_1'::character varying, 'apprentice_2'::character varying, 'apprentice_3'::character varying, 'apprentice_4'::character varying, 'apprentice_5'::character varying, 'journeyman'::character varying, 'foreman'::character varying, 'retiree'::character varying, 'honorary'::character varying]::text[])),
  CONSTRAINT members_dates_check CHECK (hire_date > date_of_birth),
  CONSTRAINT members_email_check CHECK (email::text = lower(email::text)),
  CONSTRAINT members_member_number_check CHECK (member_number::text ~ '^[0-9A-Za-z]+$'::text),
  CONSTRAINT members_merged_check CHECK (merged_into IS NULL OR deleted_at IS NOT NULL),
  CONSTRAINT members_status_check CHECK (status::text = ANY (ARRAY['active'::character varying, 'inactive'::character varying, 'suspended'::character varying, 'retired'::character varying, 'deceased'::character varying]::text[])),
  CONSTRAINT members_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES members(id)
);

CREATE TABLE mfa_recovery_codes (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  user_id integer NOT NULL,
  code_hash character(64) NOT NULL,
  used_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT mfa_recovery_codes_pkey PRIMARY KEY (id),
  CONSTRAINT mfa_recovery_codes_user_id_code_hash_key UNIQUE (user_id, code_hash),
  CONSTRAINT mfa_recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE migrations (
  id integer DEFAULT nextval('migrations_id_seq'::regclass) NOT NULL,
  "timestamp" bigint NOT NULL,
  name character varying NOT NULL,
  CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY (id)
);

CREATE TABLE one_time_tokens (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  user_id integer NOT NULL,
  purpose character varying(20) NOT NULL,
  token_hash character(64) NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  used_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT one_time_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT one_time_tokens_token_hash_key UNIQUE (token_hash),
  CONSTRAINT one_time_tokens_purpose_check CHECK (purpose::text = ANY (ARRAY['verify-email'::character varying, 'reset-password'::character varying, 'mfa'::character varying]::text[])),
  CONSTRAINT one_time_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE organization_contacts (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  organization_id integer NOT NULL,
  first_name character varying(100) NOT NULL,
  last_name character varying(100) NOT NULL,
  title character varying(100),
  phone character varying(50),
  email character varying(255),
  is_primary boolean DEFAULT false NOT NULL,
  notes character varying(500),
  deleted_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT organization_contacts_pkey PRIMARY KEY (id),
  CONSTRAINT organization_contacts_email_check CHECK (email::text = lower(email::text)),
  CONSTRAINT organization_contacts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(id) ON DELETE RESTRICT
);

CREATE TABLE organizations (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  name character varying(255) NOT NULL,
  org_type character varying(20) NOT NULL,
  address character varying(255),
  city character varying(100),
  state character varying(50),
  zip_code character varying(20),
  phone character varying(50),
  email character varying(255),
  website character varying(255),
  salting_score smallint,
  salting_notes text,
  deleted_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT organizations_pkey PRIMARY KEY (id),
  CONSTRAINT organizations_email_check CHECK (email::text = lower(email::text)),
  CONSTRAINT organizations_org_type_check CHECK (org_type::text = ANY (ARRAY['employer'::character varying, 'union'::character varying, 'training_partner'::character varying, 'jatc'::character varying]::text[])),
  CONSTRAINT organizations_salting_score_check CHECK (salting_score >= 1 AND salting_score <= 5)
);

CREATE TABLE quarantined_records (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  table_name character varying(63) NOT NULL,
  record_id bigint NOT NULL,
  record jsonb NOT NULL,
  reason character varying(50) NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT quarantined_records_pkey PRIMARY KEY (id)
);

CREATE TABLE refresh_tokens (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  user_id integer NOT NULL,
  family_id uuid NOT NULL,
  token_hash character(64) NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  rotated_at timestamp with time zone,
  revoked_at timestamp with time zone,
  revoked_reason character varying(50),
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  ip_address inet,
  user_agent character varying(512),
  password_proved_at timestamp with time zone,
  CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT refresh_tokens_token_hash_key UNIQUE (token_hash),
  CONSTRAINT refresh_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE registration_guesses (
  member_id integer NOT NULL,
  wrong integer NOT NULL,
  CONSTRAINT registration_guesses_pkey PRIMARY KEY (member_id)
);

CREATE TABLE registrations (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  member_id integer NOT NULL,
  email character varying(255) NOT NULL,
  token_hash character(64) NOT NULL,
  expires_at timestamp with time zone NOT NULL,
  used_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  needs_confirmation boolean DEFAULT false NOT NULL,
  confirmed_by integer,
  confirmed_at timestamp with time zone,
  CONSTRAINT registrations_pkey PRIMARY KEY (id),
  CONSTRAINT registrations_token_hash_key UNIQUE (token_hash),
  CONSTRAINT registrations_confirmed_by_fkey FOREIGN KEY (confirmed_by) REFERENCES users(id),
  CONSTRAINT registrations_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id)
);

CREATE TABLE retention_policies (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  table_name character varying(63) NOT NULL,
  framework character varying(50) NOT NULL,
  years smallint NOT NULL,
  source character varying(500) NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT retention_policies_pkey PRIMARY KEY (id),
  CONSTRAINT retention_policies_framework_key UNIQUE (table_name, framework),
  CONSTRAINT retention_policies_years_check CHECK (years >= 1 AND years <= 100)
);

CREATE TABLE roles (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  name character varying(20) NOT NULL,
  description character varying(255) NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT roles_pkey PRIMARY KEY (id),
  CONSTRAINT roles_name_key UNIQUE (name)
);

CREATE TABLE salting_activities (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  member_id integer NOT NULL,
  organization_id integer NOT NULL,
  activity_type character varying(30) NOT NULL,
  activity_date date NOT NULL,
  outcome character varying(20),
  location character varying(255),
  workers_contacted integer DEFAULT 0 NOT NULL,
  cards_signed integer DEFAULT 0 NOT NULL,
  description text,
  notes text,
  deleted_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT salting_activities_pkey PRIMARY KEY (id),
  CONSTRAINT salting_activities_activity_type_check CHECK (activity_type::text = ANY (ARRAY['outreach'::character varying, 'site_visit'::character varying, 'leafleting'::character varying, 'one_on_one'::character varying, 'meeting'::character varying, 'petition_drive'::character varying, 'card_signing'::character varying, 'information_session'::character varying, 'other'::character varying]::text[])),
  CONSTRAINT salting_activities_counts_check CHECK (workers_contacted >= 0 AND cards_signed >= 0 AND cards_signed <= workers_contacted),
  CONSTRAINT salting_activities_outcome_check CHECK (outcome::text = ANY (ARRAY['positive'::character varying, 'neutral'::character varying, 'negative'::character varying, 'no_contact'::character varying]::text[])),
  CONSTRAINT salting_activities_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id) ON DELETE RESTRICT,
  CONSTRAINT salting_activities_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organizations(id) ON DELETE RESTRICT
);

CREATE TABLE stand_in_accounts (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  failed_login_attempts smallint DEFAULT 0 NOT NULL,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT stand_in_accounts_pkey PRIMARY KEY (id)
);

CREATE TABLE students (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  member_id integer NOT NULL,
  student_number character varying(20) DEFAULT next_student_number() NOT NULL,
  status character varying(20) DEFAULT 'applicant'::character varying NOT NULL,
  application_date date NOT NULL,
  enrollment_date date,
  expected_completion_date date,
  actual_completion_date date,
  cohort character varying(50),
  emergency_contact_name character varying(100),
  emergency_contact_phone character varying(50),
  emergency_contact_relationship character varying(50),
  notes text,
  deleted_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT students_pkey PRIMARY KEY (id),
  CONSTRAINT students_member_id_key UNIQUE (member_id),
  CONSTRAINT students_student_number_key UNIQUE (student_number),
  CONSTRAINT students_dates_check CHECK (actual_completion_date >= COALESCE(enrollment_date, application_date)),
  CONSTRAINT students_status_check CHECK (status::text = ANY (ARRAY['applicant'::character varying, 'enrolled'::character varying, 'on_leave'::character varying, 'completed'::character varying, 'dropped'::character varying, 'dismissed'::character varying]::text[])),
  CONSTRAINT students_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id) ON DELETE RESTRICT
);

CREATE TABLE user_roles (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  user_id integer NOT NULL,
  role_id integer NOT NULL,
  expires_at timestamp with time zone,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  audit_ref bigint NOT NULL,
  CONSTRAINT user_roles_pkey PRIMARY KEY (id),
  CONSTRAINT user_roles_user_id_role_id_key UNIQUE (user_id, role_id),
  CONSTRAINT user_roles_role_id_fkey FOREIGN KEY (role_id) REFERENCES roles(id),
  CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
);

CREATE TABLE users (
  id integer GENERATED BY DEFAULT AS IDENTITY NOT NULL,
  email character varying(255) NOT NULL,
  password_hash character varying(255) NOT NULL,
  first_name character varying(100) NOT NULL,
  last_name character varying(100) NOT NULL,
  is_active boolean DEFAULT true NOT NULL,
  email_verified_at timestamp with time zone,
  must_change_password boolean DEFAULT false NOT NULL,
  last_login_at timestamp with time zone,
  failed_login_attempts smallint DEFAULT 0 NOT NULL,
  locked_until timestamp with time zone,
  member_id integer,
  created_at timestamp with time zone DEFAULT now() NOT NULL,
  updated_at timestamp with time zone DEFAULT now() NOT NULL,
  deleted_at timestamp with time zone,
  audit_ref bigint NOT NULL,
  mfa_secret character varying(255),
  mfa_enabled_at timestamp with time zone,
  mfa_last_step integer,
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_email_key UNIQUE (email),
  CONSTRAINT users_member_id_key UNIQUE (member_id),
  CONSTRAINT users_email_check CHECK (email::text = lower(email::text)),
  CONSTRAINT users_mfa_check CHECK (mfa_enabled_at IS NULL OR mfa_secret IS NOT NULL),
  CONSTRAINT users_member_id_fkey FOREIGN KEY (member_id) REFERENCES members(id)
);

CREATE INDEX archives_month_idx ON archives USING btree (month, id);
CREATE INDEX audit_logs_changed_by_idx ON ONLY audit_logs USING btree (changed_by, changed_at, id);
CREATE INDEX audit_logs_id_idx ON ONLY audit_logs USING btree (id);
CREATE INDEX audit_logs_new_member_idx ON ONLY audit_logs USING btree ((new_values ->> 'member_id'::text), table_name) WHERE new_values ? 'member_id'::text;
CREATE INDEX audit_logs_old_member_idx ON ONLY audit_logs USING btree ((old_values ->> 'member_id'::text), table_name) WHERE old_values ? 'member_id'::text;
CREATE INDEX audit_logs_record_idx ON ONLY audit_logs USING btree (table_name, record_id, changed_at, id) WHERE record_id IS NOT NULL;
CREATE INDEX audit_logs_request_id_idx ON ONLY audit_logs USING btree (request_id);
CREATE INDEX audit_logs_shown_idx ON ONLY audit_logs USING gin (audit_shown_keys(table_name::text, record_ids)) WITH (fastupdate=off) WHERE record_ids IS NOT NULL;
CREATE INDEX audit_logs_txid_idx ON ONLY audit_logs USING btree (txid, id);
CREATE INDEX audit_seals_last_entry_idx ON audit_seals USING btree (last_txid, last_id) WHERE entry_count > 0;
CREATE INDEX audit_seals_tree_size_idx ON audit_seals USING btree (tree_size) WHERE entry_count > 0;
CREATE INDEX benevolence_applications_member_id_idx ON benevolence_applications USING btree (member_id, application_date, id);
CREATE INDEX benevolence_applications_status_idx ON benevolence_applications USING btree (status, application_date, id) WHERE deleted_at IS NULL;
CREATE INDEX break_glass_reviews_open_idx ON break_glass_reviews USING btree (id) WHERE closed_at IS NULL;
CREATE INDEX break_glass_reviews_opened_by_idx ON break_glass_reviews USING btree (opened_by, id);
CREATE INDEX file_attachments_owner_idx ON file_attachments USING btree (record_type, record_id);
CREATE INDEX file_attachments_record_idx ON file_attachments USING btree (record_type, record_id, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX grievance_step_records_step_key ON grievance_step_records USING btree (grievance_id, step_number) WHERE deleted_at IS NULL;
CREATE INDEX grievances_employer_id_idx ON grievances USING btree (employer_id, filed_date, id);
CREATE INDEX grievances_member_id_idx ON grievances USING btree (member_id, filed_date, id);
CREATE INDEX grievances_status_idx ON grievances USING btree (status, filed_date, id) WHERE deleted_at IS NULL;
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys USING btree (created_at);
CREATE INDEX member_employments_current_idx ON member_employments USING btree (organization_id, member_id) WHERE is_current;
CREATE INDEX member_employments_dates_idx ON member_employments USING btree (start_date, end_date, id);
CREATE INDEX member_employments_member_id_idx ON member_employments USING btree (member_id, start_date, id);
CREATE INDEX member_employments_organization_id_idx ON member_employments USING btree (organization_id, start_date, id);
CREATE INDEX member_links_member_id_idx ON member_links USING btree (member_id);
CREATE INDEX members_contains_idx ON members USING gin (fold_text(((((first_name::text || ' '::text) || COALESCE(middle_name::text || ' '::text, ''::text)) || last_name::text) || ' '::text) || member_number::text) gin_trgm_ops) WHERE deleted_at IS NULL;
CREATE INDEX members_created_at_idx ON members USING btree (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX members_first_name_search_idx ON members USING btree (fold_text((first_name::text || ' '::text) || last_name::text) COLLATE "C", id) WHERE deleted_at IS NULL;
CREATE INDEX members_hire_date_idx ON members USING btree (COALESCE(hire_date, 'infinity'::date), id) WHERE deleted_at IS NULL;
CREATE INDEX members_last_name_search_idx ON members USING btree (fold_text((last_name::text || ' '::text) || first_name::text) COLLATE "C", id) WHERE deleted_at IS NULL;
CREATE INDEX members_member_number_search_idx ON members USING btree (lower(member_number::text COLLATE "C"), id) WHERE deleted_at IS NULL;
CREATE INDEX members_merged_into_idx ON members USING btree (merged_into) WHERE merged_into IS NOT NULL;
CREATE UNIQUE INDEX members_number_in_any_case_key ON members USING btree (lower(member_number::text COLLATE "C"));
CREATE INDEX members_status_classification_idx ON members USING btree (status, classification, id) WHERE deleted_at IS NULL;
CREATE INDEX one_time_tokens_expires_at_idx ON one_time_tokens USING btree (expires_at);
CREATE INDEX one_time_tokens_user_id_idx ON one_time_tokens USING btree (user_id) WHERE used_at IS NULL;
CREATE INDEX organization_contacts_name_search_idx ON organization_contacts USING btree (fold_text((last_name::text || ' '::text) || first_name::text) COLLATE "C", id) WHERE deleted_at IS NULL;
CREATE INDEX organization_contacts_organization_id_idx ON organization_contacts USING btree (organization_id, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX organization_contacts_primary_key ON organization_contacts USING btree (organization_id) WHERE is_primary AND deleted_at IS NULL;
CREATE INDEX organizations_contains_idx ON organizations USING gin (fold_text(name::text) gin_trgm_ops) WHERE deleted_at IS NULL;
CREATE INDEX organizations_name_search_idx ON organizations USING btree (fold_text(name::text) COLLATE "C", id) WHERE deleted_at IS NULL;
CREATE INDEX organizations_org_type_idx ON organizations USING btree (org_type, id) WHERE deleted_at IS NULL;
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens USING btree (expires_at);
CREATE INDEX refresh_tokens_family_id_idx ON refresh_tokens USING btree (family_id);
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens USING btree (user_id) WHERE revoked_at IS NULL;
CREATE INDEX registrations_email_idx ON registrations USING btree (email, id) WHERE used_at IS NULL;
CREATE INDEX registrations_expires_at_idx ON registrations USING btree (expires_at);
CREATE INDEX salting_activities_member_id_idx ON salting_activities USING btree (member_id, activity_date, id);
CREATE INDEX salting_activities_organization_id_idx ON salting_activities USING btree (organization_id, activity_date, id);
CREATE INDEX students_cohort_idx ON students USING btree (cohort, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX students_number_in_any_case_key ON students USING btree (lower(student_number::text COLLATE "C"));
CREATE INDEX students_status_cohort_idx ON students USING btree (status, cohort, id) WHERE deleted_at IS NULL;
CREATE INDEX users_created_at_idx ON users USING btree (created_at, id) WHERE deleted_at IS NULL;

CREATE TRIGGER audit_capture_delete AFTER DELETE ON archives FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE archives ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON archives REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE archives ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON archives FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE archives ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON archives FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE archives ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON archives FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE archives ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_cosignatures_refuse_change BEFORE DELETE OR UPDATE ON audit_cosignatures FOR EACH ROW EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_cosignatures ENABLE ALWAYS TRIGGER audit_cosignatures_refuse_change;
CREATE TRIGGER audit_cosignatures_refuse_truncate BEFORE TRUNCATE ON audit_cosignatures FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_cosignatures ENABLE ALWAYS TRIGGER audit_cosignatures_refuse_truncate;
CREATE TRIGGER audit_logs_refuse_change BEFORE DELETE OR UPDATE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_refuse_change;
CREATE TRIGGER audit_logs_refuse_truncate BEFORE TRUNCATE ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_refuse_truncate;
CREATE TRIGGER audit_logs_refuse_truncate BEFORE TRUNCATE ON audit_logs_YYYY_MM FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_logs_YYYY_MM ENABLE ALWAYS TRIGGER audit_logs_refuse_truncate;
CREATE TRIGGER audit_seals_refuse_change BEFORE DELETE OR UPDATE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER audit_seals_refuse_change;
CREATE TRIGGER audit_seals_refuse_old_sealer BEFORE INSERT ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse_old_sealer();
ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER audit_seals_refuse_old_sealer;
CREATE TRIGGER audit_seals_refuse_truncate BEFORE TRUNCATE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_seals ENABLE ALWAYS TRIGGER audit_seals_refuse_truncate;
CREATE TRIGGER audit_tree_nodes_refuse_change BEFORE DELETE OR UPDATE ON audit_tree_nodes FOR EACH ROW EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_tree_nodes ENABLE ALWAYS TRIGGER audit_tree_nodes_refuse_change;
CREATE TRIGGER audit_tree_nodes_refuse_truncate BEFORE TRUNCATE ON audit_tree_nodes FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_tree_nodes ENABLE ALWAYS TRIGGER audit_tree_nodes_refuse_truncate;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON benevolence_applications FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE benevolence_applications ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON benevolence_applications REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE benevolence_applications ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON benevolence_applications FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE benevolence_applications ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON benevolence_applications FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE benevolence_applications ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON benevolence_applications FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE benevolence_applications ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON benevolence_reviews FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE benevolence_reviews ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON benevolence_reviews REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE benevolence_reviews ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON benevolence_reviews FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE benevolence_reviews ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON benevolence_reviews FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE benevolence_reviews ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON benevolence_reviews FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE benevolence_reviews ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON break_glass_reviews FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE break_glass_reviews ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON break_glass_reviews REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE break_glass_reviews ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON break_glass_reviews FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE break_glass_reviews ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON break_glass_reviews FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE break_glass_reviews ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON break_glass_reviews FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE break_glass_reviews ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON disowned_seals FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE disowned_seals ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON disowned_seals REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE disowned_seals ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON disowned_seals FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE disowned_seals ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON disowned_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE disowned_seals ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON disowned_seals FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE disowned_seals ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON file_attachments FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE file_attachments ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON file_attachments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE file_attachments ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON file_attachments FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE file_attachments ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON file_attachments FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE file_attachments ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON file_attachments FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE file_attachments ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON grievance_step_records FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE grievance_step_records ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON grievance_step_records REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE grievance_step_records ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON grievance_step_records FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE grievance_step_records ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON grievance_step_records FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE grievance_step_records ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON grievance_step_records FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE grievance_step_records ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON grievances FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE grievances ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON grievances REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE grievances ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON grievances FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE grievances ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON grievances FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE grievances ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER names_employer BEFORE INSERT OR UPDATE OF employer_id, deleted_at ON grievances FOR EACH ROW WHEN (new.deleted_at IS NULL) EXECUTE FUNCTION must_name_employer('employer_id');
ALTER TABLE grievances ENABLE ALWAYS TRIGGER names_employer;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON grievances FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE grievances ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE legal_holds ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON legal_holds REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE legal_holds ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON legal_holds FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE legal_holds ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON legal_holds FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE legal_holds ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER hold_stays BEFORE DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION legal_hold_stays();
ALTER TABLE legal_holds ENABLE ALWAYS TRIGGER hold_stays;
CREATE TRIGGER released_hold_stays BEFORE UPDATE ON legal_holds FOR EACH ROW WHEN (old.released_at IS NOT NULL) EXECUTE FUNCTION legal_hold_stays();
ALTER TABLE legal_holds ENABLE ALWAYS TRIGGER released_hold_stays;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON legal_holds FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE legal_holds ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON member_employments FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE member_employments ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON member_employments REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE member_employments ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON member_employments FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE member_employments ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON member_employments FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE member_employments ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON member_employments FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE member_employments ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON members FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON members REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON members FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE members ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON members FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE members ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON members FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE members ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON mfa_recovery_codes FOR EACH ROW EXECUTE FUNCTION audit_capture('{code_hash}');
ALTER TABLE mfa_recovery_codes ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON mfa_recovery_codes REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{code_hash}');
ALTER TABLE mfa_recovery_codes ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON mfa_recovery_codes FOR EACH ROW EXECUTE FUNCTION audit_capture('{code_hash}');
ALTER TABLE mfa_recovery_codes ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON mfa_recovery_codes FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE mfa_recovery_codes ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON mfa_recovery_codes FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE mfa_recovery_codes ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON one_time_tokens FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}');
ALTER TABLE one_time_tokens ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON one_time_tokens REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{token_hash}');
ALTER TABLE one_time_tokens ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON one_time_tokens FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}');
ALTER TABLE one_time_tokens ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON one_time_tokens FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE one_time_tokens ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON one_time_tokens FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE one_time_tokens ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON organization_contacts FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE organization_contacts ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON organization_contacts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE organization_contacts ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON organization_contacts FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE organization_contacts ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON organization_contacts FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE organization_contacts ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON organization_contacts FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE organization_contacts ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON organizations FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE organizations ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON organizations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE organizations ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON organizations FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE organizations ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON organizations FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE organizations ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER stays_employer BEFORE UPDATE OF org_type ON organizations FOR EACH ROW WHEN (old.org_type::text = 'employer'::text AND new.org_type::text <> 'employer'::text) EXECUTE FUNCTION must_stay_employer();
ALTER TABLE organizations ENABLE ALWAYS TRIGGER stays_employer;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON organizations FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE organizations ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON quarantined_records FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE quarantined_records ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON quarantined_records REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE quarantined_records ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON quarantined_records FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE quarantined_records ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON quarantined_records FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE quarantined_records ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON quarantined_records FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE quarantined_records ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON refresh_tokens FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}');
ALTER TABLE refresh_tokens ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON refresh_tokens REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{token_hash}');
ALTER TABLE refresh_tokens ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON refresh_tokens FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}');
ALTER TABLE refresh_tokens ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON refresh_tokens FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE refresh_tokens ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE CONSTRAINT TRIGGER zz_account_changed AFTER UPDATE ON refresh_tokens DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.revoked_at IS DISTINCT FROM new.revoked_at) EXECUTE FUNCTION account_changed();
ALTER TABLE refresh_tokens ENABLE ALWAYS TRIGGER zz_account_changed;
CREATE CONSTRAINT TRIGGER zz_account_removed AFTER DELETE ON refresh_tokens DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION account_changed();
ALTER TABLE refresh_tokens ENABLE ALWAYS TRIGGER zz_account_removed;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON refresh_tokens FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE refresh_tokens ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON registrations FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}');
ALTER TABLE registrations ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON registrations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{token_hash}');
ALTER TABLE registrations ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON registrations FOR EACH ROW EXECUTE FUNCTION audit_capture('{token_hash}');
ALTER TABLE registrations ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON registrations FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE registrations ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON registrations FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE registrations ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON retention_policies FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE retention_policies ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON retention_policies REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE retention_policies ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON retention_policies FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE retention_policies ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON retention_policies FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE retention_policies ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON retention_policies FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE retention_policies ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON roles FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE roles ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON roles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE roles ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE roles ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON roles FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE roles ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON roles FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE roles ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON salting_activities FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE salting_activities ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON salting_activities REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE salting_activities ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON salting_activities FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE salting_activities ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON salting_activities FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE salting_activities ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER names_employer BEFORE INSERT OR UPDATE OF organization_id, deleted_at ON salting_activities FOR EACH ROW WHEN (new.deleted_at IS NULL) EXECUTE FUNCTION must_name_employer('organization_id');
ALTER TABLE salting_activities ENABLE ALWAYS TRIGGER names_employer;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON salting_activities FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE salting_activities ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON stand_in_accounts FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE stand_in_accounts ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON stand_in_accounts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE stand_in_accounts ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON stand_in_accounts FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE stand_in_accounts ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON stand_in_accounts FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE stand_in_accounts ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON stand_in_accounts FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE stand_in_accounts ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON students FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE students ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON students REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE students ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON students FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE students ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON students FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE students ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON students FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE students ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON user_roles FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE user_roles ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON user_roles REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE user_roles ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON user_roles FOR EACH ROW EXECUTE FUNCTION audit_capture('{}');
ALTER TABLE user_roles ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON user_roles FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE user_roles ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE CONSTRAINT TRIGGER zz_account_changed AFTER INSERT OR DELETE OR UPDATE ON user_roles DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION account_changed();
ALTER TABLE user_roles ENABLE ALWAYS TRIGGER zz_account_changed;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON user_roles FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE user_roles ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER audit_capture_delete AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION audit_capture('{password_hash,mfa_secret}');
ALTER TABLE users ENABLE ALWAYS TRIGGER audit_capture_delete;
CREATE TRIGGER audit_capture_insert AFTER INSERT ON users REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION audit_capture('{password_hash,mfa_secret}');
ALTER TABLE users ENABLE ALWAYS TRIGGER audit_capture_insert;
CREATE TRIGGER audit_capture_update AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit_capture('{password_hash,mfa_secret}');
ALTER TABLE users ENABLE ALWAYS TRIGGER audit_capture_update;
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON users FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE users ENABLE ALWAYS TRIGGER audit_refuse_truncate;
CREATE CONSTRAINT TRIGGER zz_account_changed AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.email::text IS DISTINCT FROM new.email::text OR old.member_id IS DISTINCT FROM new.member_id OR old.is_active IS DISTINCT FROM new.is_active OR old.email_verified_at IS DISTINCT FROM new.email_verified_at OR old.must_change_password IS DISTINCT FROM new.must_change_password OR old.locked_until IS DISTINCT FROM new.locked_until OR old.deleted_at IS DISTINCT FROM new.deleted_at OR old.mfa_enabled_at IS DISTINCT FROM new.mfa_enabled_at) EXECUTE FUNCTION account_changed();
ALTER TABLE users ENABLE ALWAYS TRIGGER zz_account_changed;
CREATE CONSTRAINT TRIGGER zz_account_removed AFTER DELETE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION account_changed();
ALTER TABLE users ENABLE ALWAYS TRIGGER zz_account_removed;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE users ENABLE ALWAYS TRIGGER zz_audit_touch;
CREATE TRIGGER zz_member_linked AFTER INSERT OR UPDATE ON users FOR EACH ROW WHEN (new.member_id IS NOT NULL) EXECUTE FUNCTION member_linked();
ALTER TABLE users ENABLE ALWAYS TRIGGER zz_member_linked;

GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT USAGE ON SCHEMA public TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON account_versions TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON archives TO ip2a_app;
GRANT USAGE ON SEQUENCE archives_id_seq TO ip2a_app;
GRANT SELECT ON audit_cosignatures TO ip2a_app;
GRANT SELECT ON audit_logs TO ip2a_app;
GRANT SELECT ON SEQUENCE audit_logs_id_seq TO ip2a_app;
GRANT SELECT ON audit_seals TO ip2a_app;
GRANT SELECT ON audit_tree_nodes TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON benevolence_applications TO ip2a_app;
GRANT USAGE ON SEQUENCE benevolence_applications_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON benevolence_reviews TO ip2a_app;
GRANT USAGE ON SEQUENCE benevolence_reviews_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON break_glass_reviews TO ip2a_app;
GRANT USAGE ON SEQUENCE break_glass_reviews_id_seq TO ip2a_app;
GRANT SELECT ON disowned_seals TO ip2a_app;
GRANT SELECT ON SEQUENCE disowned_seals_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON export_leases TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON file_attachments TO ip2a_app;
GRANT USAGE ON SEQUENCE file_attachments_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON grievance_step_records TO ip2a_app;
GRANT USAGE ON SEQUENCE grievance_step_records_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON grievances TO ip2a_app;
GRANT USAGE ON SEQUENCE grievances_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON idempotency_keys TO ip2a_app;
GRANT USAGE ON SEQUENCE idempotency_keys_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON imports TO ip2a_app;
GRANT USAGE ON SEQUENCE imports_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON legal_holds TO ip2a_app;
GRANT USAGE ON SEQUENCE legal_holds_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON login_guesses TO ip2a_app;
GRANT USAGE ON SEQUENCE login_guesses_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON member_employments TO ip2a_app;
GRANT USAGE ON SEQUENCE member_employments_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON member_links TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON members TO ip2a_app;
GRANT USAGE ON SEQUENCE members_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON mfa_recovery_codes TO ip2a_app;
GRANT USAGE ON SEQUENCE mfa_recovery_codes_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON one_time_tokens TO ip2a_app;
GRANT USAGE ON SEQUENCE one_time_tokens_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON organization_contacts TO ip2a_app;
GRANT USAGE ON SEQUENCE organization_contacts_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON organizations TO ip2a_app;
GRANT USAGE ON SEQUENCE organizations_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON quarantined_records TO ip2a_app;
GRANT USAGE ON SEQUENCE quarantined_records_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON refresh_tokens TO ip2a_app;
GRANT USAGE ON SEQUENCE refresh_tokens_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON registration_guesses TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON registrations TO ip2a_app;
GRANT USAGE ON SEQUENCE registrations_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON retention_policies TO ip2a_app;
GRANT USAGE ON SEQUENCE retention_policies_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON roles TO ip2a_app;
GRANT USAGE ON SEQUENCE roles_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON salting_activities TO ip2a_app;
GRANT USAGE ON SEQUENCE salting_activities_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON stand_in_accounts TO ip2a_app;
GRANT USAGE ON SEQUENCE stand_in_accounts_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON students TO ip2a_app;
GRANT USAGE ON SEQUENCE students_id_seq TO ip2a_app;
GRANT USAGE ON SEQUENCE students_student_number_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON user_roles TO ip2a_app;
GRANT USAGE ON SEQUENCE user_roles_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON users TO ip2a_app;
GRANT USAGE ON SEQUENCE users_id_seq TO ip2a_app;
