#!/bin/bash
# Run once, when the database is made: Temporal gets a role of its own, which may make databases
# but cannot read the ledger.
set -eu
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set ON_ERROR_STOP=1 --set password="$TEMPORAL_POSTGRES_PASSWORD" <<'SQL'
CREATE ROLE temporal LOGIN CREATEDB PASSWORD :'password';
REVOKE CONNECT ON DATABASE aftercare FROM PUBLIC;
SQL
