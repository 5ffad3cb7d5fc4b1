#!/bin/sh
# Runs once, when the database is made: a user for the hub that owns its database and may create the services' roles,
# and is no superuser. For the split also a user for each service, which may wear its role and no other, and a replica's.
set -eu

psql --set ON_ERROR_STOP=1 --set password="$LOTSENNETZ_DATABASE_PASSWORD" --dbname postgres <<'SQL'
CREATE ROLE lotsennetz LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE lotsennetz OWNER lotsennetz ENCODING 'UTF8' TEMPLATE template0;
SQL

[ -n "${LOTSENNETZ_REPLICATION_PASSWORD:-}" ] || exit 0

service() {
  psql --set ON_ERROR_STOP=1 --set role="lotsennetz_$1" --set user="$1_process" --set password="$2" --dbname postgres <<'SQL'
CREATE ROLE :"role" NOLOGIN;
GRANT :"role" TO lotsennetz;
CREATE ROLE :"user" LOGIN PASSWORD :'password' IN ROLE :"role";
SQL
}
service directory "$LOTSENNETZ_DIRECTORY_PASSWORD"
service matching "$LOTSENNETZ_MATCHING_PASSWORD"
service events "$LOTSENNETZ_EVENTS_PASSWORD"

psql --set ON_ERROR_STOP=1 --set password="$LOTSENNETZ_REPLICATION_PASSWORD" --dbname postgres <<'SQL'
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('replica');
SQL
echo "host replication replicator all scram-sha-256" >>"$PGDATA/pg_hba.conf"
