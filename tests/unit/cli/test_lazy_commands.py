"""The command line as a whole: what is typed wrong is never taken for an answer."""

import pytest
from typer.testing import CliRunner

from higuera.cli.main import app


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["plan", "--bogus"], 1),
        (["plan", "--format", "pdf"], 1),
        (["plan", "a", "b"], 1),
        (["drift", "--bogus"], 1),
        (["audit", "--bogus"], 1),
        (["migrations", "check", "--bogus"], 1),
        (["smoke", "--bogus"], 2),
    ],
)
def test_a_usage_error_is_no_finding(words: list[str], status: int) -> None:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == status
    assert "Usage: " in done.output
