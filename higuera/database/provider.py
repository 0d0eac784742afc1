"""What a provider keeps in a database of its customer for itself: Supabase and Neon."""

from collections.abc import Callable

from higuera.database.catalog import Catalog
from higuera.database.names import name_of

EXTENSIONS = {
    "pg_stat_statements",
    "pg_graphql",
    "pg_cron",
    "pg_net",
    "pgjwt",
    "pgsodium",
    "supabase_vault",
    "neon",
    "neon_utils",
}
_WITHOUT_A_SCHEMA = {"extension", "cast", "server", "foreign data wrapper", "publication"}
_WITHOUT_A_SCHEMA |= {"event trigger"}


def of_a_provider(expected: Catalog, actual: Catalog) -> Callable[[str], bool]:
    """Tell whether the object of a key is the provider's and no drift.

    A schema that either side knows for a provider's is, with all in it. One that is only called
    so (`auth`) is not: an app may have a schema of that name.
    """
    known = {*expected.provider, *actual.provider}

    def hidden(key: str) -> bool:
        name = name_of(key)
        if name.kind == "extension":
            return key not in expected.objects and _extension(name.rest, actual, known)
        if name.kind in _WITHOUT_A_SCHEMA or not name.parts:
            return False
        return name.parts[0] in known

    return hidden


def _extension(name: str, actual: Catalog, known: set[str]) -> bool:
    schema = str(actual.objects.get(f"extension {name}", {}).get("schema", ""))
    return schema in known or (bool(known) and name in EXTENSIONS)
