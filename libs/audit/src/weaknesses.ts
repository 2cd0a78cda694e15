import { ownObjects } from './own-objects';

const watchedTables = `
  home AS (
    SELECT n.oid, n.nspname, n.nspowner FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
    WHERE c.oid = 'audit_logs'::regclass
  ), watched AS (
    SELECT c.oid, c.relname AS name, c.relowner AS owner, c.relhasrules, true AS is_ledger
    FROM pg_partition_tree('audit_logs') p JOIN pg_class c ON c.oid = p.relid
    UNION ALL
    SELECT c.oid, c.relname, c.relowner, c.relhasrules, true
    FROM pg_class c WHERE c.oid IN ('audit_seals'::regclass, 'audit_tree_nodes'::regclass, 'audit_cosignatures'::regclass)
    UNION ALL
    SELECT c.oid, c.relname, c.relowner, c.relhasrules, false
    FROM pg_class c JOIN home ON home.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind IN ('r', 'p') AND a.attname = 'audit_ref' AND NOT a.attisdropped
  )`;

/**
 * The functions of the schema, and the triggers of the tables that are watched, each with what it
 * does. The name of the schema is left out of it.
 */
const objects = `
  objects AS (
    SELECT 'trigger' AS kind, w.name::text AS "table", t.tgname::text AS name,
      t.tgenabled::text || ' ' || pg_get_triggerdef(t.oid, true) AS body
    FROM watched w JOIN pg_trigger t ON t.tgrelid = w.oid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT 'function', '', p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
      encode(sha256(convert_to(replace(concat_ws(' ', p.prosecdef, l.lanname, p.proconfig, p.prosrc),
        quote_ident(home.nspname) || ', pg_temp', 'pg_temp'), 'UTF8')), 'hex')
    FROM pg_proc p JOIN home ON home.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  )`;

/**
 * What the migrations make, which `npm run generate` writes into own-objects.ts. Triggers of months
 * come and go with them.
 */
export const ownObjectsSql = `WITH ${watchedTables}, ${objects}
  SELECT concat_ws(' ', kind, "table", name) COLLATE "C" AS key, body FROM objects WHERE "table" !~ '^audit_logs_' ORDER BY 1`;

/**
 * What is weaker than P1 and P4 promise, in sentences for an operator; none where all is well. A
 * query, not a function in the database: whoever could weaken the ledger there could also make such
 * a function say that nothing is wrong.
 *
 * $1 is the application's role; null asks about the role that runs the query. $2 are the objects
 * that the migrations make: an allow-list, so whatever else can change rows is named. A table is
 * audited if it has the column `audit_ref`, so one whose triggers are all gone is still named.
 */
