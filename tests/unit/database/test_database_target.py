"""What the host prints of the target becomes a value, or is refused; drift is told from that."""

import hashlib
import json
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from postgres_server import postgres

from higuera.database.catalog import Catalog
from higuera.database.drift import (
    Standing,
    drift_of,
    drift_report,
    format_drift,
    parse_standing,
)
from higuera.database.target import SOURCES, Target, parse_target, questions, refuse
from higuera.errors import DatabaseError
from higuera.spec.database import Accepted, Migrate
from higuera.spec.release import Manifest, Schema

CATALOG = Catalog(
    {"table public.forms": {}, "column public.forms.id": {"type": "integer"}}, "15.18"
)
LESS = Catalog({"table public.forms": {}}, "15.18")
LINES = [
    "told the migration of release r1, whose deploy went away, succeeded",
    *("client 15.18", "free 20480", "server 150018", "size 7000", "readonly false", "creates true"),
    *("role app on forms", "ledger", '[{"hash": "a"}]', f"catalog {CATALOG.to_json()}"),
]


def test_a_whole_answer() -> None:
    assert parse_target(LINES) == Target(
        catalog=CATALOG,
        server=150018,
        client=15,
        size=7000,
        free=20480,
        is_read_only=False,
        may_create=True,
        role="app on forms",
        ledger='[{"hash": "a"}]',
        told=("the migration of release r1, whose deploy went away, succeeded",),
    )


@pytest.mark.parametrize(
    "key", ["client", "free", "server", "size", "readonly", "creates", "role", "catalog"]
)
def test_half_an_answer_is_none(key: str) -> None:
    lines = [line for line in LINES if not line.startswith(f"{key} ")]
    with pytest.raises(DatabaseError, match=f"no whole answer: '{key}' is missing"):
        parse_target(lines)


def test_no_ledger_is_no_rows_and_the_digest_of_nothing() -> None:
    found = parse_target([line for line in LINES if not line.startswith("[")])
    assert (found.rows, found.ledger) == ([], "")
    assert found.digest == hashlib.sha256(b"").hexdigest()
    whole = parse_target(LINES)
    assert whole.rows == [{"hash": "a"}]
    assert whole.digest == hashlib.sha256(b'[{"hash": "a"}]\n').hexdigest()  # as psql prints it


@given(
    lines=st.lists(
        st.one_of(
            st.text(),
            st.sampled_from(LINES),
            st.builds(
                "{} {}".format,
                st.sampled_from(["server", "client", "catalog", "size", "ledger"]),
                st.text(),
            ),
        )
    )
)
def test_wild_lines_are_an_answer_or_a_fault_of_ours(lines: list[str]) -> None:
    with suppress(DatabaseError):
        assert isinstance(parse_target(lines), Target)


def target(**changes: Any) -> Target:
    return Target(**{**vars(parse_target(LINES)), **changes})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"is_read_only": True},
            "app on forms: is read-only (a replica?); migrations need the primary",
        ),
        ({"may_create": False}, "app on forms: may create nothing; grant create on the database"),
        (
            {"client": 14},
            "has PostgreSQL programs of version 14, the server is 15: an older pg_dump",
        ),
        ({"server": 160001}, "install postgresql-client-16 (apt.postgresql.org)"),
    ],
)
def test_what_cannot_go_well_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        refuse(target(**changes), dumps=True)
    assert sentence in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_all_faults_at_once_and_none_where_there_is_none() -> None:
    refuse(target(), dumps=True)
    refuse(target(client=17), dumps=True)
    with pytest.raises(DatabaseError) as raised:
        refuse(target(is_read_only=True, may_create=False, client=9), dumps=True)
    assert len(str(raised.value).splitlines()) == 3


def test_without_a_dump_its_room_and_its_tools_do_not_matter() -> None:
    refuse(target(client=9, free=1, size=2), dumps=False)
    with pytest.raises(DatabaseError, match="MiB of disk free where dumps go"):
        refuse(target(free=1, size=2), dumps=True)


def test_who_may_create_something() -> None:
    """The ledger's own schema, which its tool made, is not enough for a migration."""
    data = {"service": "backend", "command": "b", "files": "f", "ledger": "drizzle"}
    question = questions(Migrate.model_validate(data))["target"]
    with postgres() as server:
        server.sql("create role app; create schema drizzle authorization app")

        def may_create() -> bool:
            lines = server.sql(f"set role app; {question}").splitlines()
            return parse_target([*LINES, *lines]).may_create

        assert not may_create()
        for where in ("database postgres", "schema public"):
            server.sql(f"grant create on {where} to app")
            assert may_create()
            server.sql(f"revoke create on {where} from app")
        assert not may_create()
        server.sql("create schema own authorization app")
        assert may_create()


