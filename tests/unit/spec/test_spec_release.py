"""Ids of releases and the times in them, told as ages."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higuera.spec.release import ago, made, moment, release_id

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1), max_value=datetime(9998, 1, 1), timezones=st.just(UTC)
)


@given(now=MOMENTS, hours=st.integers(-14, 14), commit=st.from_regex("[0-9a-f]{7}", fullmatch=True))
def test_an_id_says_when_it_was_made(now: datetime, hours: int, commit: str) -> None:
    """Wherever the deployer's clock stands: ids are in UTC."""
    there = now.astimezone(timezone(timedelta(hours=hours)))
    assert release_id(there, commit) == release_id(now, commit)
    assert made(release_id(there, commit)) == now.replace(microsecond=0)


@pytest.mark.parametrize("stamp", ["20261123T120000Z", "2026-11-23T12:00:00Z"])
def test_both_ways_of_writing_a_moment(stamp: str) -> None:
    assert moment(stamp) == NOON


@pytest.mark.parametrize(
    "stamp",
    ["", "r1", "20261323T120000Z", "2026-11-23", "20261123T120000", " 20261123T120000Z", "1732"],
)
def test_what_is_no_moment(stamp: str) -> None:
    assert moment(stamp) is None


@given(text=st.one_of(st.text(), st.from_regex(r"[0-9-]{6,10}T[0-9:]{4,8}Z(-.*)?")))
def test_an_id_may_be_anything(text: str) -> None:
    """A release may have been named by hand."""
    for found in (made(text), moment(text)):
        assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(), "0 s ago"),
        (timedelta(seconds=119), "119 s ago"),
        (timedelta(minutes=2), "2 min ago"),
        (timedelta(minutes=119, seconds=59), "119 min ago"),
        (timedelta(hours=2), "2 h ago"),
        (timedelta(hours=47, minutes=59), "47 h ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=400), "400 days ago"),
        (-timedelta(hours=1), "0 s ago"),
    ],
)
def test_an_age(age: timedelta, told: str) -> None:
    assert ago(NOON - age, NOON) == told


def test_an_age_that_is_not_known() -> None:
    assert ago(None, NOON) == "at an unknown time"


@given(then=MOMENTS, now=MOMENTS)
def test_an_age_is_never_told_too_old(then: datetime, now: datetime) -> None:
    number, unit, _ = ago(then, now).split()
    seconds = int(number) * {"s": 1, "min": 60, "h": 3600, "days": 86400}[unit]
    age = max((now - then).total_seconds(), 0)
    assert age / 2 < seconds + 1 and seconds <= age + 0.5
