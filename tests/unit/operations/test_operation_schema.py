"""`migrated`: what is pending is applied once, also where somebody else applied it meanwhile."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import pytest
from operation_harness import fake_host
from pyinfra.api import Host
from pyinfra.context import ctx_host

from higuera.database.catalog import Catalog
from higuera.database.target import Target
from higuera.errors import DatabaseError, HostError
from higuera.facts.outlook import OutlookState
from higuera.operations.gate import PARTIAL, Expected, Gate
from higuera.operations.outline_database import target_now
from higuera.operations.schema import migrated
from higuera.spec.load import load_deployment

PROJECT = Path(__file__).parents[3]
FIRST, SECOND = "0000_accounts_and_forms", "0001_form_slugs"
NOTHING_PENDING = "no migration is pending: no dump, no run"


class There:
    """The host of a deploy and its target: how many of two migrations it has, what a run does."""

    def __init__(
        self, applied: int, *runs: Callable[["There"], str], project: Path = PROJECT
    ) -> None:
        self.applied = applied
        self.runs = list(runs)
        self.asked: list[str] = []
        """The digests with which it was asked to migrate."""
        self.told: list[str] = []
        deployment = load_deployment(PROJECT / "inventory", "sandbox")
        deployment = replace(deployment, inventory=project / "inventory")
        assert deployment.stack.database is not None
        assert deployment.stack.database.migrate is not None
        run: Any = SimpleNamespace(
            deployment=deployment,
            tool="tool",
            release="r2",
            cutover=lambda: SimpleNamespace(is_due=True),
            state=lambda: SimpleNamespace(manifest=None),
        )
        self.gate = Gate(run, deployment.stack.database.migrate)
        self.gate.target = self.target()

    def rows(self) -> str:
        """The ledger, as psql prints it."""
        journal = PROJECT / "examples/forms/apps/backend/drizzle/meta/_journal.json"
        entries = json.loads(journal.read_text())["entries"][: self.applied]
        hashes = [migration.sha256 for migration in self.gate.migrations]
        return json.dumps(
            [
                {"id": number, "hash": sha256, "created_at": entry["when"]}
                for number, (sha256, entry) in enumerate(zip(hashes, entries, strict=False))
            ]
        )

    def target(self) -> Target:
        """What the target says of itself."""
        return Target(
            catalog=Catalog({}, "15.18"),
            server=150018,
            client=15,
            size=1,
            free=2,
            is_read_only=False,
            may_create=True,
            role="app on forms",
            ledger=self.rows(),
        )

    def run_remote(self, host: Host, script: str, **how: Any) -> list[str]:
        """What the tool prints."""
        if script.startswith("tool migrate r2 "):
            self.asked.append(script.split()[-1])
            return self.runs.pop(0)(self).splitlines()
        found = self.target()
        return [
            *("server 150018", "size 1", "free 2", "client 15.18", "readonly false"),
            *("creates true", f"role {found.role}", "ledger", found.ledger),
            f"catalog {found.catalog.to_json()}",
        ]

    def go(self) -> str:
        """The step; what it failed with."""
        host = fake_host()
        errors: list[str] = []
        with (
            ctx_host.use(host),
            patch("higuera.operations.gate.run_remote", self.run_remote),
            patch.object(host, "log", lambda line, **how: self.told.append(line)),
            patch.object(host, "log_styled", lambda line, **how: errors.append(line)),
        ):
            (command,) = cast(Any, migrated)._inner(gate=self.gate)
            assert command.function(host.state, host) == (not errors)
        return "\n".join(errors)


def applies(there: There) -> str:
    there.applied = 2
    return "backup b1\napplied"


def does_nothing(there: There) -> str:
    return "backup b1\napplied"


def somebody_applied(number: int) -> Callable[[There], str]:
    def changed(there: There) -> str:
        there.applied = number
        return "somebody else migrated meanwhile; nothing was done\nchanged"

    return changed


def test_what_is_pending_is_applied() -> None:
    there = There(1, applies)
    assert there.go() == ""
    assert there.told == [f"a dump first, then 1 pending: {SECOND}"]
    assert (there.gate.backup, there.gate.is_fresh, len(there.asked)) == ("b1", True, 1)


def test_nothing_pending_runs_nothing() -> None:
    there = There(2)
    assert (there.go(), there.told, there.asked) == ("", [NOTHING_PENDING], [])


def test_what_somebody_else_applied_meanwhile_is_not_applied_again() -> None:
    there = There(0, somebody_applied(2))
    assert there.go() == ""
    assert there.told == [f"a dump first, then 2 pending: {FIRST}, {SECOND}", NOTHING_PENDING]
    assert (there.gate.backup, len(there.asked)) == ("", 1)


def test_what_somebody_else_left_is_applied_on_what_is_there_now() -> None:
    there = There(0, somebody_applied(1), applies)
    assert there.go() == ""
    assert there.told[1] == f"a dump first, then 1 pending: {SECOND}"
    assert there.asked == [There(0).target().digest, There(1).target().digest]


def test_a_ledger_that_never_rests_ends_it() -> None:
    there = There(0, somebody_applied(1), somebody_applied(0), somebody_applied(1))
    assert there.go() == "the ledger changes all the time: who else migrates this database?"
    assert there.runs == []


def test_a_runner_is_not_believed() -> None:
    there = There(1, does_nothing)
    assert there.go() == (
        f"the migrations reported success, but the ledger does not have: {SECOND}"
    )


def test_a_failed_run_says_what_it_left_and_what_serves() -> None:
    def fails(there: There) -> str:
        raise HostError("could not create unique index")

    printed = There(1, fails).go()
    assert printed.splitlines() == [
        "could not create unique index",
        "it left nothing behind: the schema is as it was before",
        "nothing is live yet",
    ]


def test_a_failed_rehearsal_names_what_is_new() -> None:
    def run_remote(host: Host, command: str) -> list[str]:
        if "end-rehearsal" in command:
            return []
        raise HostError("scratch local\njob migration failed: division by zero")

    gate = There(1).gate
    with (
        patch("higuera.operations.gate.run_remote", run_remote),
        pytest.raises(DatabaseError) as raised,
    ):
        gate.rehearse(fake_host())
    assert str(raised.value).splitlines() == [
        "migration failed: division by zero",
        f"the migrations fail on an empty database (new to the target: {SECOND}); "
        "the target was not touched",
    ]


class TestWhatOnlyASnapshotTells:
    """A release whose migrations found no empty database: tables and columns of it are known."""

    WHOLE = Catalog(
        {
            "schema public": {},
            "table public.forms": {},
            "column public.forms.title": {"type": "text"},
            "index public.i": {"definition": "CREATE INDEX i ON public.forms USING btree (title)"},
        },
        "15.18",
    )
    SNAPSHOT = Catalog(
        {"table public.forms": {}, "column public.forms.title": {"type": "text"}}, ""
    )
    LESS = Catalog({"schema public": {}, "table public.forms": {}}, "15.18")

    @pytest.mark.parametrize(("coming", "verdict"), [(WHOLE, "fits"), (LESS, "does not fit")])
    def test_the_live_release_is_held_against_what_comes(
        self, coming: Catalog, verdict: str
    ) -> None:
        gate = There(2).gate
        gate.recorded, gate.expected = self.SNAPSHOT, Expected(coming, "here")
        found = gate.fit()
        assert found is not None
        assert (found.verdict, found.is_partial) == (verdict, True)

    def test_nothing_is_known_of_what_comes(self) -> None:
        gate = There(2).gate
        gate.recorded, gate.expected = self.WHOLE, Expected(self.SNAPSHOT, PARTIAL, True)
        assert gate.fit() is None
        assert gate.fit_left() == ["not known"]

    @pytest.mark.parametrize(
        ("coming", "no_way_back", "left"),
        [
            (WHOLE, False, "fits"),
            (LESS, False, "does not fit column public.forms.title is gone"),
            (WHOLE, True, "does not fit it failed on this schema, and was left with no way back"),
            (LESS, True, "does not fit column public.forms.title is gone"),
        ],
    )
    def test_what_a_rollback_by_hand_will_know(
        self, coming: Catalog, no_way_back: bool, left: str
    ) -> None:
        gate = There(2).gate
        gate.recorded, gate.expected = self.SNAPSHOT, Expected(coming, "here")
        gate.no_way_back = no_way_back
        assert " ".join(gate.fit_left()) == left

    @pytest.mark.parametrize(("now", "state"), [(WHOLE, "equal"), (LESS, "drift")])
    def test_a_plan_says_that_it_is_a_part(self, now: Catalog, state: str) -> None:
        there = There(2)
        target = replace(there.target(), catalog=now)
        refusals: list[str] = []
        seen: Any = SimpleNamespace(outlook=OutlookState(target, self.SNAPSHOT))
        found = target_now(there.gate, seen, refusals)
        assert (found.state, refusals) == (state, [])
        assert found.why == "what it was last proven equal to (partial: tables and columns only)"


@pytest.mark.parametrize(
    ("text", "ledger", "refused"),
    [
        (
            "select 1;\nselec 2;\n",
            "drizzle",
            [f"{SECOND}.sql:2: PostgreSQL's parser: syntax error"],
        ),
        ("\\set x 1\nselect 1;\n", "sql", []),
        ("select 1;\n", "drizzle", []),
    ],
)
def test_a_plan_refuses_what_no_postgresql_can_read(
    tmp_path: Path, text: str, ledger: Any, refused: list[str]
) -> None:
    folder = "examples/forms/apps/backend/drizzle"
    shutil.copytree(PROJECT / folder, tmp_path / folder)
    (tmp_path / "inventory").mkdir()
    (tmp_path / folder / f"{SECOND}.sql").write_text(text)
    there = There(0, project=tmp_path)
    target = there.target()
    there.gate.migrate = there.gate.migrate.model_copy(update={"ledger": ledger})
    refusals: list[str] = []
    target_now(there.gate, cast(Any, SimpleNamespace(outlook=OutlookState(target))), refusals)
    told = [sentence.removeprefix("apps/backend/drizzle/") for sentence in refusals]
    assert [sentence.partition(" at or")[0] for sentence in told] == refused
