-- What a restore empties object by object: public, and schemas that hold an extension.
select n.oid from pg_catalog.pg_namespace n
where (nspname = 'public' or exists (select from pg_catalog.pg_extension e where e.extnamespace = n.oid))
  and nspname !~ '^pg_' and n.oid not in ({% include "bin/provider.sql" %})
