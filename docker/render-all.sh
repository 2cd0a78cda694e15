#!/bin/sh
# Gives every part its configuration, passwords and keys in a volume of its own, owned by the account that its program runs
# as in its image. Nobody else has that volume.
set -eu
part() {
  node /app/docker/render.mjs "/app/docker/$2" "/config/$1"
  chown -R "$3" "/config/$1"
}
# secret FROM TO OWNER: a file of one secret.
secret() {
  cp "/run/secrets/$1" "/config/$2"
  chmod 600 "/config/$2"
  chown "$3" "/config/$2"
}
part nginx nginx 101:101
part nginx nginx-tls 101:101
chown 101:101 /tls
# 999 is postgres and redis in their images.
for place in primary replica1 replica2; do
  POSTGRES_FOLDER=/config/$place REPLICA_NAME=$place REPLICA_DELAY=0 part "$place" postgres 999:999
done
# The passwords of the other roles are the primary's alone.
rm -f /config/replica1/roles.sql /config/replica2/roles.sql
part redis redis 999:999
# The accounts of Debian's packages have other numbers in each image.
part pgbouncer pgbouncer 0:0
part s3 s3 0:0
chmod -R a+rX /config/pgbouncer /config/s3
secret superuser_password primary/superuser_password 999:999
secret grafana_password grafana/password 472:472
for key in jwt.pem ledger.pem secrets.key; do secret "$key" "api/$key" 1000:1000; done
chown 1000:1000 /config/api
chown 472:472 /config/grafana
