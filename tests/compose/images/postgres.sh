#!/bin/bash
# Begin as root, give the volume to the server's user, and go on as that user. Where the volume is empty, make the cluster,
# and run the files of /docker-entrypoint-initdb.d against a server that listens on a socket only.
set -euo pipefail
sockets="-c unix_socket_directories=/var/run/postgresql"
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$PGDATA"
	chown -R postgres /var/lib/postgresql
	chmod 700 "$PGDATA"
	exec setpriv --reuid postgres --regid postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	initdb --username postgres --pwfile "$POSTGRES_PASSWORD_FILE" --auth-local trust --auth-host scram-sha-256 \
		--encoding UTF8 --locale C.UTF-8 > /dev/null
	echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
	pg_ctl --wait --options "-c listen_addresses='' $sockets" start > /dev/null
	export PGHOST=/var/run/postgresql
	for file in /docker-entrypoint-initdb.d/*; do "$file"; done
	pg_ctl --wait --mode fast stop > /dev/null
	unset PGHOST
fi
exec "$@" -c "listen_addresses=*" -c unix_socket_directories=/var/run/postgresql
