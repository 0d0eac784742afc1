"""What the code of a package tells by itself: variables that it reads, its health path."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from higuera.init.package import Package
from higuera.init.tree import Tree, inside

CODE = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte")
TESTS = re.compile(r"(^|/)(tests?|__tests__|e2e|node_modules|dist|scripts)/|\.(test|spec)\.")
# A large app says the same things over and over.
MOST_FILES = 3000

READ = re.compile(
    r"""process\.env(?:\.([A-Z][A-Z0-9_]*)|\[['"]([A-Z][A-Z0-9_]*)['"]\])"""
    r"""|\.(?:get|getOrThrow)(?:<\w+>)?\(\s*['"]([A-Z][A-Z0-9_]*)['"]"""
    r"""|\benv\(\s*['"]([A-Z][A-Z0-9_]*)['"]\s*\)"""
)
# A schema of the environment (zod, envalid, joi), in a file that is named after it.
SCHEMA_FILE = re.compile(r"(config|env)[\w.-]*$", re.I)
SCHEMA_KEY = re.compile(r"^\s*([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\s*:", re.M)
EXAMPLES = (".env.example", ".env.sample", ".env.template")
EXAMPLE_KEY = re.compile(r"^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=", re.M)
# What the unit sets, what the runtime means, and what only a build or a test reads.
NOT_OURS = re.compile(
    r"(NODE|NPM|NEXT|VERCEL|GITHUB|LISTEN|TEST|SMOKE|SEED|VITE)_\w+|CI|PORT|HOST|HOSTNAME|RELEASE"
    r"|BUILD_ID|LOG_LEVEL|TZ|HOME|PATH|PWD|DEBUG|ANALYZE|SOCKET_PATH|SHADOW_DATABASE_URL"
)
SECRET = re.compile(
    r"(^|_)(SECRETS?|TOKEN|PASSWORD|PASSWD|PASS|DSN|CREDENTIALS?|SALT|API_?KEY|PRIVATE_KEY|\w*KEY)"
    r"(_|\d*$)|^(REDIS|MONGO\w*|AMQP|RABBITMQ|SMTP)_(URL|URI)$"
)
DATABASE = re.compile(r"(DATABASE|POSTGRES|POSTGRESQL|PG|DB)_(URL|URI|DSN)\d*")

HEALTH = re.compile(r"""['"`](/[a-z0-9/_-]*(?:health|healthz|healthcheck|livez|readyz))['"`]""")
MOUNT = re.compile(r"""(?:prefix:|\buse\(|\broute\()\s*['"`](/[A-Za-z0-9/_-]+)['"`]""")
CONTROLLER = re.compile(r"""@Controller\(\s*['"`]/?([a-z0-9/_-]*health[a-z0-9/_-]*)['"`]""")
NEST_PREFIX = re.compile(r"""setGlobalPrefix\(\s*['"`]/?([A-Za-z0-9/_-]+)['"`]""")


@dataclass(frozen=True)
class Reading:
    """The variables of one package, by what they seem to be."""

    database: tuple[str, ...]
    secrets: tuple[str, ...]
    plain: tuple[str, ...]
    """No secret by their names; the stack file sets them, or nobody does."""
    port: str
    """The file that reads `PORT`; empty where none does."""
    seen: dict[str, str]
    """The file that each was seen in first."""


def code_of(tree: Tree, package: Package) -> dict[str, str]:
    """The text of each code file of a package, tests left out."""
    names = [name for name in tree.below(package.folder) if name.endswith(CODE)]
    mine = [name for name in names if not TESTS.search(name.removeprefix(f"{package.folder}/"))]
    return {name: tree.text(name) for name in mine[:MOST_FILES]}


def reading_of(tree: Tree, package: Package, code: dict[str, str]) -> Reading:
    """The names of the variables that a package reads, values never."""
    seen: dict[str, str] = {}
    for file, names in _read(tree, package, code):
        for name in names:
            seen.setdefault(name, file)
    ours = sorted(name for name in seen if name and not NOT_OURS.fullmatch(name))
    database = [name for name in ours if DATABASE.fullmatch(name)]
    secrets = [name for name in ours if name not in database and SECRET.search(name)]
    plain = [name for name in ours if name not in database and name not in secrets]
    return Reading(
        tuple(database),
        tuple(secrets),
        tuple(plain),
        next((file for file, text in code.items() if re.search(r"\bPORT\b", text)), ""),
        seen,
    )


def _read(
    tree: Tree, package: Package, code: dict[str, str]
) -> Iterator[tuple[str, Iterable[str]]]:
    """Each file that names variables, and the names."""
    for file, text in code.items():
        yield file, chain.from_iterable(READ.findall(text))
        if SCHEMA_FILE.search(file.rpartition("/")[2].partition(".")[0]):
            yield file, SCHEMA_KEY.findall(text)
    for file in tree.below(package.folder):
        if file.endswith("schema.prisma"):
            yield file, chain.from_iterable(READ.findall(tree.text(file)))
    for file in (inside(package.folder, name) for name in EXAMPLES):
        if tree.has(file):
            yield file, EXAMPLE_KEY.findall(tree.text(file))


def health_of(code: dict[str, str]) -> tuple[str, str] | None:
    """The health path that the code answers, and its file; None where none is seen."""
    prefix = next((found[1] for text in code.values() if (found := NEST_PREFIX.search(text))), "")
    for file, text in code.items():
        if found := CONTROLLER.search(text):
            return "/" + "/".join(part for part in (prefix, found[1]) if part), file
    for file, text in sorted(code.items(), key=lambda item: "fetch(" in item[1]):
        if found := HEALTH.search(text):
            return _mounted(found[1], code), file
    return None


def _mounted(path: str, code: dict[str, str]) -> str:
    """Where the line that mounts the health routes puts them: `use('/api', healthRoutes)`."""
    for text in code.values():
        for line in text.splitlines():
            found = MOUNT.search(line)
            if found and "health" in line.lower() and not path.startswith(f"{found[1]}/"):
                whole = found[1].rstrip("/") + path
                return found[1] if found[1].endswith(path) else whole
    return path
