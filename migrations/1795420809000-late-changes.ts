import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A change that its request no longer waits for is not made. Before, a statement that had waited for a lock until its client
 * gave up, and had answered 503, was committed all the same once the lock was free: each statement is a transaction of its own.
 * Waiting for the ledger's lock is cut shorter, so that the server refuses in time what waited for a connection before.
 */
export class LateChanges1795420809000 implements MigrationInterface {
  name = 'LateChanges1795420809000';

  async up(runner: QueryRunner): Promise<void> {
    const [{ schema }] = (await runner.query('SELECT quote_ident(current_schema()) AS schema')) as [{ schema: string }];
    await runner.query(`
      CREATE FUNCTION audit_refuse_late(said jsonb) RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        IF clock_timestamp() - statement_timestamp() > (said ->> 'budgetMs')::integer * interval '1 millisecond' THEN
          RAISE EXCEPTION 'the request was given up before its change was made' USING ERRCODE = 'query_canceled';
        END IF;
      END $$;
      ALTER FUNCTION audit_refuse_late SET search_path = ${schema}, pg_temp;

      CREATE OR REPLACE FUNCTION audit_capture() RETURNS trigger LANGUAGE plpgsql
        SET lock_timeout = '500ms'
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
          PERFORM audit_refuse_late(said);
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
        PERFORM audit_refuse_late(said);
        RETURN NULL;
      END $$;

      ALTER FUNCTION audit_append SET lock_timeout = '500ms';
      ALTER FUNCTION audit_capture SET search_path = ${schema}, pg_temp;
    `);
  }

  async down(): Promise<void> {
    throw new Error('The ledger is not taken down.');
  }
}
