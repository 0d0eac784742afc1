"""Stand-ins for secrets: what is rendered for reading or checking needs no value of any."""

from higuera.spec.secrets import Secrets
from higuera.spec.stack import Stack


def stand_ins(stack: Stack) -> Secrets:
    """`<NAME>` for each declared secret; a URL or API key that can be parsed where it is one."""
    database = stack.database
    urls = {database.url, database.direct, database.scratch} if database else set()
    made = {name: _stand_in(name, name in urls) for name in stack.secret_names()}
    if tiers := stack.nginx.tiers:
        made[tiers.keys] = f"<{tiers.keys}>-stand-in={tiers.without_key}"
    return Secrets(made)


def _stand_in(name: str, is_url: bool) -> str:
    if not is_url:
        return f"<{name}>"
    return f"postgresql://user:<{name}>@{name.lower().strip('_')}.invalid/database"
