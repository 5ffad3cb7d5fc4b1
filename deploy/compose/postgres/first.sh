#!/bin/sh
# Runs once, when the database is made: a user for the hub that owns its database and may create the services' roles,
# and is no superuser. With a replication password also what a replica needs.
set -eu

psql --set ON_ERROR_STOP=1 --set password="$LOTSENNETZ_DATABASE_PASSWORD" --dbname postgres <<'SQL'
CREATE ROLE lotsennetz LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE lotsennetz OWNER lotsennetz ENCODING 'UTF8' TEMPLATE template0;
SQL

if [ -n "${LOTSENNETZ_REPLICATION_PASSWORD:-}" ]; then
  psql --set ON_ERROR_STOP=1 --set password="$LOTSENNETZ_REPLICATION_PASSWORD" --dbname postgres <<'SQL'
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('replica');
SQL
  echo "host replication replicator all scram-sha-256" >>"$PGDATA/pg_hba.conf"
fi
