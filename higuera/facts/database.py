"""The local PostgreSQL: does it run, is the role there, has it the right password."""

from dataclasses import dataclass

from pyinfra.api import FactBase
from pyinfra.api.command import StringCommand

from higuera.facts.script import rows, script, tagged, words


@dataclass(frozen=True)
class DatabaseState:
    """What the server says of one role and one database."""

    reachable: bool = False
    role: bool = False
    salt: str = ""
    """Base64, of the SCRAM verifier."""
    iterations: int = 0
    verifier_sha256: str = ""
    """Digest of the whole verifier: enough to compare, too little to log in with."""
    owner: str | None = None
    """The owner of the database; None when there is no such database."""
    listens: str = ""
    """The addresses on which it listens, separated by commas."""
    listens_next: str = ""
    """Those after its next start, where a file says so."""
    pin: str | None = None
    """Digest of its conf.d/higuera.conf; None: its configuration is not where Debian has it."""


class LocalDatabase(FactBase[DatabaseState]):
    """One role and one database of the PostgreSQL on this host."""

    @staticmethod
    def default() -> DatabaseState:
        """No server."""
        return DatabaseState()

    def command(self, role: str, database: str) -> StringCommand:
        """One query, as the account `postgres`, over the server's own socket."""
        query = f"""-- both names are quoted as literals
select 'server yes'
union all select concat_ws(' ', 'role',
    split_part(split_part(verifier, '$', 2), ':', 2),
    split_part(split_part(verifier, '$', 2), ':', 1),
    encode(sha256(convert_to(verifier, 'UTF8')), 'hex'))
    from (select rolname, case when rolcanlogin then rolpassword end verifier from pg_authid) roles
    where rolname = {sql_text(role)}
union all select 'database ' || pg_get_userbyid(datdba)
    from pg_database where datname = {sql_text(database)}
union all select 'listens ' || current_setting('listen_addresses')
union all (select 'next ' || setting
    from pg_file_settings where name = 'listen_addresses' order by seqno desc limit 1)
union all select 'pin ' || encode(sha256(coalesce(pg_read_binary_file(
        regexp_replace(file, '[^/]*$', 'conf.d/higuera.conf'), 0, 10000, true), '')), 'hex')
    from current_setting('config_file') file where file like '/etc/postgresql/%'
"""  # noqa: S608
        return script(
            "cd / && getent passwd postgres >/dev/null && command -v psql >/dev/null && "
            f"runuser -u postgres -- psql -XAtq -d postgres -c {words([query])} 2>/dev/null"
        )

    def process(self, output: list[str]) -> DatabaseState:
        """From its lines to a state."""
        found = tagged(output)
        owners = rows(found, "database", 1)
        verifiers = [row for row in rows(found, "role", 3) if row[1].isdecimal()]
        salt, iterations, digest = verifiers[0] if verifiers else ("", "0", "")
        return DatabaseState(
            reachable=bool(found["server"]),
            role=bool(found["role"]),
            salt=salt,
            iterations=int(iterations),
            verifier_sha256=digest,
            owner=owners[0][0] if owners else None,
            listens="".join(found["listens"][:1]),
            listens_next="".join(found["next"][:1]),
            pin=next(iter(found["pin"]), None),
        )


def sql_text(value: str) -> str:
    """An SQL string literal (standard_conforming_strings is on by default)."""
    return "'" + value.replace("'", "''") + "'"
