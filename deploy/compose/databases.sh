#!/bin/sh
# One database a service, with two roles: one owns and migrates it, the service runs as the other. No role can connect to
# another's database. Each role has a password of its own, which stands in its address. Keycloak has a database too.
# The image of PostgreSQL runs this once, when its volume is empty.
set -eu
secrets=${SECRETS:-/run/secrets}

# The password in an address: postgresql://role:password@host/database
password() {
	address=$(cat "$secrets/$1")
	address=${address#*://*:}
	printf %s "${address%%@*}"
}

for service in applications matching notifications reporting; do
	psql -v ON_ERROR_STOP=1 -U postgres -v name="$service" -v owner="${service}_owner" \
		-v password="$(password "${service}_database_url")" \
		-v owner_password="$(password "${service}_database_owner_url")" <<-'SQL'
		CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
		CREATE ROLE :"name" LOGIN PASSWORD :'password';
		CREATE DATABASE :"name" OWNER :"owner";
		REVOKE CONNECT, TEMPORARY ON DATABASE :"name" FROM PUBLIC;
		GRANT CONNECT ON DATABASE :"name" TO :"name";
	SQL
done
psql -v ON_ERROR_STOP=1 -U postgres -v password="$(cat "$secrets/keycloak_database_password")" <<-'SQL'
	CREATE ROLE keycloak LOGIN PASSWORD :'password';
	CREATE DATABASE keycloak OWNER keycloak;
	REVOKE CONNECT, TEMPORARY ON DATABASE keycloak FROM PUBLIC;
SQL
