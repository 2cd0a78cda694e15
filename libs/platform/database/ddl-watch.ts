import { DatabaseError } from 'pg';
import { Client } from '#platform/sessions';

const insufficientPrivilege = '42501';

/**
 * Puts each change of an object in the schema of the ledger on record, whoever makes it. It belongs to a role of its own that may do
 * nothing else: the triggers of the owner that the entry passes run as that role, never as a superuser who changes a table. A
 * schema of its own keeps it from the owner's hands. A change whose entry cannot be written is made all the same, with a
 * warning: else months could not be made again after a gap.
 */
const watch = `DO $do$
  DECLARE
    home text := quote_ident((SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'audit_logs'::regclass));
    event text;
  BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ip2a_watch') THEN
      BEGIN
        CREATE ROLE ip2a_watch NOLOGIN;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- Another database of the server was migrated at the same moment.
      END;
    END IF;
    CREATE SCHEMA IF NOT EXISTS ip2a_watch;
    GRANT USAGE ON SCHEMA ip2a_watch TO PUBLIC;
    EXECUTE format('GRANT USAGE ON SCHEMA %1$s TO ip2a_watch; GRANT INSERT ON %1$s.audit_logs TO ip2a_watch;
      GRANT USAGE ON SEQUENCE %1$s.audit_logs_id_seq TO ip2a_watch', home);
    EXECUTE format($create$
      CREATE OR REPLACE FUNCTION ip2a_watch.note_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $body$
      DECLARE
        home regnamespace := %L;
        said jsonb := nullif(current_setting('ip2a.context', true), '')::jsonb;
        objects text;
        relation text;
      BEGIN
        IF TG_EVENT = 'sql_drop' THEN
          SELECT string_agg(DISTINCT object_type || ' ' || object_identity, ', '), min(address_names[2])
            FILTER (WHERE object_type IN ('trigger', 'table', 'rule', 'policy', 'table column', 'table constraint'))
            INTO objects, relation
          FROM pg_event_trigger_dropped_objects()
          WHERE NOT is_temporary AND (original OR object_type = 'trigger') AND quote_ident(coalesce(schema_name, address_names[1])) = home::text;
        ELSE
          SELECT string_agg(DISTINCT d.object_type || ' ' || d.object_identity, ', '), min(c.relname) INTO objects, relation
          FROM pg_event_trigger_ddl_commands() d
          LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
          LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
          LEFT JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
          LEFT JOIN pg_class c ON c.relkind <> 'i' AND c.oid = coalesce(t.tgrelid, r.ev_class, p.polrelid,
            CASE WHEN d.classid = 'pg_class'::regclass THEN d.objid END)
          WHERE NOT d.in_extension AND d.object_identity IS NOT NULL AND (coalesce(c.relnamespace::regnamespace::text, quote_ident(d.schema_name)) = home::text
            OR EXISTS (SELECT FROM pg_inherits i JOIN pg_class parent ON parent.oid = i.inhparent
              WHERE i.inhrelid = d.objid AND parent.relnamespace = home));
        END IF;
        IF objects IS NOT NULL THEN
          INSERT INTO %s.audit_logs (action, table_name, filters, changed_by, actor_email, actor_roles, source, request_id, route,
            reason, notes)
          VALUES ('DDL', relation, jsonb_build_object('command', TG_TAG, 'application', current_setting('application_name')),
            (said ->> 'userId')::integer, said ->> 'email', (said ->> 'roles')::text[], coalesce(said ->> 'source', 'database'),
            said ->> 'requestId', said ->> 'route', said ->> 'reason',
            left(concat_ws(': ', TG_TAG, objects) || '; database role ' || session_user, 4000));
        END IF;
      EXCEPTION WHEN OTHERS THEN
        RAISE WARNING 'the change of %% has no entry: %%', coalesce(objects, 'the schema'), SQLERRM;
      END $body$ $create$, home, home);
    ALTER FUNCTION ip2a_watch.note_ddl() OWNER TO ip2a_watch;
    FOREACH event IN ARRAY '{ddl_command_end,sql_drop}'::text[] LOOP
      IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'ip2a_' || event) THEN
        EXECUTE format('CREATE EVENT TRIGGER %1$I ON %2$s EXECUTE FUNCTION ip2a_watch.note_ddl()', 'ip2a_' || event, event);
        EXECUTE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', 'ip2a_' || event);
      END IF;
    END LOOP;
  END $do$`;

/** Makes it where the role may: a superuser, or a role of a provider. Whether it did. */
export async function watchDdl(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(watch);
    return true;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === insufficientPrivilege) return false;
    throw error;
  } finally {
    await client.end();
  }
}
