
select 'server ' || current_setting('server_version_num');
select 'size ' || pg_catalog.pg_database_size(pg_catalog.current_database()) / 1024;
select 'readonly ' || (pg_catalog.pg_is_in_recovery()
    or current_setting('transaction_read_only')::bool);
select 'creates ' || (pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
    or exists (select from pg_catalog.pg_namespace where nspname !~ '^pg_'
        and not 'schema ' || pg_catalog.quote_ident(nspname) = any (array['schema drizzle']::text[])
        and pg_catalog.has_schema_privilege(oid, 'CREATE')));
select 'role ' || current_user || ' on ' || pg_catalog.current_database();
\echo ledger
