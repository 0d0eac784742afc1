"""What happens to a migration: it is blocked, awaited, left alone, cut off, or it fails."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import httpx
import pytest
from aftermath import refused, struck
from harness import Project, until
from migrations import (
    BARE,
    DRIZZLE,
    applied,
    migration,
    next_code,
    runner,
    schema,
    serves,
    session,
    signed_in,
    sql,
    untouched,
    write_form,
)

pytestmark = pytest.mark.usefixtures("searched")

LIMITS = "    lock_timeout: 1\n    retries: 1\n    queue: 3\n"
NOTE = 'ALTER TABLE "forms" ADD COLUMN "note" text;'
# On a scratch database, where nobody has an account yet, it takes no time.
SLOW = f'SELECT pg_sleep(6) FROM (SELECT FROM "users" LIMIT 1) u;--> statement-breakpoint\n{NOTE}'
POSTMASTER = "systemctl show -p MainPID --value postgresql@15-main"
SLEEPS = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"


@contextmanager
def users(project: Project) -> Iterator[list[float]]:
    """Somebody who writes and reads forms all the while; yields how long each time took."""
    waits: list[float] = []
    wrong: list[str] = []
    over = Event()

    def go(http: httpx.Client) -> None:
        while not over.wait(0.1):
            began = time.monotonic()
            try:
                write_form(http, "While it waits")
                assert http.get("/api/forms").status_code == 200
            except (httpx.HTTPError, AssertionError) as error:
                wrong.append(repr(error))
            waits.append(time.monotonic() - began)

    with signed_in(project) as http:
        thread = Thread(target=go, args=[http], daemon=True)
        thread.start()
        try:
            yield waits
        finally:
            over.set()
            thread.join(30)
    assert wrong == []


def test_a_blocked_migration_gives_way(forms: Project) -> None:
    """A long transaction: named, given way to in the stated time, while the app serves on."""
    forms.edit("inventory/stack.yml", "    # queue: 120\n", LIMITS)
    migration(forms, "0002_note", NOTE)
    next_code(forms, "ok", "two")
    before = untouched(forms)
    lock = "begin; lock table forms in access share mode;"
    with session(forms, "on-call", lock, "target") as pid, users(forms) as waits:
        printed = refused(
            forms,
            "it waited 1 s for a lock, and gave way to those behind it; it was blocked by",
            f"process {pid} (user forms, application on-call, from 127.0.0.1, idle in transaction",
            "tries again in 2 s (1 of 1)",
            "gave up after 2 tries",
        )
    assert "it left nothing behind" in printed
    assert len(waits) > 20
    assert max(waits) < 15, "they wait as long as one statement waits for its lock, and no more"
    assert untouched(forms)[:2] == before[:2]
    assert serves(forms, "ok")
    # Somebody else migrates, from another host: waited for, named.
    held = "select pg_advisory_lock(hashtextextended('higuera', 0));"
    with session(forms, "other-host", held, "forms") as pid:
        refused(
            forms,
            f"another migration has the lock: process {pid} (user postgres, "
            "application other-host, from an address hidden, state hidden",
            "it still has it after 3 s",
        )
    assert untouched(forms)[:2] == before[:2]
    # Two of our own, at once, when nobody blocks them.
    with forms.deploying(subprocess.DEVNULL) as first:
        until(lambda: status_of(forms)["lock"] is not None, "the first takes the lock")
        refused(forms, "forms is locked by")
        assert first.wait(timeout=120) == 0
    assert applied(forms) == 3
    assert serves(forms, "two")


def status_of(project: Project) -> dict[str, object]:
    """As the host tells it."""
    found: dict[str, object] = json.loads(project.shell("higuera-forms status --json"))
    return found


def test_a_database_that_goes_and_a_controller_that_goes(forms: Project) -> None:
    """Down before, in the middle, after; a controller killed in the middle: the rerun converges."""
    migration(forms, "0002_note", SLOW)
    next_code(forms, "ok", "two")
    before = untouched(forms)
    until(lambda: serves(forms, "ok"), "the app has booted")
    killed = forms.shell(f"{POSTMASTER}; systemctl kill --kill-who=main -s KILL postgresql@15-main")
    until(lambda: forms.shell(POSTMASTER) not in ("0", killed), "PostgreSQL is back by itself")
    until(lambda: serves(forms, "ok"), "the app has its database again")
    allow = "cd / && runuser -u postgres -- psql -qc 'alter database forms allow_connections {}'"
    forms.shell(allow.format("false"))
    printed = refused(forms, "Starting operation: Target", "not currently accepting connections")
    assert "Starting operation: Build" not in printed
    assert forms.get("/").status_code == 200
    forms.shell(allow.format("true"))
    forms.shell("systemctl stop postgresql@15-main")
    assert forms.get("/").status_code == 200

    def stop_database(process: subprocess.Popen[str]) -> None:
        forms.shell("systemctl stop postgresql@15-main")

    def stop_in_the_middle(process: subprocess.Popen[str]) -> None:
        until(lambda: sql(forms, SLEEPS) == "1", "the migration is in its middle")
        stop_database(process)

    # Down before: a database of the VPS itself is started by the deploy.
    code, printed = struck(forms, "Migrate", stop_in_the_middle)
    assert code == 1, printed
    assert "failed; the reason is above" in printed
    assert "serves on" in printed
    forms.shell("systemctl start postgresql@15-main")
    until(lambda: serves(forms, "ok"), "the app has its database again")
    assert untouched(forms)[:2] == before[:2]

    def kill(process: subprocess.Popen[str]) -> None:
        until(lambda: sql(forms, SLEEPS) == "1", "the migration is in its middle")
        process.kill()

    code, printed = struck(forms, "Migrate", kill)
    assert code == -signal.SIGKILL
    # The target is migrated by now; the database goes before it is compared, or traffic moves.
    code, printed = struck(forms, "Parity", stop_database)
    assert code == 1, printed
    assert "whose deploy went away, succeeded" in printed
    assert "no migration is pending: no dump, no run" in printed
    assert "Starting operation: Cutover" not in printed
    assert forms.get("/").status_code == 200
    forms.shell("systemctl start postgresql@15-main")
    until(lambda: serves(forms, "ok"), "the app has its database again")
    printed = forms.deployed()
    assert "no migration is pending: no dump, no run" in printed
    assert applied(forms) == 3
    assert serves(forms, "two")
    assert forms.plan() == []


def test_a_migration_that_fails(forms: Project) -> None:
    """In a transaction it leaves nothing; outside of one, its leftovers come with a clean-up."""
    with signed_in(forms) as http:
        write_form(http, "Twice")
        write_form(http, "Twice")
    before = schema(forms), applied(forms)
    migration(forms, "0002_once", f'{NOTE}\nCREATE UNIQUE INDEX "once" ON "forms" ("title");')
    next_code(forms, "ok", "two")
    refused(
        forms,
        'could not create unique index "once"',
        "it left nothing behind: the schema is as it was before",
        "serves on",
    )
    assert (schema(forms), applied(forms)) == before
    runner(forms, BARE)
    file = forms.folder / DRIZZLE / "0002_once.sql"
    file.write_text('CREATE UNIQUE INDEX CONCURRENTLY "once" ON "forms" ("title");\n')
    printed = refused(forms, "it left this behind", "+ index public.once")
    (mend,) = [line.split("  mend: ")[1] for line in printed.splitlines() if "  mend: " in line]
    assert mend == "DROP INDEX CONCURRENTLY public.once;"
    assert serves(forms, "ok")
    sql(forms, mend)
    assert (schema(forms), applied(forms)) == before
    sql(forms, "delete from forms where ctid = (select max(ctid) from forms)")
    forms.deployed()
    assert serves(forms, "two")
    assert applied(forms) == 3
