select format('drop publication %I', pubname) from pg_catalog.pg_publication p
where pubowner = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_publication'::regclass
    and d.objid = p.oid and d.deptype = 'e') \gexec
select format('drop schema %I cascade', nspname) from pg_catalog.pg_namespace n
where nspname !~ '^pg_' and nspname <> 'information_schema'
  and oid not in ({% include "bin/provider.sql" %}) and oid not in ({% include "bin/staying.sql" %})
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_namespace'::regclass
    and d.objid = n.oid and d.deptype = 'e')
  and not exists (select from pg_catalog.pg_extension e where e.extnamespace = n.oid) \gexec
select format('drop %s if exists %s cascade',
    case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
        when 'f' then 'foreign table' else 'table' end, c.oid::regclass)
from pg_catalog.pg_class c where relnamespace in ({% include "bin/staying.sql" %}) and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass
    and d.objid = c.oid and d.deptype in ('e', 'a', 'i')) \gexec
select format('drop routine if exists %s cascade', p.oid::regprocedure) from pg_catalog.pg_proc p
where pronamespace in ({% include "bin/staying.sql" %}) and not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i')) \gexec
select format('drop %s if exists %s cascade', case typtype when 'd' then 'domain' else 'type' end, t.oid::regtype)
from pg_catalog.pg_type t where typnamespace in ({% include "bin/staying.sql" %}) and typtype in ('d', 'e', 'r', 'c')
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_type'::regclass
    and d.objid = t.oid and d.deptype in ('e', 'i')) \gexec
