"""Whatever a schema is and however it drifted: `pg_dump -s` and compare() see the same."""

from collections.abc import Iterator

import pytest
from database_random import Table, drifts, schemas, sql_of
from database_scratch import Scratch, scratch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from higuera.database.parity import compare, describe

BOUNDED = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def ground() -> Iterator[Scratch]:
    with scratch() as ground:
        yield ground


@BOUNDED
@given(data=st.data())
def test_drift_is_seen_when_the_oracle_sees_it(ground: Scratch, data: st.DataObject) -> None:
    schema = data.draw(schemas())
    drift = data.draw(drifts(schema))
    with ground.database(sql_of(schema), "template0") as one, ground.database("", one) as two:
        ground.server.sql(drift, two)
        expected, actual = ground.catalog(one), ground.catalog(two)
        found = compare(expected, actual)
        assert bool(found) == (ground.dump(one) != ground.dump(two)), describe(found)
        assert len({each.object for each in found}) == len(found)
        changes = {(each.object, each.change) for each in compare(actual, expected)}
        turned = {"missing": "extra", "extra": "missing", "differs": "differs"}
        assert changes == {(each.object, turned[each.change]) for each in found}
        if all(each.mend for each in found):
            ground.server.sql("\n".join(each.mend for each in found), two)
            assert compare(expected, ground.catalog(two)) == []


@settings(BOUNDED, max_examples=5)
@given(schema=schemas())
def test_a_restored_dump_is_the_same(ground: Scratch, schema: list[Table]) -> None:
    with (
        ground.database(sql_of(schema), "template0") as one,
        ground.database(ground.dump(one), "template0") as two,
    ):
        expected, actual = ground.catalog(one), ground.catalog(two)
        assert compare(expected, actual) == []
        assert expected.fingerprint == actual.fingerprint
