"""Renames: what is missing here and besides there may be one thing with two names."""

from higuera.database.difference import NOT_COMPARED, Difference, table_of
from higuera.database.names import RELATIONS, TABLES, name_of


class Rest:
    """All differences of one comparison, as the ground on which one of them is mended."""

    def __init__(self, differences: list[Difference]):
        self._all = differences
        self._keys = {found.object: found.change for found in differences}

    def renamed(self, found: Difference) -> str:
        """The statement that gives a constraint or an index its name back; empty: it is no rename.

        Equal definitions on one table are one thing, so nothing is lost on a wrong guess.
        """
        kind = name_of(found.object).kind
        if kind not in ("constraint", "index") or found.change == "differs":
            return ""
        twins = [each for each in self._all if _what(each) == _what(found)]
        there = [each for each in twins if each.change == "extra"]
        wanted = [each for each in twins if each.change == "missing"]
        if len(there) != 1 or len(wanted) != 1:
            return ""
        if found.change == "extra":
            return f"-- becomes {wanted[0].object}"
        old, new = name_of(there[0].object), name_of(wanted[0].object)
        if kind == "index":
            return f"ALTER INDEX {old.rest} RENAME TO {new.last};"
        return f"ALTER TABLE {old.owner} RENAME CONSTRAINT {old.last} TO {new.last};"

    def may_be_renamed(self, found: Difference) -> bool:
        """Whether dropping this may lose the rows of what is missing under another name."""
        name = name_of(found.object)
        if found.change != "extra" or name.kind not in (*TABLES, "column"):
            return False
        for key, change in self._keys.items():
            other = name_of(key)
            same = other.kind == name.kind and (name.kind != "column" or other.owner == name.owner)
            if change == "missing" and same:
                return True
        return False

    def is_taken(self, found: Difference) -> bool:
        """Whether something else has the name: a view the table's, an index the constraint's."""
        name = name_of(found.object)
        if found.change != "missing" or len(name.parts) < 2:
            return False
        if name.kind in RELATIONS:
            return any(self._keys.get(f"{kind} {name.rest}") == "extra" for kind in RELATIONS)
        if name.kind == "constraint":
            return self._keys.get(f"index {name.parts[0]}.{name.last}") == "extra"
        suffix = f".{name.last}"
        return name.kind == "index" and any(
            key.startswith(f"constraint {table_of(found.properties)}.") and key.endswith(suffix)
            for key, change in self._keys.items()
            if change == "extra"
        )


def _what(found: Difference) -> tuple[str, ...]:
    """A constraint or an index without its name."""
    name = name_of(found.object)
    table = name.owner if name.kind == "constraint" else table_of(found.properties)
    plain = {key: value for key, value in found.properties.items() if key != NOT_COMPARED}
    return name.kind, table, str(sorted(plain.items())).replace(f" {name.last} ", " ")