def manifest(database: Schema | None) -> str:
    found = Manifest(id="r1", app="forms", created="", commit="", services={}, database=database)
    return f"manifest {found.model_dump_json()}"


def schema(**changes: Any) -> Schema:
    return Schema.model_validate(
        {"fingerprint": "", "source": "here", "server": "", "migrations": {}, **changes}
    )


STANDS = f"catalog {LESS.to_json()}"
RECORDED = f"recorded {CATALOG.to_json()}"


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([manifest(schema()), RECORDED, STANDS], Standing("r1", LESS, CATALOG, "here")),
        (
            [manifest(schema(is_partial=True)), RECORDED, STANDS],
            Standing("r1", LESS, CATALOG, "here", True),
        ),
        ([manifest(None), RECORDED, STANDS], Standing("r1", LESS, None)),
        ([manifest(schema()), STANDS], Standing("r1", LESS, None)),
        (
            [manifest(schema()), "scratch server", RECORDED, STANDS],
            Standing("r1", LESS, CATALOG, SOURCES["server"]),
        ),
        (
            [manifest(None), "scratch url", RECORDED, STANDS],
            Standing("r1", LESS, CATALOG, SOURCES["url"]),
        ),
        ([manifest(None), "scratch none", STANDS], Standing("r1", LESS, None)),
        (
            [manifest(schema()), f"recorded {Catalog(CATALOG.objects, '14.1').to_json()}", STANDS],
            Standing("r1", LESS, None),
        ),
    ],
)
def test_standing(lines: list[str], wanted: Standing) -> None:
    assert parse_standing(lines) == wanted


@pytest.mark.parametrize(
    "lines", [[], [STANDS], ["manifest {}", STANDS], [manifest(schema())], ["catalog x"]]
)
def test_half_a_standing_is_none(lines: list[str]) -> None:
    with pytest.raises(DatabaseError):
        parse_standing(lines)


@given(
    lines=st.lists(
        st.one_of(
            st.text(),
            st.sampled_from([STANDS, RECORDED, manifest(schema())]),
            st.builds(
                "{} {}".format, st.sampled_from(["manifest", "recorded", "catalog"]), st.text()
            ),
        )
    )
)
def test_wild_standing_is_one_or_a_fault_of_ours(lines: list[str]) -> None:
    with suppress(DatabaseError):
        assert parse_standing(lines).release == "r1"


TODAY = date(2026, 11, 23)
GONE = "column public.forms.id"


def entry(until: date, name: str = GONE) -> Accepted:
    return Accepted(object=name, owner="data", reason="known", until=until)


def test_drift_is_told_to_people_and_programs() -> None:
    found = drift_of(Standing("r1", LESS, CATALOG, "here"), [], TODAY)
    assert not found.is_equal
    lines = format_drift(found)
    assert lines[0] == "release r1, whose migrations make: here"
    assert lines[-1] == "1 object drifted"
    assert any(GONE in line for line in lines)
    told = json.loads(drift_report(found).model_dump_json())
    assert (told["equal"], told["release"], told["source"], told["partial"]) == (
        False,
        "r1",
        "here",
        False,
    )
    (one,) = told["drift"]
    assert (one["object"], one["change"], one["actual"]) == (GONE, "missing", None)
    assert one["expected"]


@pytest.mark.parametrize(("until", "is_equal"), [(TODAY, True), (date(2026, 11, 22), False)])
def test_what_is_accepted_counts_until_its_last_day(until: date, is_equal: bool) -> None:
    found = drift_of(Standing("r1", LESS, CATALOG, "here"), [entry(until)], TODAY)
    assert found.is_equal is is_equal
    told = json.loads(drift_report(found).model_dump_json())
    assert [len(told[key]) for key in ("drift", "accepted", "expired")] == (
        [0, 1, 0] if is_equal else [1, 0, 1]
    )
    (kept,) = told["accepted"] or told["expired"]
    owned = {"object": GONE, "owner": "data", "reason": "known", "until": until.isoformat()}
    assert owned.items() <= kept.items()


def test_equal_says_so_and_names_what_is_accepted_for_nothing() -> None:
    found = drift_of(Standing("r1", CATALOG, CATALOG, "here"), [entry(TODAY)], TODAY)
    assert format_drift(found)[1:] == [
        f"database.accept names {GONE}, which does not differ: remove it",
        "the target's schema is equal to it",
    ]
    part = drift_of(Standing("r1", CATALOG, CATALOG, "here", is_partial=True), [], TODAY)
    assert format_drift(part)[-1] == "tables and columns are equal to it"
