import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The entries of one reply are written all or none: they come with one number, `together`. A reply that is thrown away because
 * one of its conditions does not hold leaves no entry. And `audit_append` tells whether only a replica was late.
 */
export class WholeReplies1795420864000 implements MigrationInterface {
  name = 'WholeReplies1795420864000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      -- As before, and entries of one number are written only where the conditions of all of them hold. The position of an entry
      -- is below zero where nothing but its replica was late.
      CREATE OR REPLACE FUNCTION audit_make_append(cached_tables text[]) RETURNS void LANGUAGE plpgsql SET search_path = ${schema}, pg_temp
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
              SELECT e.action, e."tableName", e."recordId", e."recordIds", e."recordVersion", e."recordVersions", e.filters,
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
    `);
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
