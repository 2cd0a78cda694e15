/**
 * What is weaker than P1 and P4 promise, in sentences for an operator; none where all is well. A query, not a function in
 * the database: whoever could weaken the ledger there could also make such a function say that nothing is wrong.
 *
 * $1 is the application's role; null asks about the role that runs the query. A table is audited if it has the column
 * `audit_ref`, so one whose triggers are all gone is still named.
 */
const weaknessesSql = `
  WITH role AS (
    SELECT oid, rolname AS name, rolsuper, rolcreaterole FROM pg_roles WHERE rolname = coalesce($1::name, current_user)
  ), home AS (
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
  ), owned AS (
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
      AND p.prosecdef AND p.proname <> ALL ('{audit_append,audit_seal,audit_cosign}') GROUP BY role.name
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
    SELECT 10, name || ' has rules, which can swallow what is written to it' FROM watched WHERE relhasrules
      AND EXISTS (SELECT FROM pg_rewrite WHERE ev_class = watched.oid)
  )
  SELECT weakness FROM faults ORDER BY place, weakness`;

type Ask = (sql: string, values: unknown[]) => Promise<{ weakness: string }[]>;

/** Asks about the application's role, or, where none is named, about the role of the connection that is asked. */
export async function weaknessesOf(ask: Ask, role: string | null = null): Promise<string[]> {
  const rows = await ask(weaknessesSql, [role]);
  return rows.map(({ weakness }) => weakness);
}
