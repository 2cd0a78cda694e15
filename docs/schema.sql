-- The schema that the migrations make of an empty database, as PostgreSQL itself describes it. To be read, not run: the
-- migrations are what counts. Made by `npm run generate`; a spec compares it with a migrated database.
--
-- audit_logs has a partition for each month, made by audit_make_partitions(). They are all alike and stand here as one,
-- audit_logs_YYYY_MM.

CREATE EXTENSION pg_trgm;

CREATE SEQUENCE audit_logs_id_seq AS bigint;
CREATE SEQUENCE migrations_id_seq AS integer;

CREATE OR REPLACE FUNCTION public.account_changed()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
      DECLARE
        changed jsonb := coalesce(to_jsonb(NEW), to_jsonb(OLD));
      BEGIN
        UPDATE account_versions SET version = version + 1
        WHERE shard = coalesce(changed ->> 'user_id', changed ->> 'id')::integer & 31;
        RETURN NULL;
      END $function$
;

CREATE OR REPLACE FUNCTION public.audit_append(entries json)
 RETURNS void
 LANGUAGE plpgsql
 SET lock_timeout TO '800ms'
 SET search_path TO 'public', 'pg_temp'
AS $function$
      BEGIN
        INSERT INTO audit_logs (action, table_name, record_id, record_ids, filters, changed_by, actor_email, actor_roles,
          source, ip_address, user_agent, request_id, route, reason, outcome, notes)
        SELECT e.action, e."tableName", e."recordId", e."recordIds", e.filters, e."userId", e.email, e.roles,
          e.source, e."ipAddress", e."userAgent", e."requestId", e.route, e.reason, coalesce(e.outcome, 'success'), e.notes
        FROM json_to_recordset(entries) AS e(action text, "tableName" text, "recordId" bigint, "recordIds" bigint[],
          filters jsonb, "userId" integer, email text, roles text[], source text, "ipAddress" inet, "userAgent" text,
          "requestId" text, route text, reason text, outcome text, notes text);
      END $function$
;

CREATE OR REPLACE FUNCTION public.audit_capture()
 RETURNS trigger
 LANGUAGE plpgsql
 SET lock_timeout TO '800ms'
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
      END $function$
;

CREATE OR REPLACE FUNCTION public.audit_make_partitions(months_ahead integer DEFAULT 4)
 RETURNS integer
 LANGUAGE plpgsql
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
      END $function$
