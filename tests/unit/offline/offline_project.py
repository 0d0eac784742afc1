"""A project to break: the example's stack, its migrations, and templates of its own."""

import os
import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from higuera.offline.check import check_offline
from higuera.offline.report import Finding, OfflineReport

ROOT = Path(__file__).parents[3]
MIGRATIONS = "apps/backend/drizzle"


class OfflineProject:
    """`inventory/` and `app/`, with one environment, and `templates/` where one is overridden."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "inventory").mkdir()
        stack = (ROOT / "inventory/stack.yml").read_text()
        self.write("inventory/stack.yml", stack.replace("../examples/forms", "../app"))
        shutil.copy(ROOT / "inventory/production.yml.example", folder / "inventory/production.yml")
        first = f"{MIGRATIONS}/0000_accounts_and_forms.sql"
        self.write(f"app/{first}", (ROOT / "examples/forms" / first).read_text())

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name: str, old: str, new: str) -> int:
        """Replace a text that is there once; the line where it stands."""
        path = self.folder / name
        text = path.read_text()
        assert text.count(old) == 1, (name, old, text.count(old))
        path.write_text(text.replace(old, new))
        return text[: text.index(old)].count("\n") + 1

    def override(self, name: str, old: str, new: str) -> int:
        """The same in a template, which becomes the project's own."""
        own = self.folder / "templates" / name
        if not own.exists():
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "templates" / name, own)
        return self.edit(f"templates/{name}", old, new)

    def check(self, environment: str | None = None) -> OfflineReport:
        with chdir(self.folder):
            return check_offline(Path("inventory"), environment)

    def findings(self) -> list[Finding]:
        """Those of the environment, none of which is of a check that passed."""
        report = self.check()
        for check in report.checks:
            assert bool(check.findings) == (check.outcome == "failed")
        assert report.status == (1 if any(check.findings for check in report.checks) else 0)
        return [finding for check in report.checks for finding in check.findings]


@contextmanager
def as_nobody() -> Iterator[None]:
    """As a plain user, where we are root."""
    if os.geteuid() != 0:
        yield
        return
    os.setresgid(65534, 65534, 0)
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
