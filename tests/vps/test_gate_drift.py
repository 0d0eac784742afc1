"""The founding accident, Drizzle's traps, and `higuera drift`: a schema is proven or not served."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from aftermath import refused
from harness import HIGUERA, Project
from migrations import (
    BELIEVING,
    DRIZZLE,
    applied,
    lines,
    migration,
    next_code,
    runner,
    serves,
    sql,
    untouched,
    withdraw,
)

pytestmark = pytest.mark.usefixtures("searched")

HAND = "alter table forms drop column slug; alter table sessions drop column created_at"
MARK = re.compile(r"[-+~] (\S.*?)  ")


def named(printed: str) -> list[str]:
    """The objects that a report names, with their marks."""
    return [line for line in lines(printed) if MARK.match(line)]


def mending(printed: str) -> str:
    """The statements that a report prints to mend what it names, as they stand."""
    found: list[str] = []
    for line in lines(printed):
        if line.startswith("  mend: ") or (found and line.startswith("        ")):
            found.append(line[8:])
    return "\n".join(found)


def test_the_founding_accident(forms: Project) -> None:
    """Columns that are not there: named one by one, and no traffic moves onto them."""
    sql(forms, HAND)
    next_code(forms, "ok", "two")
    printed = refused(forms, "Starting operation: Parity", "nothing was moved")
    assert "Starting operation: Candidates" not in printed
    assert [MARK.match(line)[1].strip() for line in named(printed)] == [  # type: ignore[index]
        "column public.forms.slug",
        "column public.sessions.created_at",
    ]
    assert all("missing on the target" in line for line in named(printed))
    assert serves(forms, "ok")
    sql(forms, mending(printed))
    assert "the target's schema is what this release expects" in forms.deployed()
    assert serves(forms, "two")


def test_the_traps_of_drizzle(forms: Project) -> None:
    """Its runner exits 0 each time; the files against the ledger do not."""
    runner(forms, BELIEVING)
    before = untouched(forms)
    migration(forms, "0002_note", 'ALTER TABLE "forms" ADD COLUMN "note" text;', when=1767700000000)
    refused(forms, "skipped: 0002_note is not in the database and never will be")
    assert untouched(forms) == before
    withdraw(forms)
    edited = forms.folder / DRIZZLE / "0001_form_slugs.sql"
    kept = edited.read_text()
    edited.write_text(f'{kept}\n--> statement-breakpoint\nALTER TABLE "forms" ADD "note" text;')
    refused(forms, "edited: 0001_form_slugs was changed after it was applied")
    assert untouched(forms) == before
    edited.write_text(kept)
    # A runner that swallows what the server says: exit 0, and nothing was applied.
    sql(forms, "insert into users (email, password_hash) values ('twice', 'x'), ('Twice', 'y')")
    swallowing = BELIEVING.replace("'drizzle') })", "'drizzle') }).catch(() => {})")
    runner(forms, swallowing)
    migration(forms, "0002_once", "CREATE UNIQUE INDEX once ON users (lower(email));")
    refused(
        forms,
        "all migrations applied",
        "the migrations reported success, but the ledger does not have: 0002_once",
    )
    assert applied(forms) == 2
    assert serves(forms, "ok")


def drift(project: Project, *arguments: str) -> tuple[int, str]:
    """Exit status and report."""
    done = project.run(HIGUERA, "drift", *arguments)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + ("" if done.returncode != 1 else done.stderr)


def accept(project: Project, *entries: tuple[str, int]) -> None:
    """Objects that somebody owns until so many days from now."""
    today = datetime.now(UTC).date()
    listed = [
        f"    - {{object: {name}, owner: data, reason: a test, until: {today + timedelta(days)}}}"
        for name, days in entries
    ]
    file = project.folder / "inventory" / "stack.yml"
    text = re.sub(r"\n  accept:(\n    - .*)+", "", file.read_text())
    new = "\n".join(["", "  accept:", *listed, "  catalog: docs"])
    file.write_text(text.replace("\n  catalog: docs", new))


def flags(*names: str) -> list[str]:
    """The same for one run."""
    return [word for name in names for word in ("--accept", name)]


def test_the_drift_command(forms: Project) -> None:
    """0 equal, 2 drift, 1 error: for a person, for a program, and with what is owned."""
    status, told = drift(forms)
    assert (status, told.splitlines()[-1]) == (0, "the target's schema is equal to it")
    sql(forms, f"{HAND}; create table legacy (id int primary key)")
    status, told = drift(forms)
    assert status == 2
    assert [line.split("  ")[0] for line in named(told)] == [
        "+ table public.legacy",
        "- column public.forms.slug",
        "- column public.sessions.created_at",
    ]
    assert told.splitlines()[-1] == "3 objects drifted"
    for fresh in ([], ["--fresh"]):
        status, told = drift(forms, "--json", *fresh)
        found = json.loads(told)
        assert (status, found["equal"], found["partial"]) == (2, False, False)
        assert [(each["change"], each["object"]) for each in found["drift"]] == [
            ("extra", "table public.legacy"),
            ("missing", "column public.forms.slug"),
            ("missing", "column public.sessions.created_at"),
        ]
    sql(forms, "\n".join(each["mend"] for each in found["drift"][1:]))
    accept(forms, ("table public.legacy", 3), ("table public.never", 3))
    status, told = drift(forms)
    assert status == 0
    assert "(data: a test): table public.legacy" in told
    assert "database.accept names table public.never, which does not differ: remove it" in told
    accept(forms, ("table public.legacy", -1))
    status, told = drift(forms)
    assert (status, told.splitlines()[-1]) == (2, "1 object drifted")
    assert "no longer accepted since" in told
    status, told = drift(forms, *flags("table public.legacy", "table public.never"))
    assert (status, told.splitlines()[-1]) == (0, "the target's schema is equal to it")
    assert "(this run: --accept): table public.legacy" in told
    assert "--accept names table public.never, which does not differ: remove it" in told
    forms.shell("systemctl stop postgresql@15-main")
    status, told = drift(forms)
    assert status == 1 and "Connection refused" in told, told