;
REVOKE EXECUTE ON FUNCTION audit_make_partitions(integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION public.audit_mask(shown jsonb, secrets text[])
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'public', 'pg_temp'
AS $function$
        SELECT shown || coalesce((SELECT jsonb_object_agg(secret, '[redacted]'::text) FROM unnest(secrets) AS secret
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

CREATE OR REPLACE FUNCTION public.audit_touch()
 RETURNS trigger
 LANGUAGE plpgsql
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

CREATE OR REPLACE FUNCTION public.fold_text(t text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
        SELECT btrim(regexp_replace(lower(CASE WHEN octet_length(t) = char_length(t) THEN t
          ELSE regexp_replace(normalize(t, NFKD), '[\u0300-\u036f]', '', 'g') END), '[\s,]+', ' ', 'g'))
      $function$
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
          SELECT c.oid::regclass AS relation, c.relkind, (c.relname LIKE 'audit\_logs%') AS ledger
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
      END $function$
;
REVOKE EXECUTE ON FUNCTION grant_application(name) FROM PUBLIC;

CREATE TABLE account_versions (
  shard smallint NOT NULL,
  version bigint DEFAULT 0 NOT NULL,
  CONSTRAINT account_versions_pkey PRIMARY KEY (shard)
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
  CONSTRAINT audit_logs_pkey PRIMARY KEY (changed_at, id),
  CONSTRAINT audit_logs_outcome_check CHECK (outcome::text = ANY (ARRAY['success'::character varying, 'denied'::character varying, 'failed'::character varying]::text[])),
  CONSTRAINT audit_logs_source_check CHECK (source::text = ANY (ARRAY['api'::character varying, 'cli'::character varying, 'job'::character varying, 'database'::character varying]::text[]))
) PARTITION BY RANGE (changed_at);

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
  CONSTRAINT imports_pkey PRIMARY KEY (id),
  CONSTRAINT imports_user_id_operation_key_key UNIQUE (user_id, operation, key),
  CONSTRAINT imports_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
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
  CONSTRAINT members_pkey PRIMARY KEY (id),
  CONSTRAINT members_member_number_key UNIQUE (member_number),
  CONSTRAINT members_classification_check CHECK (classification::text = ANY (ARRAY['apprentice_1'::character varying, 'apprentice_2'::character varying, 'apprentice_3'::character varying, 'apprentice_4'::character varying, 'apprentice_5'::character varying, 'journeyman'::character varying, 'foreman'::character varying, 'retiree'::character varying, 'honorary'::character varying]::text[])),
  CONSTRAINT members_email_check CHECK (email::text = lower(email::text)),
  CONSTRAINT members_member_number_check CHECK (member_number::text ~ '^[0-9A-Za-z]+$'::text),
  CONSTRAINT members_status_check CHECK (status::text = ANY (ARRAY['active'::character varying, 'inactive'::character varying, 'suspended'::character varying, 'retired'::character varying, 'deceased'::character varying]::text[]))
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
  CONSTRAINT refresh_tokens_pkey PRIMARY KEY (id),
  CONSTRAINT refresh_tokens_token_hash_key UNIQUE (token_hash),
  CONSTRAINT refresh_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id)
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

CREATE INDEX audit_logs_changed_by_idx ON ONLY audit_logs USING btree (changed_by, changed_at, id);
CREATE INDEX audit_logs_id_idx ON ONLY audit_logs USING btree (id);
CREATE INDEX audit_logs_record_ids_idx ON ONLY audit_logs USING gin (record_ids) WHERE record_ids IS NOT NULL;
CREATE INDEX audit_logs_record_idx ON ONLY audit_logs USING btree (table_name, record_id, changed_at, id) WHERE record_id IS NOT NULL;
CREATE INDEX audit_logs_request_id_idx ON ONLY audit_logs USING btree (request_id);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys USING btree (created_at);
CREATE INDEX members_contains_idx ON members USING gin (fold_text(((((first_name::text || ' '::text) || COALESCE(middle_name::text || ' '::text, ''::text)) || last_name::text) || ' '::text) || member_number::text) gin_trgm_ops) WHERE deleted_at IS NULL;
CREATE INDEX members_created_at_idx ON members USING btree (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX members_first_name_search_idx ON members USING btree (fold_text((first_name::text || ' '::text) || last_name::text) COLLATE "C", id) WHERE deleted_at IS NULL;
CREATE INDEX members_hire_date_idx ON members USING btree (COALESCE(hire_date, 'infinity'::date), id) WHERE deleted_at IS NULL;
CREATE INDEX members_last_name_search_idx ON members USING btree (fold_text((last_name::text || ' '::text) || first_name::text) COLLATE "C", id) WHERE deleted_at IS NULL;
CREATE INDEX members_member_number_search_idx ON members USING btree (lower(member_number::text) COLLATE "C", id) WHERE deleted_at IS NULL;
CREATE INDEX members_status_classification_idx ON members USING btree (status, classification, id) WHERE deleted_at IS NULL;
CREATE INDEX one_time_tokens_user_id_idx ON one_time_tokens USING btree (user_id) WHERE used_at IS NULL;
CREATE INDEX refresh_tokens_family_id_idx ON refresh_tokens USING btree (family_id);
CREATE INDEX refresh_tokens_user_id_idx ON refresh_tokens USING btree (user_id) WHERE revoked_at IS NULL;
CREATE INDEX users_created_at_idx ON users USING btree (created_at, id) WHERE deleted_at IS NULL;

CREATE TRIGGER audit_logs_refuse_change BEFORE DELETE OR UPDATE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_refuse_change;
CREATE TRIGGER audit_logs_refuse_truncate BEFORE TRUNCATE ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_logs ENABLE ALWAYS TRIGGER audit_logs_refuse_truncate;
CREATE TRIGGER audit_logs_refuse_truncate BEFORE TRUNCATE ON audit_logs_YYYY_MM FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
ALTER TABLE audit_logs_YYYY_MM ENABLE ALWAYS TRIGGER audit_logs_refuse_truncate;
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
CREATE CONSTRAINT TRIGGER zz_account_changed AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (old.email::text IS DISTINCT FROM new.email::text OR old.member_id IS DISTINCT FROM new.member_id OR old.is_active IS DISTINCT FROM new.is_active OR old.email_verified_at IS DISTINCT FROM new.email_verified_at OR old.must_change_password IS DISTINCT FROM new.must_change_password OR old.locked_until IS DISTINCT FROM new.locked_until OR old.deleted_at IS DISTINCT FROM new.deleted_at) EXECUTE FUNCTION account_changed();
ALTER TABLE users ENABLE ALWAYS TRIGGER zz_account_changed;
CREATE CONSTRAINT TRIGGER zz_account_removed AFTER DELETE ON users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION account_changed();
ALTER TABLE users ENABLE ALWAYS TRIGGER zz_account_removed;
CREATE TRIGGER zz_audit_touch BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit_touch();
ALTER TABLE users ENABLE ALWAYS TRIGGER zz_audit_touch;

GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT USAGE ON SCHEMA public TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON account_versions TO ip2a_app;
GRANT INSERT, SELECT ON audit_logs TO ip2a_app;
GRANT USAGE ON SEQUENCE audit_logs_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON idempotency_keys TO ip2a_app;
GRANT USAGE ON SEQUENCE idempotency_keys_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON imports TO ip2a_app;
GRANT USAGE ON SEQUENCE imports_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON members TO ip2a_app;
GRANT USAGE ON SEQUENCE members_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON mfa_recovery_codes TO ip2a_app;
GRANT USAGE ON SEQUENCE mfa_recovery_codes_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON one_time_tokens TO ip2a_app;
GRANT USAGE ON SEQUENCE one_time_tokens_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON refresh_tokens TO ip2a_app;
GRANT USAGE ON SEQUENCE refresh_tokens_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON roles TO ip2a_app;
GRANT USAGE ON SEQUENCE roles_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON user_roles TO ip2a_app;
GRANT USAGE ON SEQUENCE user_roles_id_seq TO ip2a_app;
GRANT DELETE, INSERT, SELECT, UPDATE ON users TO ip2a_app;
GRANT USAGE ON SEQUENCE users_id_seq TO ip2a_app;
