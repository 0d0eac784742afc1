select format('drop schema %I cascade', nspname) from pg_catalog.pg_namespace n
where nspname !~ '^pg_' and nspname not in ('information_schema', 'public')
  and not (nspowner <> (select oid from pg_catalog.pg_roles where rolname = current_user)
    and nspname ~ '{{ provider_schemas }}')
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_namespace'::regclass
    and d.objid = n.oid and d.deptype = 'e')
  and not exists (select from pg_catalog.pg_extension e where e.extnamespace = n.oid) \gexec
select format('drop %s if exists %s cascade',
    case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
        when 'f' then 'foreign table' else 'table' end, c.oid::regclass)
from pg_catalog.pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass
    and d.objid = c.oid and d.deptype in ('e', 'a', 'i')) \gexec
select format('drop routine if exists %s cascade', p.oid::regprocedure) from pg_catalog.pg_proc p
where pronamespace = 'public'::regnamespace and not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i')) \gexec
select format('drop %s if exists %s cascade', case typtype when 'd' then 'domain' else 'type' end, t.oid::regtype)
from pg_catalog.pg_type t where typnamespace = 'public'::regnamespace and typtype in ('d', 'e', 'r', 'c')
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_type'::regclass
    and d.objid = t.oid and d.deptype in ('e', 'i')) \gexec
