\encoding UTF8
set timezone = 'UTC'; set datestyle = 'ISO'; set row_security = off;
set standard_conforming_strings = on;
select to_regclass('"drizzle"."__drizzle_migrations"') is not null as higuera_ledger \gset
\if :higuera_ledger
select coalesce(jsonb_agg(to_jsonb(ledger)), '[]') from "drizzle"."__drizzle_migrations" as ledger;
\else
\echo []
\endif
