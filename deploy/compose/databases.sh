#!/bin/sh
# One database a service, with two roles: one owns and migrates it, the service runs as the other. No role can connect to
# another's database.
set -eu
for service in applications matching notifications reporting; do
	psql -v ON_ERROR_STOP=1 -U postgres -v name="$service" -v owner="${service}_owner" \
		-v password="$TANDEM_DATABASE_PASSWORD" -v owner_password="$TANDEM_DATABASE_OWNER_PASSWORD" <<-'SQL'
		CREATE ROLE :"owner" LOGIN PASSWORD :'owner_password';
		CREATE ROLE :"name" LOGIN PASSWORD :'password';
		CREATE DATABASE :"name" OWNER :"owner";
		REVOKE CONNECT, TEMPORARY ON DATABASE :"name" FROM PUBLIC;
		GRANT CONNECT ON DATABASE :"name" TO :"name";
	SQL
done
