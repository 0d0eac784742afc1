"""The real Drizzle from npm, installed once into the cache of this machine's user."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp

from ledger_server import Database

PACKAGES = [
    "drizzle@npm:drizzle-orm@0.45.4",
    "drizzle-v1@npm:drizzle-orm@1.0.0-rc.5-ab785fc",
    "pg@8.23.1",
]
# process.argv: node, package, folder, socket's folder, database.
DRIZZLE = """
import pg from "pg";
const [name, migrationsFolder, host, database] = process.argv.slice(1);
const { drizzle } = await import(`${name}/node-postgres`);
const { migrate } = await import(`${name}/node-postgres/migrator`);
const client = new pg.Client({ host, database, user: "postgres" });
await client.connect();
try { await migrate(drizzle({ client }), { migrationsFolder }); } finally { await client.end(); }
"""
HASHES = """
import { readMigrationFiles } from "drizzle/migrator";
const found = readMigrationFiles({ migrationsFolder: process.argv[1] });
console.log(JSON.stringify(found.map((it) => it.hash)));
"""


def modules() -> Path:
    """A folder whose `node_modules` hold the runners; npm fetches them the first time."""
    digest = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "higuera-tests"
    place = cache / f"ledger-{digest}"
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _install(Path(mkdtemp(prefix="ledger-", dir=cache)), place)
    return place


def _install(folder: Path, place: Path) -> None:
    """Install beside the place and move there, so that a half of it is never found."""
    try:
        (folder / "package.json").write_text('{"private": true}')
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"]
        _run(["npm", "install", *options, *PACKAGES], folder)
        if not place.exists():
            folder.rename(place)
    except OSError:
        assert place.exists()  # another worker was faster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def node(program: str, *arguments: str) -> str:
    """Run a program beside the runners; it has to exit 0."""
    return _run(["node", "--input-type=module", "-e", program, *arguments], modules())


def migrate(program: str, package: str, folder: Path, database: Database) -> None:
    """Run a runner on a database; whatever it left out, it exits 0."""
    node(program, package, str(folder), str(database.server.folder), database.name)


def _run(argv: list[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{argv[0]}: {done.stderr or done.stdout}"
    return done.stdout
