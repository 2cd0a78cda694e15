#!/bin/sh
# Makes docker/secrets once: passwords, keys, and the settings that hold them. Keep a copy elsewhere; nothing of it is in the repository.
set -eu
umask 077
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo 'docker/secrets is there already.' >&2; exit 1; }
mkdir secrets.draft
cd secrets.draft
for name in app owner archiver replication superuser redis pgbouncer_admin grafana; do
  openssl rand -hex 24 | tr -d '\n' >"${name}_password"
done
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out jwt.pem
openssl genpkey -algorithm ed25519 -out ledger.pem
openssl rand -base64 -out secrets.key 32
s3=$(openssl rand -hex 24) admin=$(openssl rand -hex 12)
app="postgresql://ip2a_app:$(cat app_password)@pgbouncer:6432"
cat >api.env <<ENV
DATABASE_URL=$app/ip2a
DATABASE_REPLICA_URLS=$app/ip2a_replica1,$app/ip2a_replica2
DATABASE_ARCHIVER_URL=postgresql://ip2a_archiver:$(cat archiver_password)@primary:5432/ip2a
REDIS_URL=redis://:$(cat redis_password)@redis:6379
AWS_ACCESS_KEY_ID=ip2a
AWS_SECRET_ACCESS_KEY=$s3
ADMIN_EMAIL=admin@local.example
ADMIN_PASSWORD=$admin
ENV
# Of the other two roles migrating needs the names alone.
cat >migrate.env <<ENV
DATABASE_URL=postgresql://ip2a_app@primary:5432/ip2a
DATABASE_OWNER_URL=postgresql://ip2a_owner:$(cat owner_password)@primary:5432/ip2a
DATABASE_ARCHIVER_URL=postgresql://ip2a_archiver@primary:5432/ip2a
ENV
printf 'S3_ACCESS_KEY=ip2a\nS3_SECRET_KEY=%s\n' "$s3" >s3.env
cd ..
mv secrets.draft secrets
echo "Log in as admin@local.example with $admin"
