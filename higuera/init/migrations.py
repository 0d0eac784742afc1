"""Migrations of an app: whose they are, where they lie, and the command that applies them."""

import re
from dataclasses import dataclass

from higuera.init.package import Package
from higuera.init.tree import Tree, inside
from higuera.spec.database import Ledger

OUT = re.compile(r"""\bout\s*:\s*['"`](?:\./)?([A-Za-z0-9._/-]+)['"`]""")
DIRECTORY = re.compile(r"""\bdirectory\s*:\s*['"`](?:\./)?([A-Za-z0-9._/-]+)['"`]""")
DIALECT = re.compile(r"""\b(?:dialect|client|provider)\s*[:=]\s*['"`]([a-z0-9_-]+)['"`]""")
POSTGRES = ("postgresql", "postgres", "pg", "pg-native", "cockroachdb")
TYPEORM = ("src/migrations", "src/migration", "src/database/migrations", "migrations")
# The programs of the tools; each takes its settings from the package's own configuration.
COMMANDS: dict[Ledger, str] = {
    "drizzle": "drizzle-kit migrate",
    "prisma": "prisma migrate deploy",
    "knex": "knex migrate:latest",
}
# A script of the package that does it goes first, where it is a plain `node FILE`.
SCRIPTS = ("migrate:deploy", "db:migrate:deploy", "migrate:prod", "migrate", "db:migrate")
SCRIPT = re.compile(r"node ([A-Za-z0-9._/-]+\.[mc]?[jt]s)")


@dataclass(frozen=True)
class Migrations:
    """The migrations of one package."""

    ledger: Ledger
    files: str | None
    """Their folder in the source; None where there is none yet."""
    command: str | None
    """What applies them, run in the package's folder; None where none was found."""
    seen: str
    dialect: str
    """The database that the configuration names; empty: it does not say."""
    configures: bool = True
    """Whether that configuration says where the database is."""

    @property
    def is_postgres(self) -> bool:
        """Whether Higuera can keep it: PostgreSQL, or nothing that speaks against it."""
        return not self.dialect or self.dialect in POSTGRES


def migrations_of(tree: Tree, package: Package) -> Migrations | None:
    """The migrations of a package; None where it has none that are known."""
    for find in (_drizzle, _prisma, _knex, _typeorm):
        found = find(tree, package)
        if found is not None:
            return found
    return None


def _drizzle(tree: Tree, package: Package) -> Migrations | None:
    config = tree.first(package.folder, "drizzle.config.")
    if config is None and not tree.below(inside(package.folder, "drizzle")):
        return None
    text = tree.text(config) if config else ""
    configures = "dbCredentials" in text
    out = OUT.search(text)
    folder = inside(package.folder, out[1].rstrip("/") if out else "drizzle")
    command = _command(package, "drizzle", "drizzle-kit" if configures else None)
    return _found(tree, "drizzle", folder, command, config or f"{folder}/", text, configures)


def _prisma(tree: Tree, package: Package) -> Migrations | None:
    schema = next((n for n in tree.below(package.folder) if n.endswith("schema.prisma")), None)
    if schema is None:
        return None
    datasource = tree.text(schema).partition("datasource")[2].partition("}")[0]
    folder = schema.rpartition("/")[0] + "/migrations" if "/" in schema else "migrations"
    command = _command(package, "prisma", "prisma")
    if command == COMMANDS["prisma"]:
        command += f" --schema {schema.removeprefix(f'{package.folder}/')}"
    return _found(tree, "prisma", folder, command, schema, datasource)


def _knex(tree: Tree, package: Package) -> Migrations | None:
    config = tree.first(package.folder, "knexfile.")
    if config is None:
        return None
    text = tree.text(config)
    named = DIRECTORY.search(text)
    folder = inside(package.folder, named[1].rstrip("/") if named else "migrations")
    return _found(tree, "knex", folder, _command(package, "knex", "knex"), config, text)


def _typeorm(tree: Tree, package: Package) -> Migrations | None:
    if not package.needs("typeorm"):
        return None
    folders = [inside(package.folder, name) for name in TYPEORM]
    folder = next((name for name in folders if tree.below(name)), None)
    if folder is None:
        return None
    return _found(tree, "typeorm", folder, _command(package, "typeorm", None), f"{folder}/", "")


def _found(
    tree: Tree,
    ledger: Ledger,
    folder: str,
    command: str | None,
    seen: str,
    text: str,
    configures: bool = True,
) -> Migrations:
    dialect = DIALECT.search(text)
    files = folder if tree.below(folder) and ".." not in folder.split("/") else None
    return Migrations(ledger, files, command, seen, dialect[1] if dialect else "", configures)


def _command(package: Package, ledger: Ledger, tool: str | None) -> str | None:
    for name in SCRIPTS:
        script = SCRIPT.fullmatch(package.scripts.get(name, ""))
        if script:
            return script[0]
    return COMMANDS[ledger] if tool is not None and package.needs(tool) else None
