#!/bin/sh
# On an empty cluster the image runs this once: the roles and the database.
set -eu
psql -q -v ON_ERROR_STOP=1 -U postgres -d postgres -f /config/primary/roles.sql
