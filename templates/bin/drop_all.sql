select coalesce(string_agg(oid::text, ','), '0') as kept from ({% include "bin/staying.sql" %}) s \gset
select format('drop event trigger if exists %I', evtname) from pg_catalog.pg_event_trigger t
where evtowner = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_event_trigger'::regclass
    and d.objid = t.oid and d.deptype = 'e') \gexec
select format('drop publication if exists %I', pubname) from pg_catalog.pg_publication p
where pubowner = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_publication'::regclass
    and d.objid = p.oid and d.deptype = 'e') \gexec
select format('drop schema %I cascade', nspname) from pg_catalog.pg_namespace n
where nspname !~ '^pg_' and nspname <> 'information_schema'
  and oid not in ({% include "bin/provider.sql" %}) and oid not in (:kept)
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_namespace'::regclass
    and d.objid = n.oid and d.deptype = 'e')
  and not exists (select from pg_catalog.pg_extension e where e.extnamespace = n.oid) \gexec
select format('drop %s if exists %s cascade',
    case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
        when 'f' then 'foreign table' else 'table' end, c.oid::regclass)
from pg_catalog.pg_class c where relnamespace in (:kept) and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass
    and d.objid = c.oid and d.objsubid = 0 and d.deptype in ('e', 'a', 'i')) \gexec
select format('drop routine if exists %s cascade', p.oid::regprocedure) from pg_catalog.pg_proc p
where pronamespace in (:kept) and not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype in ('e', 'i')) \gexec
select format('drop %s if exists %s cascade', case typtype when 'd' then 'domain' else 'type' end, t.oid::regtype)
from pg_catalog.pg_type t where typnamespace in (:kept) and typtype in ('d', 'e', 'r', 'c')
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_type'::regclass
    and d.objid = t.oid and d.deptype in ('e', 'i')) \gexec
select format('drop %s if exists %s cascade', found.type, found.identity)
from (select 'pg_catalog.pg_operator'::regclass as class, oid, oprnamespace as place from pg_catalog.pg_operator
    union all select 'pg_catalog.pg_opfamily'::regclass, oid, opfnamespace from pg_catalog.pg_opfamily
    union all select 'pg_catalog.pg_collation'::regclass, oid, collnamespace from pg_catalog.pg_collation
    union all select 'pg_catalog.pg_conversion'::regclass, oid, connamespace from pg_catalog.pg_conversion
    union all select 'pg_catalog.pg_ts_config'::regclass, oid, cfgnamespace from pg_catalog.pg_ts_config
    union all select 'pg_catalog.pg_ts_dict'::regclass, oid, dictnamespace from pg_catalog.pg_ts_dict) o
cross join lateral pg_catalog.pg_identify_object(o.class, o.oid, 0) found
where place in (:kept) and not exists (select from pg_catalog.pg_depend d
    where d.classid = o.class and d.objid = o.oid and d.deptype in ('e', 'i')) \gexec
select format('drop server if exists %I cascade', srvname) from pg_catalog.pg_foreign_server s
where srvowner = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_foreign_server'::regclass
    and d.objid = s.oid and d.deptype = 'e') \gexec
select format('drop foreign data wrapper if exists %I cascade', fdwname) from pg_catalog.pg_foreign_data_wrapper w
where fdwowner = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_foreign_data_wrapper'::regclass
    and d.objid = w.oid and d.deptype = 'e') \gexec
select count(pg_catalog.lo_unlink(oid)) from pg_catalog.pg_largeobject_metadata
where lomowner = (select oid from pg_catalog.pg_roles where rolname = current_user);
