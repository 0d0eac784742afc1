"""Each mutation of the base schema is named exactly, by the oracle of `pg_dump -s`, and mended."""

from collections.abc import Iterator

import pytest
from database_mutations import Mutation, mutations
from database_scratch import Scratch, scratch

from higuera.database.catalog import Catalog
from higuera.database.parity import compare, describe


@pytest.fixture(scope="module")
def ground() -> Iterator[Scratch]:
    with scratch() as ground:
        yield ground


@pytest.fixture(scope="module")
def expected(ground: Scratch) -> Catalog:
    return ground.catalog("base")


@pytest.fixture(scope="module")
def dumped(ground: Scratch) -> str:
    return ground.dump("base")


@pytest.mark.parametrize("mutation", mutations(), ids=lambda mutation: mutation.name)
def test_a_mutation(ground: Scratch, expected: Catalog, dumped: str, mutation: Mutation) -> None:
    with ground.database(mutation.sql) as name:
        actual = ground.catalog(name)
        found = compare(expected, actual)
        assert {each.object: each.change for each in found} == mutation.expected
        assert len(found) == len(mutation.expected)
        assert ground.dump(name) != dumped, "the oracle sees nothing"
        lines = describe(found)
        assert all(any(key in line for line in lines) for key in mutation.expected)
        mends = [each.mend for each in found]
        assert all(mends) == mutation.mends, mends
        if mutation.mends:
            ground.server.sql("\n".join(mends), name)
            again = ground.catalog(name)
            assert compare(expected, again) == []
            assert again.fingerprint == expected.fingerprint


def test_there_are_enough() -> None:
    names = [mutation.name for mutation in mutations()]
    assert len(names) >= 150
    assert len(set(names)) == len(names)
