import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The statement that writes an entry also decides whether the access was right. Each entry comes with its conditions: the cached
 * row has not changed, nor has the account that asks, and a replica had everything that its asker changed. `audit_append`
 * writes the entries whose conditions hold in its own snapshot and answers the positions of the others. So caches and replicas
 * need no protocol: generations, their triggers and the shards of account versions go. See
 * docs/decisions/0010-one-commit-decides.md.
 */
export class OneCommitDecides1795420862000 implements MigrationInterface {
  name = 'OneCommitDecides1795420862000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      DROP TRIGGER zz_record_changed ON members;
      DROP TRIGGER zz_record_changed ON organizations;
      DROP FUNCTION cache_watch;
      DROP FUNCTION record_changed;
      DROP TABLE shared_generations;
      DROP TABLE account_versions;
    `);
    await runner.query(`
      -- A version of each account whose rights have changed. Without a row it is 0. Microseconds, so that none comes again with
      -- another meaning after the database was restored from a backup.
      CREATE TABLE account_versions (
        user_id integer CONSTRAINT account_versions_pkey PRIMARY KEY,
        version bigint  NOT NULL
      ) WITH (fillfactor = 50);

      CREATE OR REPLACE FUNCTION account_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = ${schema}, pg_temp AS $$
      DECLARE
        changed jsonb := coalesce(to_jsonb(NEW), to_jsonb(OLD));
      BEGIN
        INSERT INTO account_versions AS v (user_id, version)
        VALUES (coalesce(changed ->> 'user_id', changed ->> 'id')::integer,
          (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        ON CONFLICT (user_id) DO UPDATE SET version = greatest(v.version + 1, excluded.version);
        RETURN NULL;
      END $$;

      -- When the row was changed last, in µs since the epoch. As float8, which holds them exactly and is quicker than numeric.
      CREATE FUNCTION changed_at_us(updated_at timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
        SELECT (date_part('epoch', updated_at) * 1000000)::bigint
      $$;
    `);
    await runner.query(`
      -- Whether a replica had what a list must show: it follows this timeline, it is not more than ten seconds late, and it has
      -- every change of the one who asks. The entries of those seconds are found by their transactions.
      CREATE FUNCTION replica_had(asker integer, horizon xid8, timeline integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
      BEGIN
        IF timeline IS DISTINCT FROM ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::integer
          OR horizon <= coalesce((SELECT l.txid FROM audit_logs l
            WHERE l.changed_at < statement_timestamp() - interval '10 seconds'
            ORDER BY l.changed_at DESC, l.id DESC LIMIT 1), '0') THEN
          RETURN false;
        END IF;
        RETURN NOT EXISTS (SELECT FROM audit_logs l WHERE l.txid >= horizon AND l.changed_by = asker
          AND l.action IN ('CREATE', 'UPDATE', 'DELETE', 'RESTORE'));
      END $$;
      ALTER FUNCTION replica_had SET search_path = ${schema}, pg_temp;

      -- Makes audit_append, which compares cached rows of these tables. It writes the entries whose conditions hold and answers the
      -- positions of the others, from 1; null where all hold. An entry without an action is a condition alone. The conditions:
      --   the row of a cached table still has this version, and was changed last at this time. A version may come again after a
      --   restore, but not at the same microsecond. Of a table that is not listed none ever holds.
      --   the account that asks still has this version, and the first of its roles to end has not ended by the primary's clock.
      --   a replica had what a list must show.
      -- All of it is one statement, so one snapshot; a look-up in a function of its own would cost ten times as much. PL/pgSQL keeps
      -- the plan between calls. The time-out for locks acts before the table is locked; together with the caller's deadline it
      -- keeps a refusal under two seconds.
      CREATE FUNCTION audit_make_append(cached_tables text[]) RETURNS void LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
      AS $make$
      BEGIN
        EXECUTE format($create$
          CREATE OR REPLACE FUNCTION audit_append(entries json) RETURNS integer[] LANGUAGE plpgsql
            SET lock_timeout = '500ms' SET search_path = ${schema}, pg_temp
          AS $body$
          DECLARE
            outdated integer[];
          BEGIN
            WITH e AS MATERIALIZED (
              SELECT e.*,
                coalesce(("changedAtUs" IS NULL OR CASE "tableName" %s END)
                AND ("accountId" IS NULL
                  OR coalesce((SELECT v.version FROM account_versions v WHERE v.user_id = "accountId"), 0) = "accountVersion"
                    AND ("accountEndsAt" IS NULL OR "accountEndsAt" > extract(epoch FROM statement_timestamp())))
                AND (horizon IS NULL OR replica_had("userId", horizon, timeline)), false) AS holds
              FROM ROWS FROM (json_to_recordset(entries) AS (action text, "tableName" text, "recordId" bigint,
                "recordIds" bigint[], "recordVersion" bigint, "recordVersions" bigint[], filters jsonb, "userId" integer,
                email text, roles text[], source text, "ipAddress" inet, "userAgent" text, "requestId" text, route text,
                reason text, outcome text, notes text, "changedAtUs" bigint, "accountId" integer, "accountVersion" bigint,
                "accountEndsAt" float8, horizon xid8, timeline integer)) WITH ORDINALITY AS e (action, "tableName", "recordId",
                "recordIds", "recordVersion", "recordVersions", filters, "userId", email, roles, source, "ipAddress",
                "userAgent", "requestId", route, reason, outcome, notes, "changedAtUs", "accountId", "accountVersion",
                "accountEndsAt", horizon, timeline, place)
            ), written AS (
              INSERT INTO audit_logs (action, table_name, record_id, record_ids, record_version, record_versions, filters,
                changed_by, actor_email, actor_roles, source, ip_address, user_agent, request_id, route, reason, outcome, notes)
              SELECT e.action, e."tableName", e."recordId", e."recordIds", e."recordVersion", e."recordVersions", e.filters,
                e."userId", e.email, e.roles, e.source, e."ipAddress", e."userAgent", e."requestId", e.route, e.reason,
                coalesce(e.outcome, 'success'), e.notes
              FROM e WHERE e.holds AND e.action IS NOT NULL
            )
            SELECT array_agg(e.place::integer) INTO outdated FROM e WHERE NOT e.holds;
            RETURN outdated;
          END $body$ $create$,
          (SELECT string_agg(format('WHEN %L THEN (SELECT t.audit_ref = "recordVersion" AND changed_at_us(t.updated_at) = "changedAtUs"
            FROM %I t WHERE t.id = "recordId")', name, name), ' ') FROM unnest(cached_tables) AS name));
      END $make$;
      REVOKE EXECUTE ON FUNCTION audit_make_append FROM PUBLIC;
      DROP FUNCTION audit_append(json);
      SELECT audit_make_append('{members,organizations}');

      -- As before, and a change is refused where the account that asks is not what it was. Context and conditions are read once, in
      -- the function itself.
      CREATE OR REPLACE FUNCTION audit_capture() RETURNS trigger LANGUAGE plpgsql
        SET lock_timeout = '500ms' SET search_path = ${schema}, pg_temp
      AS $$
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
      END $$;
      DROP FUNCTION audit_refuse_late;
    `);
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
