"""The schema of the target now, and those that releases on the host were proven on."""

from dataclasses import dataclass, field

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.database.catalog import Catalog
from higuera.errors import DatabaseError
from higuera.facts.script import script, words
from higuera.spec.paths import HostPaths


@dataclass(frozen=True)
class SchemaState:
    """What a rollback has to know of the database."""

    now: Catalog | None = None
    """None: the target did not answer; `why` has psql's words."""
    recorded: Catalog | None = None
    """What the release was proven on; None: it is not recorded."""
    backups: tuple[str, ...] = ()
    """The dumps on the host, newest first."""
    why: tuple[str, ...] = field(default=())


class SchemaThere(FactBase[SchemaState]):
    """The target's catalog, a release's, and the dumps."""

    @staticmethod
    def default() -> SchemaState:
        """Nothing is known."""
        return SchemaState(why=("the host did not answer",))

    def command(self, app: str, release: str) -> StringCommand:
        """One command; a database that is down is an answer too."""
        paths = HostPaths(app)
        tool, recorded = words([paths.tool]), words([paths.catalog(release)])
        return script(
            f"{tool} catalog target 2>&1 | sed '/^catalog /!s/^/why /'\n"
            f"[ ! -e {recorded} ] || sed 's/^/recorded /' {recorded}\n"
            f"{tool} backups 2>/dev/null | sed 's/^/backup /'"
        )

    def process(self, output: list[str]) -> SchemaState:
        """From its lines to a state."""
        if not output:
            return self.default()
        found = [line.partition(" ")[::2] for line in output]
        return SchemaState(
            now=_catalog([rest for key, rest in found if key == "catalog"]),
            recorded=_catalog([rest for key, rest in found if key == "recorded"]),
            backups=tuple(
                name for key, rest in found if key == "backup" for name in rest.split()[:1]
            ),
            why=_why([rest for key, rest in found if key == "why"]),
        )


def _why(lines: list[str]) -> tuple[str, ...]:
    if any(line.startswith("usage: ") for line in lines):
        return ("the tool on the host is older than this; deploy once",)
    return tuple(lines)


def _catalog(texts: list[str]) -> Catalog | None:
    try:
        return Catalog.from_json(texts[0]) if texts else None
    except DatabaseError:
        return None
