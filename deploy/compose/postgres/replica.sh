#!/bin/sh
# A streaming replica of the service `postgres`: copied from it when the volume is empty, then following it.
# To make it the primary: `pg_ctl promote`, and point LOTSENNETZ_DATABASE_URL at it. Never start the old one again as it is.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  PGPASSWORD="$LOTSENNETZ_REPLICATION_PASSWORD" pg_basebackup --host "${PRIMARY:-postgres}" --username replicator \
    --no-password --pgdata "$PGDATA" --wal-method stream --slot replica --write-recovery-conf --checkpoint fast
fi
exec postgres "$@"
