begin transaction isolation level repeatable read, read only;
set local search_path = '';
set local quote_all_identifiers = off;
set local standard_conforming_strings = on;
set local client_encoding = 'UTF8';
set local datestyle = 'ISO, YMD';
set local intervalstyle = 'postgres';
set local timezone = 'UTC';
set local extra_float_digits = 1;
set local bytea_output = 'hex';
set local lc_monetary = 'C';
set local xmloption = 'content';
set local jit = off;
-- The whole catalog of a database as one row of one JSON text. PostgreSQL 12 to 18 parse it, and a
-- role without rights reads it. What a newer server alone knows is asked for by to_jsonb(row)->>'x'.
-- A property that is off or at its default is left out; "of" holds what compare() looks up and does
-- not compare. Left out on purpose: owners, grants, comments, tablespaces, column order, statistics,
-- temporary and TOAST tables, what extensions own, and the copies that partitions inherit.
with given as (
    select array[]::text[] as leave_out
), members as (
    select classid, objid from pg_depend where deptype = 'e'
), others as (
    select oid from pg_roles where rolname <> current_user
      and rolname in ('supabase_admin', 'neon_superuser', 'cloud_admin', 'rdsadmin', 'cloudsqladmin', 'azuresu')
), provider as (
    -- A name alone proves nothing: an app may have its own schema `auth`. The roles tell.
    select nspname from pg_namespace
    where (nspowner <> (select oid from pg_roles where rolname = current_user)
           -- This one Supabase gives to its customer, with what only it can make inside.
           or nspname = 'extensions')
      and (nspname ~ '^(auth|storage|_?realtime|extensions|vault|graphql.*|pgbouncer|_?supabase.*|cron|net|pgsodium.*|_analytics)$'
           and exists (select from pg_roles where rolname = 'supabase_admin')
        or nspname ~ '^(neon|neon_auth|neon_migration)$'
           and exists (select from pg_roles where rolname in ('neon_superuser', 'cloud_admin')))
), spaces as (
    select n.oid, n.nspname, quote_ident(nspname) as name,
        exists (select from members m where m.classid = 'pg_namespace'::regclass and m.objid = n.oid) as member
    from pg_namespace n, given
    -- `higuera_scratch` marks a database that a rehearsal may empty.
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'higuera_scratch')
      and n.nspname not in (select nspname from provider)
      and not 'schema ' || quote_ident(nspname) = any (leave_out)
), rels as materialized (
    select c.*, s.name || '.' || quote_ident(c.relname) as name
    from pg_class c join spaces s on s.oid = c.relnamespace cross join given
    where c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relpersistence <> 't'
      and not exists (select from members m where m.classid = 'pg_class'::regclass and m.objid = c.oid)
      and not 'table ' || s.name || '.' || quote_ident(c.relname) = any (leave_out)
), cols as materialized (
    select a.*, r.name as rel, r.relkind, r.name || '.' || quote_ident(a.attname) as name,
        pg_get_expr(d.adbin, d.adrelid) as expression, t.typcollation, t.typstorage,
        (select string_agg(p.nspname || '.' || p.collname, '') from (
            select quote_ident(n.nspname) as nspname, quote_ident(l.collname) as collname
            from pg_collation l join pg_namespace n on n.oid = l.collnamespace
            where l.oid = a.attcollation and a.attcollation <> t.typcollation) p) as collated
    -- `attcompression` is of version 14: an older server finds the constant outside instead.
    from (select null::"char" as attcompression) older
    cross join lateral (select *, attcompression as compressed from pg_attribute) a
    join rels r on r.oid = a.attrelid
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped
), sequences as materialized (
    select c.oid, s.name || '.' || quote_ident(c.relname) as name, q.*, c.relpersistence,
        d.deptype, d.refobjid, d.refobjsubid
    from pg_class c join spaces s on s.oid = c.relnamespace join pg_sequence q on q.seqrelid = c.oid
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
        and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    where c.relkind = 'S' and c.relpersistence <> 't'
      and not exists (select from members m where m.classid = 'pg_class'::regclass and m.objid = c.oid)
), schemas as (
    select 'schema ' || name as key, '{}'::jsonb as value from spaces
    where not member and nspname <> 'public'
    union all select 'schema public', '{}' from spaces where nspname = 'public'
), extensions as (
    select 'extension ' || quote_ident(extname), jsonb_build_object('schema', quote_ident(nspname))
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace where extname <> 'plpgsql'
), tables as (
    select case relkind when 'f' then 'foreign table ' else 'table ' end || r.name, jsonb_build_object(
        'unlogged', nullif(relpersistence = 'u', false),
        'partition by', case when relkind = 'p' then pg_get_partkeydef(r.oid) end,
        'partition of', case when relispartition then parents ->> 0 end,
        'bound', case when relispartition then pg_get_expr(relpartbound, r.oid) end,
        'inherits', case when not relispartition then parents end,
        'of type', case when reloftype <> 0 then format_type(reloftype, null) end,
        'access method', (select amname from pg_am where oid = relam and amname <> 'heap'),
        'row security', nullif(relrowsecurity, false),
        'force row security', nullif(relforcerowsecurity, false),
        'replica identity', case when relkind = 'f' then null when relreplident = 'f' then 'FULL'
            when relreplident = 'n' then 'NOTHING' when relreplident = 'i' then (
                select 'USING INDEX ' || quote_ident(x.relname) from pg_index i
                join pg_class x on x.oid = i.indexrelid where i.indrelid = r.oid and i.indisreplident) end,
        'options', (select jsonb_agg(o order by o) from (
            select unnest(r.reloptions) union all
            select 'toast.' || unnest(t.reloptions) from pg_class t where t.oid = r.reltoastrelid) x(o)),
        'server', (select quote_ident(srvname) from pg_foreign_table f
            join pg_foreign_server v on v.oid = f.ftserver where f.ftrelid = r.oid),
        'foreign options', (select jsonb_agg(o order by o) from pg_foreign_table f, unnest(f.ftoptions) o
            where f.ftrelid = r.oid))
    from rels r left join lateral (
        select jsonb_agg(quote_ident(n.nspname) || '.' || quote_ident(p.relname) order by inhseqno) as parents
        from pg_inherits i join pg_class p on p.oid = i.inhparent
        join pg_namespace n on n.oid = p.relnamespace where i.inhrelid = r.oid) i on true
    where relkind in ('r', 'p', 'f')
), columns as (
    -- A column that a child merely inherits is the parent's; what the child changed of it is not.
    select 'column ' || c.name, jsonb_build_object(
        'type', case when local then format_type(atttypid, atttypmod) end,
        'not null', case when local or p.loose then nullif(attnotnull, false) end,
        'default', case when attgenerated = '' and (local or c.expression is distinct from p.expression)
            then coalesce(c.expression, case when not local then 'none' end) end,
        'generated', case when local and attgenerated <> '' then c.expression
            || case attgenerated when 'v' then ' VIRTUAL' else ' STORED' end end,
        'identity', case when local then case attidentity when 'a' then 'ALWAYS' when 'd' then 'BY DEFAULT' end end,
        'sequence', case when local then i.parameters end,
        'collation', case when local then collated end,
        'storage', case when attstorage <> typstorage and local then case attstorage
            when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' else 'EXTENDED' end end,
        'compression', case when local then case compressed when 'p' then 'pglz' when 'l' then 'lz4' end end,
        'statistics', nullif(nullif(attstattarget::int, -1), p.target),
        -- PostgreSQL 15.20 keeps a pg_attver of its own there, which no statement sets.
        'options', (select jsonb_agg(o order by o) from unnest(attoptions) o where o !~ '^pg_'),
        'foreign options', (select jsonb_agg(o order by o) from unnest(attfdwoptions) o)) as value
    from (select c.*, attinhcount = 0 or (attislocal and not exists (
            select from pg_class k where k.oid = c.attrelid and k.relispartition)) as local from cols c) c
    -- By index, whatever the planner expects: beside a list of the sequences it would go through all
    -- of them for each column once autovacuum has analyzed the catalog.
    left join lateral (
        select nullif(concat_ws(' ',
            case when seqstart <> case when seqincrement > 0 then seqmin else seqmax end
                then 'START WITH ' || seqstart end,
            case when seqincrement <> 1 then 'INCREMENT BY ' || seqincrement end,
            case when seqmin <> case when seqincrement > 0 then 1 else -most - 1 end
                then 'MINVALUE ' || seqmin end,
            case when seqmax <> case when seqincrement > 0 then most else -1 end
                then 'MAXVALUE ' || seqmax end,
            case when seqcache <> 1 then 'CACHE ' || seqcache end,
            case when seqcycle then 'CYCLE' end), '') as parameters
        from pg_depend d join pg_sequence q on seqrelid = d.objid cross join lateral (
            select case seqtypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647
                else 9223372036854775807 end as most) m
        where attidentity <> '' and d.refclassid = 'pg_class'::regclass and d.refobjid = attrelid
          and d.refobjsubid = attnum and d.classid = 'pg_class'::regclass and d.deptype = 'i') i on true
    left join lateral (
        select bool_and(not a.attnotnull) as loose, min(pg_get_expr(d.adbin, d.adrelid)) as expression,
            min(nullif(attstattarget::int, -1)) as target
        from pg_inherits h join pg_attribute a on a.attrelid = h.inhparent and a.attname = c.attname
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where h.inhrelid = c.attrelid and c.attinhcount > 0) p on true
    where c.relkind in ('r', 'p', 'f')
), constraints as (
    select 'constraint ' || r.name || '.' || quote_ident(conname), jsonb_build_object(
        'definition', pg_get_constraintdef(k.oid),
        'of', jsonb_build_object('columns', (select jsonb_agg(quote_ident(attname) order by attname) from pg_attribute
            where attrelid = conrelid and attnum = any (conkey))))
    from pg_constraint k join rels r on r.oid = conrelid
    where conparentid = 0 and (conislocal or coninhcount = 0)
      and (contype in ('c', 'f', 'p', 'u', 'x') or (contype = 'n' and not convalidated))
), indexes as (
    select 'index ' || s.name || '.' || quote_ident(x.relname), jsonb_build_object(
        'definition', case when not own then pg_get_indexdef(x.oid) end,
        'valid', nullif(indisvalid and indisready and indislive, true),
        'clustered', nullif(indisclustered, false),
        'options', case when own then (select jsonb_agg(o order by o) from unnest(x.reloptions) o) end,
        'statistics', (select jsonb_object_agg(attnum, attstattarget) from pg_attribute
            where attrelid = x.oid and attstattarget <> -1),
        'of', jsonb_build_object('table', r.name, 'unique', indisunique, 'columns',
            (select jsonb_agg(quote_ident(attname) order by attname) from pg_attribute a where attrelid = indrelid and (
                attnum = any (indkey) or exists (select from pg_depend d
                    where d.classid = 'pg_class'::regclass and d.objid = x.oid
                      and d.refclassid = 'pg_class'::regclass and d.refobjid = indrelid
                      and d.refobjsubid = attnum)))))
    from (select i.*, exists (select from pg_class p where p.oid = indexrelid and p.relispartition)
            or exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = indexrelid
                and d.refclassid = 'pg_constraint'::regclass and d.deptype = 'i') as own
          from pg_index i) i
    join pg_class x on x.oid = indexrelid join rels r on r.oid = indrelid
    join pg_namespace n on n.oid = x.relnamespace cross join lateral (select quote_ident(n.nspname) as name) s
    where not own or not (indisvalid and indisready and indislive) or indisclustered
       or (x.reloptions is not null and not x.relispartition)
), views as (
    select case relkind when 'v' then 'view ' else 'materialized view ' end || r.name, jsonb_build_object(
        'definition', pg_get_viewdef(r.oid),
        'options', (select jsonb_agg(o order by o) from unnest(reloptions) o),
        'access method', (select amname from pg_am where oid = relam and amname <> 'heap'),
        'defaults', defaults, 'of', jsonb_build_object('columns', columns))
    from rels r left join (
        select attrelid,
            jsonb_object_agg(quote_ident(attname), expression) filter (where expression is not null) as defaults,
            jsonb_agg(jsonb_build_array(quote_ident(attname), format_type(atttypid, atttypmod)) order by attnum) as columns
        from cols where relkind in ('v', 'm') group by attrelid) c on attrelid = r.oid
    where relkind in ('v', 'm')
), serials as (
    select 'sequence ' || s.name, jsonb_build_object(
        'type', format_type(seqtypid, null), 'start', seqstart, 'increment', seqincrement,
        'min', seqmin, 'max', seqmax, 'cache', seqcache, 'cycle', nullif(seqcycle, false),
        'unlogged', nullif(s.relpersistence = 'u' and deptype is null, false),
        'owned by', r.name || '.' || quote_ident(attname))
    from sequences s left join rels r on r.oid = refobjid
    left join pg_attribute on attrelid = r.oid and attnum = refobjsubid
    where deptype is distinct from 'i' and (refobjid is null or r.oid is not null)
), usertypes as materialized (
    select t.*, s.name || '.' || quote_ident(typname) as name
    from pg_type t join spaces s on s.oid = typnamespace
    where not exists (select from members m where m.classid = 'pg_type'::regclass and m.objid = t.oid)
), types as (
    select 'enum ' || name as key, jsonb_build_object('values', (
        select jsonb_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid)) as value
    from usertypes t where typtype = 'e'
    union all
    select 'domain ' || name, jsonb_build_object('type', format_type(typbasetype, typtypmod),
        'not null', nullif(typnotnull, false), 'default', pg_get_expr(typdefaultbin, 0),
        'collation', (select quote_ident(n.nspname) || '.' || quote_ident(l.collname)
            from pg_collation l join pg_namespace n on n.oid = l.collnamespace
            join pg_type b on b.oid = t.typbasetype where l.oid = t.typcollation and l.oid <> b.typcollation))
        || coalesce((select jsonb_object_agg('constraint ' || quote_ident(conname), pg_get_constraintdef(k.oid))
            from pg_constraint k where contypid = t.oid and contype = 'c'), '{}')
    from usertypes t where typtype = 'd'
    union all
    select 'type ' || name, jsonb_build_object('attributes', (select jsonb_agg(
        quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
        || coalesce((select ' COLLATE ' || quote_ident(n.nspname) || '.' || quote_ident(l.collname)
            from pg_collation l join pg_namespace n on n.oid = l.collnamespace join pg_type b on b.oid = atttypid
            where l.oid = attcollation and l.oid <> b.typcollation), '') order by attnum)
        from pg_attribute where attrelid = typrelid and attnum > 0 and not attisdropped))
    from usertypes t where typtype = 'c' and exists (select from pg_class where oid = typrelid and relkind = 'c')
    union all
    select 'type ' || name, jsonb_build_object('range of', format_type(rngsubtype, null),
        'operator class', (select quote_ident(n.nspname) || '.' || quote_ident(opcname) from pg_opclass o
            join pg_namespace n on n.oid = opcnamespace where o.oid = rngsubopc and not opcdefault),
        'collation', (select quote_ident(n.nspname) || '.' || quote_ident(l.collname)
            from pg_collation l join pg_namespace n on n.oid = l.collnamespace join pg_type b on b.oid = rngsubtype
            where l.oid = rngcollation and l.oid <> b.typcollation),
        'canonical', nullif(rngcanonical::oid, 0)::regproc, 'difference', nullif(rngsubdiff::oid, 0)::regproc,
        'multirange', format_type((to_jsonb(g) ->> 'rngmultitypid')::oid, null))
    from usertypes t join pg_range g on rngtypid = t.oid
    union all
    select 'type ' || name, jsonb_build_object('input', typinput, 'output', typoutput, 'length', typlen,
        'alignment', typalign, 'storage', typstorage, 'category', typcategory, 'default', typdefault)
    from usertypes t where typtype = 'b' and not (typelem <> 0 and typlen = -1)
), functions as (
    select case prokind when 'p' then 'procedure ' when 'a' then 'aggregate ' else 'function ' end
        || s.name || '.' || quote_ident(proname) || '(' || oidvectortypes(proargtypes) || ')',
        case when prokind = 'a' then (select jsonb_build_object('arguments', pg_get_function_arguments(p.oid),
            'returns', pg_get_function_result(p.oid), 'kind', aggkind, 'sfunc', aggtransfn,
            'stype', format_type(aggtranstype, null), 'sspace', nullif(aggtransspace, 0), 'initcond', agginitval,
            'finalfunc', nullif(aggfinalfn::oid, 0)::regproc, 'finalfunc extra', nullif(aggfinalextra, false),
            'finalfunc modify', aggfinalmodify, 'combinefunc', nullif(aggcombinefn::oid, 0)::regproc,
            'serialfunc', nullif(aggserialfn::oid, 0)::regproc, 'deserialfunc', nullif(aggdeserialfn::oid, 0)::regproc,
            'msfunc', nullif(aggmtransfn::oid, 0)::regproc, 'minvfunc', nullif(aggminvtransfn::oid, 0)::regproc,
            'mfinalfunc', nullif(aggmfinalfn::oid, 0)::regproc, 'minitcond', aggminitval,
            'mstype', case when aggmtranstype <> 0 then format_type(aggmtranstype, null) end,
            'sortop', nullif(aggsortop, 0)::regoper, 'parallel', proparallel)
            from pg_aggregate where aggfnoid = p.oid)
        else jsonb_build_object('definition', pg_get_functiondef(p.oid), 'of', jsonb_build_object(
            'returns', pg_get_function_result(p.oid), 'defaults', pronargdefaults)) end
    from pg_proc p join spaces s on s.oid = pronamespace
    where not exists (select from members m where m.classid = 'pg_proc'::regclass and m.objid = p.oid)
      -- Those that a range type makes for itself.
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i')
), triggers as (
    select 'trigger ' || r.name || '.' || quote_ident(t.tgname), jsonb_build_object(
        'definition', case when o.oid is null then pg_get_triggerdef(t.oid) end, 'state', case t.tgenabled
            when 'D' then 'DISABLE' when 'R' then 'ENABLE REPLICA' when 'A' then 'ENABLE ALWAYS' end)
    from pg_trigger t join rels r on r.oid = t.tgrelid
    left join pg_trigger o on o.oid = (to_jsonb(t) ->> 'tgparentid')::oid
    where not t.tgisinternal and (o.oid is null or o.tgenabled <> t.tgenabled)
), policies as (
    select 'policy ' || r.name || '.' || quote_ident(polname), jsonb_build_object(
        'command', case polcmd when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE'
            when 'd' then 'DELETE' else 'ALL' end,
        'restrictive', nullif(not polpermissive, false),
        'roles', (select jsonb_agg(coalesce(quote_ident(rolname), 'public') order by rolname)
            from unnest(polroles) u(id) left join pg_roles a on a.oid = u.id),
        'using', pg_get_expr(polqual, polrelid), 'with check', pg_get_expr(polwithcheck, polrelid))
    from pg_policy p join rels r on r.oid = polrelid
), rules as (
    select 'rule ' || r.name || '.' || quote_ident(rulename), jsonb_build_object(
        'definition', pg_get_ruledef(w.oid), 'state', case ev_enabled
            when 'D' then 'DISABLE' when 'R' then 'ENABLE REPLICA' when 'A' then 'ENABLE ALWAYS' end)
    from pg_rewrite w join rels r on r.oid = ev_class where rulename <> '_RETURN'
), statistics as (
    select 'statistics ' || s.name || '.' || quote_ident(stxname), jsonb_build_object(
        'definition', pg_get_statisticsobjdef(x.oid),
        'target', nullif((to_jsonb(x) ->> 'stxstattarget')::int, -1),
        'of', jsonb_build_object('table', r.name, 'columns', (select jsonb_agg(quote_ident(attname) order by attname)
            from pg_attribute where attrelid = stxrelid and attnum = any (stxkeys))))
    from pg_statistic_ext x join spaces s on s.oid = stxnamespace join rels r on r.oid = stxrelid
), publications as (
    select 'publication ' || quote_ident(p.pubname), jsonb_build_object(
        'all tables', nullif(puballtables, false),
        'publish', concat_ws(', ', case when pubinsert then 'insert' end, case when pubupdate then 'update' end,
            case when pubdelete then 'delete' end, case when pubtruncate then 'truncate' end),
        'via root', nullif((to_jsonb(p) ->> 'pubviaroot')::boolean, false),
        'generated columns', nullif(to_jsonb(p) ->> 'pubgencols', 'n'),
        'tables', (select jsonb_agg(t order by t) from (
            select quote_ident(n.nspname) || '.' || quote_ident(c.relname)
                || coalesce((select ' (' || string_agg(quote_ident(attname), ', ' order by attname) || ')'
                    from pg_attribute a where a.attrelid = c.oid and a.attnum = any (string_to_array(
                        translate(to_jsonb(e) ->> 'prattrs', '[],', '  '), ' ', '')::int2[])), '')
                || coalesce((select ' WHERE ' || (to_jsonb(v) ->> 'rowfilter') from pg_publication_tables v
                    where v.pubname = p.pubname and v.schemaname = n.nspname and v.tablename = c.relname), '') as t
            from pg_publication_rel e join pg_class c on c.oid = prrelid
            join pg_namespace n on n.oid = c.relnamespace where prpubid = p.oid) x),
        -- pg_publication_namespace is of version 15: its rows are seen through their dependencies.
        'schemas', (select jsonb_agg(quote_ident(nspname) order by nspname) from pg_depend d
            join pg_depend f on f.classid = d.classid and f.objid = d.objid and f.refclassid = 'pg_namespace'::regclass
            join pg_namespace n on n.oid = f.refobjid
            where d.classid = to_regclass('pg_catalog.pg_publication_namespace')
              and d.refclassid = 'pg_publication'::regclass and d.refobjid = p.oid))
    from pg_publication p
    where not exists (select from members m where m.classid = 'pg_publication'::regclass and m.objid = p.oid)
      and p.pubowner not in (select oid from others)
      and not (pubname ~ '^supabase_' and exists (select from pg_roles where rolname = 'supabase_admin'))
), eventtriggers as (
    select 'event trigger ' || quote_ident(evtname), jsonb_build_object('event', evtevent,
        'tags', (select jsonb_agg(t order by t) from unnest(evttags) t), 'function', evtfoid::regprocedure,
        'state', case evtenabled when 'D' then 'DISABLE' when 'R' then 'ENABLE REPLICA' when 'A' then 'ENABLE ALWAYS' end)
    from pg_event_trigger e join pg_proc p on p.oid = evtfoid join spaces s on s.oid = pronamespace
    where not exists (select from members m where m.classid = 'pg_event_trigger'::regclass and m.objid = e.oid)
      and e.evtowner not in (select oid from others)
), operators as (
    select 'operator ' || s.name || '.' || oprname || '(' || coalesce(format_type(nullif(oprleft, 0), null), 'none')
        || ',' || coalesce(format_type(nullif(oprright, 0), null), 'none') || ')', jsonb_build_object(
        'function', oprcode, 'returns', format_type(oprresult, null), 'commutator', nullif(oprcom, 0)::regoper,
        'negator', nullif(oprnegate, 0)::regoper, 'merges', nullif(oprcanmerge, false),
        'hashes', nullif(oprcanhash, false), 'restrict', nullif(oprrest::oid, 0)::regproc,
        'join', nullif(oprjoin::oid, 0)::regproc)
    from pg_operator o join spaces s on s.oid = oprnamespace
    where oprcode <> 0 and not exists (select from members m where m.classid = 'pg_operator'::regclass and m.objid = o.oid)
), classes as (
    select 'operator class ' || s.name || '.' || quote_ident(opcname) || ' using ' || amname, jsonb_build_object(
        'type', format_type(opcintype, null), 'default', nullif(opcdefault, false),
        'stores', case when opckeytype <> 0 then format_type(opckeytype, null) end,
        'operators', (select jsonb_agg(amopstrategy || ' ' || amopopr::regoperator::text order by amopstrategy, amopopr::regoperator::text)
            from pg_amop where amopfamily = opcfamily),
        'functions', (select jsonb_agg(amprocnum || ' ' || amproc::regprocedure::text order by amprocnum, amproc::regprocedure::text)
            from pg_amproc where amprocfamily = opcfamily))
    from pg_opclass o join spaces s on s.oid = opcnamespace join pg_am a on a.oid = opcmethod
    where not exists (select from members m where m.classid = 'pg_opclass'::regclass and m.objid = o.oid)
), casts as (
    select 'cast (' || format_type(castsource, null) || ' as ' || format_type(casttarget, null) || ')', jsonb_build_object(
        'context', case castcontext when 'e' then 'explicit' when 'a' then 'assignment' else 'implicit' end,
        'method', case castmethod when 'f' then castfunc::regprocedure::text when 'b' then 'binary' else 'inout' end)
    from pg_cast c where oid >= 16384
      and not exists (select from members m where m.classid = 'pg_cast'::regclass and m.objid = c.oid)
      and not exists (select from pg_depend d where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i')
), collations as (
    select 'collation ' || s.name || '.' || quote_ident(collname), jsonb_build_object('provider', collprovider,
        'locale', coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', to_jsonb(c) ->> 'collcollate'),
        'character type', to_jsonb(c) ->> 'collctype', 'rules', to_jsonb(c) ->> 'collicurules',
        'nondeterministic', nullif(not collisdeterministic, false))
    from pg_collation c join spaces s on s.oid = collnamespace
    where not exists (select from members m where m.classid = 'pg_collation'::regclass and m.objid = c.oid)
), searches as (
    select 'text search configuration ' || s.name || '.' || quote_ident(cfgname) as key, jsonb_build_object(
        'parser', (select quote_ident(n.nspname) || '.' || quote_ident(prsname) from pg_ts_parser p
            join pg_namespace n on n.oid = prsnamespace where p.oid = cfgparser),
        'mappings', (select jsonb_agg((select alias from ts_token_type(cfgparser) where tokid = maptokentype)
            || ' ' || mapdict::regdictionary order by maptokentype, mapseqno)
            from pg_ts_config_map where mapcfg = c.oid)) as value
    from pg_ts_config c join spaces s on s.oid = cfgnamespace
    where not exists (select from members m where m.classid = 'pg_ts_config'::regclass and m.objid = c.oid)
    union all
    select 'text search dictionary ' || s.name || '.' || quote_ident(dictname), jsonb_build_object(
        'template', (select quote_ident(n.nspname) || '.' || quote_ident(tmplname) from pg_ts_template t
            join pg_namespace n on n.oid = tmplnamespace where t.oid = dicttemplate), 'options', dictinitoption)
    from pg_ts_dict d join spaces s on s.oid = dictnamespace
    where not exists (select from members m where m.classid = 'pg_ts_dict'::regclass and m.objid = d.oid)
), servers as (
    select 'server ' || quote_ident(srvname) as key, jsonb_build_object('wrapper', quote_ident(fdwname),
        'type', srvtype, 'version', srvversion,
        'options', (select jsonb_agg(o order by o) from unnest(srvoptions) o)) as value
    from pg_foreign_server v join pg_foreign_data_wrapper w on w.oid = srvfdw
    where not exists (select from members m where m.classid = 'pg_foreign_server'::regclass and m.objid = v.oid)
    union all
    select 'foreign data wrapper ' || quote_ident(fdwname), jsonb_build_object(
        'handler', nullif(fdwhandler, 0)::regproc, 'validator', nullif(fdwvalidator, 0)::regproc,
        'options', (select jsonb_agg(o order by o) from unnest(fdwoptions) o))
    from pg_foreign_data_wrapper w
    where not exists (select from members m where m.classid = 'pg_foreign_data_wrapper'::regclass and m.objid = w.oid)
), everything as (
    select * from schemas union all select * from extensions union all select * from tables
    -- An inherited column that the child left as it was has nothing to say.
    union all select * from columns c where jsonb_strip_nulls(c.value) <> '{}'
    union all select * from constraints union all select * from indexes union all select * from views
    union all select * from serials union all select * from types union all select * from functions
    union all select * from triggers union all select * from policies union all select * from rules
    union all select * from statistics union all select * from publications
    union all select * from eventtriggers union all select * from operators union all select * from classes
    union all select * from casts union all select * from collations union all select * from searches
    union all select * from servers
)
select jsonb_build_object(
    'server', current_setting('server_version'),
    'provider', coalesce((select jsonb_agg(quote_ident(nspname) order by nspname) from provider), '[]'),
    'objects', coalesce((select jsonb_object_agg(key, jsonb_strip_nulls(value))
        from everything, given where key <> all (leave_out)), '{}'))::text;
commit;
