"""What a tool's own snapshot knows of a schema: tables and columns, in words of its own. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from higuera.database.catalog import Catalog, Properties
from higuera.database.names import TABLES, name_of


def partial_view(catalog: Catalog) -> Catalog:
    """Tables and columns alone, with type and not null: what a tool's own snapshot knows too."""
    return replace(catalog, objects=dict(_partial(catalog.objects.items())))


def _partial(objects: Iterable[tuple[str, Properties]]) -> Iterable[tuple[str, Properties]]:
    for key, properties in objects:
        kind = name_of(key).kind
        if kind in TABLES:
            yield key, {}
        elif kind == "column":
            shown = {name: properties.get(name) for name in ("type", "not null")}
            yield key, {name: value for name, value in shown.items() if value}


def in_words_of(server: Catalog, told: Catalog) -> Catalog:
    """What a snapshot tells, as the server writes it, where it means the same.

    Which names are quoted depends on the server's version. Where the type of an extension lives,
    and how the extension writes it, a snapshot does not know.
    """
    written = {_plain(key): key for key in server.objects}
    objects = {}
    for key, properties in told.objects.items():
        same = key if key in server.objects else written.get(_plain(key), key)
        objects[same] = _typed(properties, server.objects.get(same, {}))
    return replace(told, objects=objects)


def _typed(told: Properties, there: Properties) -> Properties:
    types = told.get("type"), there.get("type")
    return {**told, "type": types[1]} if all(types) and _same(*map(str, types)) else told


def _same(told: str, there: str) -> bool:
    told, there = _plain(told), _plain(there)
    without_schema = there.partition(".")[2]
    return told == there or told.casefold() == without_schema.casefold()


def _plain(text: str) -> str:
    return text.replace('"', "")
