#!/bin/sh
# Fills in every part's configuration into /config, and gives each to the account that its program runs as in its image.
set -eu
part() {
  node /app/docker/render.mjs "/app/docker/$2" "/config/$1"
  chown -R "$3" "/config/$1"
}
part nginx nginx 0:0
# The accounts of PgBouncer's and Ceph's Debian packages and of the images of PostgreSQL and Redis have other numbers in each image.
for place in primary replica1 replica2; do
  POSTGRES_FOLDER=/config/$place REPLICA_NAME=$place REPLICA_DELAY=0 part "$place" postgres 999:999
done
part redis redis 999:999
part pgbouncer pgbouncer 0:0
part s3 s3 0:0
# Readable in the volume only; the passwords in it are those of these very programs.
chmod -R a+rX /config/nginx /config/pgbouncer /config/s3 /config/redis
