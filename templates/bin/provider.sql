select oid from pg_catalog.pg_namespace where nspname ~ '{{ provider_schemas }}'
    and (nspowner <> (select oid from pg_catalog.pg_roles where rolname = current_user)
        -- Supabase gives this one to its customer, with what only it can make inside.
        or nspname = 'extensions' and exists (select from pg_catalog.pg_roles where rolname = 'supabase_admin'))
