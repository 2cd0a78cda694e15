-- The roles, each with what it needs and no more, and the database. Run once, by the superuser, on an empty cluster.
CREATE ROLE ip2a_owner LOGIN PASSWORD '${OWNER_PASSWORD}';
CREATE ROLE ip2a_app LOGIN PASSWORD '${APP_PASSWORD}';
CREATE ROLE ip2a_archiver LOGIN PASSWORD '${ARCHIVER_PASSWORD}';
CREATE ROLE ip2a_replication LOGIN REPLICATION PASSWORD '${REPLICATION_PASSWORD}';
CREATE DATABASE ip2a OWNER ip2a_owner;
SELECT pg_create_physical_replication_slot(name, true) FROM unnest(ARRAY['replica1', 'replica2']) AS name;
