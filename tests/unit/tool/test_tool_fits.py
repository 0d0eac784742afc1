"""rollback looks at what each deploy left behind: does the release before it fit the schema?"""

import pytest
from tool_host import History, ToolHost, history_of


@pytest.fixture
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return history_of(tmp_path_factory.getbasetemp())


@pytest.fixture
def host(history: History) -> ToolHost:
    """r1 to r4, of which r4 is live."""
    return history.after(4)


NOT_COMPARED = "whether release r3 fits the schema of now was not compared here"


def left(host: ToolHost, release: str, verdict: str) -> None:
    """The deploy after a release wrote whether that fits."""
    (host.releases / release / "fit").write_text(f"{verdict}\ncolumn forms.title is gone\n")


@pytest.mark.parametrize(
    ("unfit", "target", "is_refused"),
    [
        ("r3", "r3", True),
        ("r3", "r2", True),  # on the way back to r2, the same schema
        ("r2", "r2", True),
        ("r2", "r3", False),  # what happened before r3 is what r3 was made for
        ("r1", "r3", False),
        ("r4", "r3", False),  # written by a deploy that was taken back
    ],
)
def test_on_the_way_back(host: ToolHost, unfit: str, target: str, is_refused: bool) -> None:
    left(host, unfit, "does not fit")
    done = host.try_to("rollback", target)
    if is_refused:
        assert done.returncode == 1
        assert done.stderr.splitlines()[-2:] == [
            "column forms.title is gone",
            f"higuera-forms: release {target} does not fit the schema of now; nothing was "
            "rolled back (rollback --force does it all the same)",
        ]
        assert host.serves("api") == "backend r4"
    else:
        assert done.returncode == 0
        assert host.serves("api") == f"backend {target}"


def test_the_last_good_one_is_looked_at_where_none_is_named(host: ToolHost) -> None:
    left(host, "r3", "does not fit")
    done = host.try_to("rollback")
    assert (done.returncode, "release r3 does not fit" in done.stderr) == (1, True)


def test_by_force_it_says_why_and_goes(host: ToolHost) -> None:
    left(host, "r3", "does not fit")
    done = host.try_to("rollback", "--force")
    assert done.returncode == 0
    assert "column forms.title is gone" in done.stderr
    assert host.serves("api") == "backend r3"


@pytest.mark.parametrize("verdict", ["fits", "differs"])
def test_what_fits_or_differs_goes(host: ToolHost, verdict: str) -> None:
    left(host, "r3", verdict)
    done = host.try_to("rollback")
    assert done.returncode == 0
    assert f"\n{NOT_COMPARED} (by what the deploys since found, it does): " in done.stderr
    assert host.serves("api") == "backend r3"


@pytest.mark.parametrize("unknown", ["not known", ""])
def test_what_nobody_knows_is_said_to_be_unknown(host: ToolHost, unknown: str) -> None:
    if unknown:
        left(host, "r3", unknown)
    done = host.try_to("rollback")
    assert done.returncode == 0
    assert f"\n{NOT_COMPARED}: higuera rollback compares\n" in done.stderr
