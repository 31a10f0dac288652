#!/bin/sh
# Gives the accounts of roles.sql their passwords. PostgreSQL's image runs it once, when the data is made.
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
    --set shard="$SHARD_PASSWORD" --set coordinator="$COORDINATOR_PASSWORD" <<'SQL'
ALTER ROLE duologue_shard PASSWORD :'shard';
ALTER ROLE duologue_coordinator PASSWORD :'coordinator';
SQL
