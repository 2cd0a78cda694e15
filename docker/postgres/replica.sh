#!/bin/sh
# A replica of the primary: copies it where there is nothing yet, and follows it. Usage: replica.sh CONFIG-FOLDER
set -eu
config=$1
data=/var/lib/postgresql/replica
url=$(sed -n "s/^primary_conninfo = '\(.*\)'$/\1/p" "$config/replica.conf")
slot=$(sed -n "s/^primary_slot_name = '\(.*\)'$/\1/p" "$config/replica.conf")
if [ ! -f "$data/PG_VERSION" ]; then
  rm -rf "$data"
  pg_basebackup -d "$url" -D "$data" -X stream -S "$slot" --checkpoint=fast
  chmod 0700 "$data"
  touch "$data/standby.signal"
fi
exec postgres -D "$data" -c "config_file=$config/replica.conf"
