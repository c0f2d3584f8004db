#!/bin/sh
# One database and one role a service; no role can connect to another's database.
set -eu
for service in applications matching notifications reporting; do
	psql -v ON_ERROR_STOP=1 -U postgres -v name="$service" -v password="$TANDEM_DATABASE_PASSWORD" <<-'SQL'
		CREATE ROLE :"name" LOGIN PASSWORD :'password';
		CREATE DATABASE :"name" OWNER :"name";
		REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
	SQL
done
