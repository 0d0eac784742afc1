"""What is quoted is read back as it was, by the programs that read it."""

import errno
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nginx_prefix import serving_nginx
from systemd_reader import RefusedError, Systemd

from higuera.render.quoting import env_file, nginx_quote, shell_quote, unit_command, unit_value

NUL = "\0"
NONCHARACTERS = [chr(code) for code in range(0xFDD0, 0xFDF0)]
NONCHARACTERS += [chr(plane * 0x10000 + low) for plane in range(17) for low in (0xFFFE, 0xFFFF)]
WILD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[NUL, *NONCHARACTERS])
) | st.text(st.sampled_from("\"'\\`$%{}n x\n\t;#=!*~é€"), max_size=12)
NAME = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
MANY = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def systemd() -> Systemd:
    return Systemd()


@MANY
@given(st.lists(WILD, min_size=1, max_size=5))
@example(["", "a b", "$(id)", "`id`", "'", '"', "\\", "\n", "-n", "é\n", "!", "*", "~"])
def test_shell_reads_back(values: list[str]) -> None:
    script = "printf '%s\\0' " + " ".join(shell_quote(value) for value in values)
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split(NUL)[:-1] == values


@MANY
@given(st.dictionaries(NAME, WILD, max_size=4))
@example(
    {"A": 'x"y', "B": "a\\", "C": "$HOME `id`", "D": "\\n", "E": "a\nB=c\n#", "F": "\r\x1b\x7f"}
)
@example({"A": " leading and trailing ", "B": "", "C": "'", "D": '\\"', "E": "\\\\", "F": ";#"})
def test_systemd_reads_the_env_file_back(
    systemd: Systemd, tmp_path: Path, values: dict[str, str]
) -> None:
    assert systemd.env_file(tmp_path / "env", env_file(values)) == values


@MANY
@given(st.dictionaries(NAME, WILD, max_size=4))
def test_env_file_is_the_same_in_any_order(values: dict[str, str]) -> None:
    assert env_file(values) == env_file(dict(reversed(values.items())))


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("a\0b", errno.EBADMSG),
        ("a\ufffeb", errno.EINVAL),
        ("a\ufdd0b", errno.EINVAL),
        ("a\U0010ffffb", errno.EINVAL),
        ("a\udcffb", errno.EINVAL),  # a byte of the process environment that is not UTF-8
    ],
)
def test_systemd_refuses_the_whole_env_file(
    systemd: Systemd, tmp_path: Path, value: str, error: int
) -> None:
    """A fact to build on: with one of these in a secret, the service does not start."""
    with pytest.raises(RefusedError) as raised:
        systemd.env_file(tmp_path / "env", env_file({"A": "fine", "B": value}))
    assert raised.value.args == (error,)


@MANY
@given(NAME, WILD)
@example("A", '%h %% %i "x" \\n \\x41 \\')
def test_systemd_reads_an_assignment_back(systemd: Systemd, name: str, value: str) -> None:
    assert systemd.environment(unit_value(f"{name}={value}")) == [f"{name}={value}"]


@MANY
@given(WILD)
@example("node 'a b.js' \"$HOME\" ${X} $$ %n %% \\ ; echo `id`")
@example("; x")
@example("a\rExecStartPre=/bin/false\n[Install]")
@example("$")
def test_systemd_reads_a_command_back(systemd: Systemd, command: str) -> None:
    line = f"/bin/sh -c {unit_command(command)}"
    assert systemd.command(line) == ["/bin/sh", "-c", command]


@MANY
@given(WILD)
def test_a_unit_value_is_one_line(value: str) -> None:
    assert not re.search("[\n\r]", unit_value(value) + unit_command(value))


def test_nginx_reads_back(tmp_path: Path) -> None:
    values = ["", "a b", '"', "'", "\\", "\\\\n", "\\n", "; }", "#", "{", "é€", "\n", "\t", '\\"']
    locations = [
        f"location = /{number} {{ return 200 {nginx_quote(value)}; }}"
        for number, value in enumerate(values)
    ]
    with serving_nginx(tmp_path, "\n".join(locations)) as get:
        assert [get(f"/{number}") for number in range(len(values))] == values
