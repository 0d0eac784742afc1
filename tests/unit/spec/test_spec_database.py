"""A PostgreSQL URL is taken apart exactly, and no error or text holds it or its password."""

import traceback
from datetime import date, datetime
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from higuera.errors import SecretError
from higuera.spec.database import Accepted, Database, PostgresUrl, parse_postgres_url

NAME = "DATABASE_URL3"
WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
HOST = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z0-9]{1,8}){0,2}", fullmatch=True)


@given(user=WORD, password=WORD, host=HOST, port=st.integers(1, 65535), database=WORD)
@example(user="a:b@c/d", password="p@:/?#[]%25 é\n\0", host="127.0.0.1", port=1, database="/d?x")
def test_wild_parts_round_trip(
    user: str, password: str, host: str, port: int, database: str
) -> None:
    assume(not database.startswith("/"))
    url = "postgresql://{}:{}@{}:{}/{}".format(
        quote(user, safe=""), quote(password, safe=""), host, port, quote(database, safe="")
    )
    found = parse_postgres_url(NAME, url)
    assert found == PostgresUrl(user, password, host, port, database)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p@h/d", PostgresUrl("u", "p", "h", 5432, "d")),
        (
            "postgresql://u:p@h:6432/d?sslmode=require",
            PostgresUrl("u", "p", "h", 6432, "d", (("sslmode", "require"),)),
        ),
        ("postgresql://u:p@[::1]:1/d", PostgresUrl("u", "p", "::1", 1, "d")),
    ],
)
def test_forms(url: str, expected: PostgresUrl) -> None:
    assert parse_postgres_url(NAME, url) == expected


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://u:canary@h/d", "should start with postgresql://"),
        ("canary", "should start with postgresql://"),
        ("postgresql://:canary@h/d", "names no user"),
        ("postgresql://canary@h/d", "names no password"),
        ("postgresql://canary:@h/d", "names no password"),
        ("postgresql://u:canary@/d", "names no host"),
        ("postgresql://u:canary@h", "names no database name"),
        ("postgresql://u:canary@h/", "names no database name"),
        ("postgresql://u:canary@h:port/d", "is not a URL that can be read"),
        ("postgresql://u:canary@h:99999/d", "is not a URL that can be read"),
        ("postgresql://u:canary@[h/d", "is not a URL that can be read"),
        ("postgresql://u:canary/x@h/d", "is not a URL that can be read"),
        ("postgresql://u:canary\u2100@h/d", "is not a URL that can be read"),
    ],
)
def test_fault_names_the_secret_and_never_shows_it(url: str, sentence: str) -> None:
    with pytest.raises(SecretError) as raised:
        parse_postgres_url(NAME, url)
    assert str(raised.value).startswith(f"{NAME}: {sentence}")
    assert "canary" not in "".join(traceback.format_exception(raised.value))


@given(
    before=st.sampled_from(["", "postgresql:", "postgresql://", "postgres://u:", "mysql://u:"]),
    noise=st.text(max_size=20),
    after=st.sampled_from(["", "@", "@h", "@h:x/d", "@[h/d", "@h:-1/d", "/d"]),
)
def test_any_text_is_parsed_or_refused_without_showing_it(
    before: str, noise: str, after: str
) -> None:
    secret = f"ЖЩ{noise}ЖЩ"  # letters that no sentence of ours uses
    try:
        found = parse_postgres_url(NAME, f"{before}{secret}{after}")
    except SecretError as error:
        assert "ЖЩ" not in "".join(traceback.format_exception(error))
        assert str(error).startswith(f"{NAME}: ")
    else:
        assert isinstance(found.port, int)


def test_text_of_the_parts_holds_no_password() -> None:
    found = parse_postgres_url(NAME, "postgresql://u:canary@h/d")
    assert found.password == "canary"
    for text in (str(found), repr(found), f"{found}", repr([found])):
        assert "canary" not in text
        assert "u@h:5432/d" in text


def test_jobs_in_the_order_they_run() -> None:
    job = {"service": "web", "command": "x"}
    database = Database.model_validate({"url": NAME, "seed": job, "migrate": job})
    assert [key for key, _ in database.jobs()] == ["migrate", "seed"]
    assert Database.model_validate({"url": NAME}).jobs() == []


ACCEPTED = {"object": "table public.old", "owner": "data", "reason": "leaves in May"}


@pytest.mark.parametrize("until", [date(2027, 5, 31), "2027-05-31"])
def test_accepted_drift_has_a_last_day(until: object) -> None:
    found = Accepted.model_validate({**ACCEPTED, "until": until})
    assert (found.until, found.object) == (date(2027, 5, 31), "table public.old")


@pytest.mark.parametrize("until", ["soon", "", 20270531, None, True, datetime(2027, 5, 31)])
def test_what_is_no_day_is_refused(until: object) -> None:
    with pytest.raises(ValidationError, match="should be a day such as 2027-01-31"):
        Accepted.model_validate({**ACCEPTED, "until": until})


@pytest.mark.parametrize("key", [*ACCEPTED, "until"])
def test_accepted_drift_is_owned_and_explained(key: str) -> None:
    whole = {**ACCEPTED, "until": "2027-05-31"}
    with pytest.raises(ValidationError):
        Accepted.model_validate({name: value for name, value in whole.items() if name != key})
    with pytest.raises(ValidationError):
        Accepted.model_validate({**whole, key: "  "})