const weaknessesSql = `
  WITH role AS (
    SELECT oid, rolname AS name, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = coalesce($1::name, current_user)
  ), ${watchedTables}, ${objects}, owned AS (
    SELECT name, owner FROM watched
    UNION ALL SELECT p.proname || '()', p.proowner FROM pg_proc p JOIN home ON home.oid = p.pronamespace
      WHERE p.proname LIKE 'audit\\_%'
    UNION ALL SELECT 'schema ' || nspname, nspowner FROM home
  ), triggers (is_ledger, name, type, function) AS (
    -- The bits of pg_trigger.tgtype: 1 row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
    VALUES (true, 'audit_logs_refuse_change', 1 + 2 + 8 + 16, 'audit_refuse'),
      (true, 'audit_logs_refuse_truncate', 2 + 32, 'audit_refuse'),
      (false, 'zz_audit_touch', 1 + 2 + 4 + 16, 'audit_touch'),
      (false, 'audit_capture_insert', 4, 'audit_capture'),
      (false, 'audit_capture_update', 1 + 16, 'audit_capture'),
      (false, 'audit_capture_delete', 1 + 8, 'audit_capture'),
      (false, 'audit_refuse_truncate', 2 + 32, 'audit_refuse')
  ), found AS (
    SELECT CASE WHEN w.is_ledger AND w.name NOT LIKE 'audit\\_logs%' THEN replace(e.name, 'audit_logs', w.name) ELSE e.name END AS trigger, w.name AS "table",
      CASE
        WHEN t.oid IS NULL THEN 'is missing'
        WHEN t.tgenabled = 'D' THEN 'is disabled'
        WHEN t.tgenabled <> 'A' THEN 'sleeps in some sessions (it is not ENABLE ALWAYS)'
        WHEN t.tgtype <> e.type OR t.tgqual IS NOT NULL OR t.tgattr <> '' OR p.proname <> e.function
          OR p.pronamespace <> home.oid THEN 'is not the one that was made'
      END AS fault
    FROM watched w JOIN triggers e USING (is_ledger) CROSS JOIN home
    LEFT JOIN pg_trigger t ON t.tgrelid = w.oid AND t.tgname = CASE
      WHEN w.is_ledger AND w.name NOT LIKE 'audit\\_logs%' THEN replace(e.name, 'audit_logs', w.name) ELSE e.name END
    LEFT JOIN pg_proc p ON p.oid = t.tgfoid
  ), privileges AS (
    SELECT w.name AS "table", string_agg(p.privilege, ', ') AS held
    FROM role, watched w CROSS JOIN unnest('{INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) WITH ORDINALITY AS p (privilege, place)
    WHERE (w.is_ledger OR p.privilege IN ('TRUNCATE', 'TRIGGER') OR w.name = 'disowned_seals') AND NOT pg_has_role(role.oid, w.owner, 'MEMBER')
      AND (has_table_privilege(role.oid, w.oid, p.privilege)
        OR p.privilege IN ('INSERT', 'UPDATE') AND has_any_column_privilege(role.oid, w.oid, p.privilege))
    GROUP BY w.oid, w.name
  ), ours AS (
    SELECT key, body FROM json_each_text($2::json) AS o (key, body)
  ), other AS (
    -- What is there and is not ours, and what is ours and is not there. A table that no migration
    -- made has the triggers of audit_watch.
    SELECT kind, name, "table", CASE WHEN o.key IS NULL AND kind = 'trigger' THEN 'is not ours' WHEN left(s.body, 1) = 'D' AND kind = 'trigger'
      THEN 'is disabled' ELSE 'is not the one that was made' END AS fault
    FROM objects s LEFT JOIN ours o ON o.key = concat_ws(' ', s.kind, s."table", s.name)
    WHERE s.body <> o.body AND NOT EXISTS (SELECT FROM found f WHERE f.trigger = s.name AND f."table" = s."table" AND f.fault IS NOT NULL)
      OR o.key IS NULL AND kind = 'trigger' AND NOT EXISTS (SELECT FROM found f WHERE f.trigger = s.name AND f."table" = s."table")
    UNION ALL
    SELECT split_part(o.key, ' ', 1), substr(o.key, strpos(o.key, '  ') + 2), '', 'is missing' FROM ours o
    WHERE o.key LIKE 'function %' AND NOT EXISTS (SELECT FROM objects s WHERE concat_ws(' ', s.kind, s."table", s.name) = o.key)
    UNION ALL
    SELECT 'trigger', split_part(o.key, ' ', 3), split_part(o.key, ' ', 2), 'is missing' FROM ours o
    WHERE o.key LIKE 'trigger %' AND NOT EXISTS (SELECT FROM objects s WHERE concat_ws(' ', s.kind, s."table", s.name) = o.key)
      AND NOT EXISTS (SELECT FROM found f WHERE f.trigger = split_part(o.key, ' ', 3) AND f."table" = split_part(o.key, ' ', 2))
  ), faults AS (
    SELECT 1 AS place, role.name || ' is a superuser: nothing in the database is refused to it' AS weakness
    FROM role WHERE rolsuper
    UNION ALL
    SELECT 2, role.name || CASE WHEN role.oid = o.owner THEN ' owns ' ELSE ' is a member of ' || r.rolname || ', which owns ' END
      || string_agg(o.name, ', ' ORDER BY o.name) || ': it can disable what protects them'
    FROM role, owned o JOIN pg_roles r ON r.oid = o.owner
    WHERE NOT role.rolsuper AND pg_has_role(role.oid, o.owner, 'MEMBER') GROUP BY role.name, role.oid, o.owner, r.rolname
    UNION ALL
    SELECT 3, role.name || ' may ' || held || ' on ' || "table" FROM role, privileges WHERE NOT rolsuper
    UNION ALL
    SELECT 4, role.name || ' may take or set the numbers of entries (' || string_agg(p.privilege, ', ') || ' on audit_logs_id_seq)'
    FROM role, watched w CROSS JOIN unnest('{USAGE,UPDATE}'::text[]) AS p (privilege)
    WHERE NOT rolsuper AND w.oid = 'audit_logs'::regclass AND NOT pg_has_role(role.oid, w.owner, 'MEMBER')
      AND has_sequence_privilege(role.oid, 'audit_logs_id_seq', p.privilege) GROUP BY role.name
    UNION ALL
    SELECT 4, role.name || ' may execute ' || string_agg(p.proname, ', ' ORDER BY p.proname) || ', which only triggers and the owner do'
    FROM role, home JOIN pg_proc p ON p.pronamespace = home.oid
    WHERE NOT rolsuper AND NOT pg_has_role(role.oid, p.proowner, 'MEMBER') AND has_function_privilege(role.oid, p.oid, 'EXECUTE')
      AND p.prosecdef AND p.proname <> ALL ('{audit_append,audit_seal,audit_cosign,applied_migrations}') GROUP BY role.name
    UNION ALL
    SELECT 5, role.name || ' may set session_replication_role, which puts foreign keys to sleep' FROM role
    WHERE NOT rolsuper AND has_parameter_privilege(role.oid, 'session_replication_role', 'SET')
    UNION ALL
    SELECT 6, role.name || ' may CREATE in schema ' || nspname FROM role, home
    WHERE NOT rolsuper AND NOT pg_has_role(role.oid, nspowner, 'MEMBER') AND has_schema_privilege(role.oid, home.oid, 'CREATE')
    UNION ALL
    SELECT 7, role.name || ' may create roles, and perhaps give itself others' FROM role WHERE NOT rolsuper AND rolcreaterole
    UNION ALL
    SELECT 8, role.name || ' is a member of ' || r.rolname || ', and so master of the server' FROM role, pg_roles r
    WHERE NOT role.rolsuper AND r.rolname IN ('pg_execute_server_program', 'pg_write_server_files')
      AND pg_has_role(role.oid, r.oid, 'MEMBER')
    UNION ALL
    SELECT 9, 'trigger ' || trigger || ' of ' || "table" || ' ' || fault FROM found WHERE fault IS NOT NULL
    UNION ALL
    -- Made where a superuser was at hand, and then with this schema.
    SELECT 9, 'event trigger ' || e.name || CASE WHEN t.oid IS NULL THEN ' is missing' WHEN t.evtenabled = 'D' THEN ' is disabled'
      WHEN t.evtenabled <> 'A' THEN ' sleeps in some sessions (it is not ENABLE ALWAYS)' ELSE ' is not the one that was made' END
    FROM unnest('{ip2a_ddl_command_end,ip2a_sql_drop}'::text[]) AS e (name) LEFT JOIN pg_event_trigger t ON t.evtname = e.name
    LEFT JOIN pg_proc p ON p.oid = t.evtfoid
    WHERE to_regnamespace('ip2a_watch') IS NOT NULL AND (t.oid IS NULL OR t.evtenabled <> 'A' OR t.evttags IS NOT NULL
      OR 'ip2a_' || t.evtevent <> e.name OR p.proname <> 'note_ddl' OR p.pronamespace <> to_regnamespace('ip2a_watch'))
    UNION ALL
    SELECT 10, name || ' has rules, which can swallow what is written to it' FROM watched WHERE relhasrules
      AND EXISTS (SELECT FROM pg_rewrite WHERE ev_class = watched.oid)
    UNION ALL
    SELECT 9, kind || ' ' || name || CASE WHEN kind = 'trigger' THEN ' of ' || "table" ELSE '' END || ' ' || fault FROM other
    UNION ALL
    SELECT 9, 'foreign keys of ' || w.name || ' are disabled' FROM watched w WHERE EXISTS (
      SELECT FROM pg_trigger t WHERE t.tgrelid = w.oid AND t.tgisinternal AND t.tgenabled <> 'O' AND t.tgparentid = 0)
    UNION ALL
    SELECT 11, w.name || ' has row security, which can hide rows and refuse writes' FROM watched w JOIN pg_class c USING (oid)
    WHERE c.relrowsecurity OR EXISTS (SELECT FROM pg_policy WHERE polrelid = w.oid)
    UNION ALL
    SELECT 12, w.name || ' has the child table ' || c.relname || ', whose rows count as its own' FROM watched w
    JOIN pg_inherits i ON i.inhparent = w.oid JOIN pg_class c ON c.oid = i.inhrelid
    WHERE w.oid <> 'audit_logs'::regclass OR c.relname !~ '^audit_logs_\\d{4}_\\d{2}$'
    UNION ALL
    SELECT 12, w.name || ' is a child table of ' || c.relname || ', by which it can be changed' FROM watched w
    JOIN pg_inherits i ON i.inhrelid = w.oid JOIN pg_class c ON c.oid = i.inhparent WHERE c.oid <> 'audit_logs'::regclass
    UNION ALL
    SELECT 13, 'publication ' || p.pubname || ' hands on rows of ' || string_agg(w.name, ', ' ORDER BY w.name) || ' without entries'
    FROM pg_publication_tables p JOIN home ON home.nspname = p.schemaname JOIN watched w ON w.name = p.tablename GROUP BY p.pubname
    UNION ALL
    SELECT 14, 'subscription ' || s.subname || ' writes into ' || string_agg(w.name, ', ' ORDER BY w.name) || ' without entries'
    FROM pg_subscription_rel r JOIN pg_subscription s ON s.oid = r.srsubid JOIN watched w ON w.oid = r.srrelid GROUP BY s.subname
    UNION ALL
    SELECT 15, w.name || ' is not logged: a crash empties it' FROM watched w JOIN pg_class c USING (oid) WHERE c.relpersistence <> 'p'
    UNION ALL
    SELECT 16, coalesce(r.rolname, 'every role') || ' begins its sessions with ' || c.setting
    FROM pg_db_role_setting d CROSS JOIN unnest(d.setconfig) AS c (setting) LEFT JOIN pg_roles r ON r.oid = d.setrole
    WHERE d.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND c.setting ~* '^(session_replication_role|event_triggers|ip2a\\.)'
  )
  SELECT weakness FROM faults ORDER BY place, weakness`;

const ownObjectsJson = JSON.stringify(ownObjects);

type Ask = (sql: string, values: unknown[]) => Promise<{ weakness: string }[]>;

/**
 * Asks about the application's role, or, where none is named, about the role of the connection that
 * is asked.
 */
export async function weaknessesOf(ask: Ask, role: string | null = null): Promise<string[]> {
  const rows = await ask(weaknessesSql, [role, ownObjectsJson]);
  return rows.map(({ weakness }) => weakness);
}
