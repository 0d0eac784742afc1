"""Single questions of host.sh, each with something real to find; and lines that nobody expects."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from doctor_facts import LINES
from hypothesis import given
from hypothesis import strategies as st

from higuera.doctor.host import HostState, clocks, parse_host

SHELLCHECK = Path(sys.executable).with_name("shellcheck")
TEXT = files("higuera.doctor").joinpath("host.sh").read_text()
GIVEN = "app=forms\ntool=/nowhere\nstate=/nowhere\npackages='nginx curl'\nquestion=\n"


def ask(text: str = TEXT, before: str = GIVEN) -> HostState:
    done = subprocess.run(["sh", "-c", before + text], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return parse_host(done.stdout.splitlines())


def test_is_clean_shell() -> None:
    # 2086: a list of packages is taken apart on purpose.
    done = subprocess.run(
        [SHELLCHECK, "--shell=sh", "--exclude=SC2086", "-"],
        input=GIVEN + TEXT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""


def looking_at(path: Path) -> str:
    """The script with one lock to look for, and none of this machine's own apt."""
    text = TEXT.replace("/var/lib/dpkg/lock*", str(path))
    for own in ("/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock"):
        text = text.replace(own, f"{path}.none")
    return text


@contextmanager
def locking(path: Path, how: str) -> Iterator[int]:
    """Another process that holds a lock, as apt (fcntl) or as flock(1)."""
    program = (
        "import fcntl, sys; f = open(sys.argv[1], 'w'); "
        f"fcntl.{how}(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.stdin.close()


@pytest.mark.parametrize("how", ["lockf", "flock"])
def test_who_holds_a_lock(tmp_path: Path, how: str) -> None:
    """Both kinds of lock, by process, age and command; whoever has the file only open does not."""
    path = tmp_path / "lock-frontend"
    text = looking_at(path)
    path.touch()
    with path.open():
        assert ask(text).apt_locks == ()
        with locking(path, how) as process:
            (lock,) = ask(text).apt_locks
            assert (lock.file, lock.process) == (str(path), process)
            assert 0 <= lock.age < 60
            assert "python" in lock.command
    assert ask(text).apt_locks == ()


def test_a_lock_of_this_process(tmp_path: Path) -> None:
    path = tmp_path / "lock-frontend"
    with path.open("w") as handle:
        fcntl.lockf(handle, fcntl.LOCK_EX)
        (lock,) = ask(looking_at(path)).apt_locks
    assert lock.process == os.getpid()


def test_certificates(tmp_path: Path) -> None:
    """In quotes, relative, twice, with a variable, unreadable: what `openssl` says of each."""
    nginx = tmp_path / "nginx"
    (nginx / "conf.d").mkdir(parents=True)
    for name, days in (("good", 60), ("soon", 3)):
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
                *("ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a.test"),
                *("-keyout", "/dev/null", "-out", str(nginx / f"{name}.pem"), "-days", str(days)),
            ],
            capture_output=True,
            check=True,
        )
    (nginx / "nginx.conf").write_text("# ssl_certificate no.pem;\n ssl_certificate 'good.pem';\n")
    (nginx / "conf.d" / "a.conf").write_text(
        f'server {{\n  ssl_certificate "{nginx}/soon.pem"; # x\n  ssl_certificate /none.pem;\n'
        f"  ssl_certificate_key {nginx}/key.pem;\n  ssl_certificate $variable;\n}}\n"
    )
    found = ask(TEXT.replace("/etc/nginx", str(nginx))).certificates
    left = {
        Path(file).name: round((ends - time.time()) / 86400) if ends else None
        for file, ends in found.items()
    }
    assert left == {"good.pem": 60, "soon.pem": 3, "none.pem": None}


def test_a_certificate_that_a_symlink_names(tmp_path: Path) -> None:
    for name, days in (("acme-0", 60), ("stand-in-0", 397)):
        pair = tmp_path / "ssl" / name / "pairs" / name
        pair.mkdir(parents=True)
        (tmp_path / "ssl" / name / "shown" / name).mkdir(parents=True)
        (tmp_path / "ssl" / name / "current").symlink_to(f"shown/{name}")
        words = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=a"]
        words += ["-keyout", "/dev/null", "-out", f"{pair}/fullchain.pem", "-days", str(days)]
        subprocess.run(words, capture_output=True, check=True)
    found = ask(TEXT.replace("/etc/ssl/higuera", f"{tmp_path}/ssl")).certificates
    (ends,) = (found[file] for file in found if file.startswith(str(tmp_path)))
    assert list(found) == [f"{tmp_path}/ssl/acme-0"]  # a stand-in is judged by its name
    assert ends is not None and ends - time.time() > 59 * 86400


def test_a_reboot_and_a_tool(tmp_path: Path) -> None:
    marker = tmp_path / "reboot-required"
    text = TEXT.replace("/run/reboot-required", str(marker))
    assert ask(text).reboot is None
    marker.touch()
    assert ask(text).reboot == ""
    marker.with_name("reboot-required.pkgs").write_text("libc6\nlinux\nlibc6\n")
    assert ask(text).reboot == "libc6 linux"
    tool = tmp_path / "tool"
    tool.write_text('#!/bin/sh\ncase $1 in status) echo \'{"app": "x"}\' ;; sql) cat ;; esac\n')
    tool.chmod(0o755)
    given = GIVEN.replace("tool=/nowhere", f"tool={tool}")
    state = ask(text, given.replace("question=", "question='role a on b'"))
    assert len(state.tool) == 64
    if os.getuid() == 0:
        assert state.status == {"app": "x"}
        assert state.database == ("role a on b",)


def test_it_listens(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as line:
        port = line.getsockname()[1]
        (listener,) = (found for found in ask().listeners if found.port == port)
    assert listener.process == os.getpid()
    assert listener.name


WILD = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.builds(
            lambda line, cut, more: line[:cut] + more,
            st.sampled_from(LINES),
            st.integers(0, 60),
            st.text(max_size=10),
        ),
    )
)


@given(WILD)
def test_no_line_is_too_odd(lines: list[str]) -> None:
    parse_host(lines)
    clocks(lines)


def test_every_answer_is_read() -> None:
    state = parse_host(LINES)
    assert state.packages["nginx"] == "1.2-3" and state.clients == (15,)
    assert state.space["/srv"] == (20000000, 9000000)
    assert state.addresses == {"192.0.2.7", "2001:db8::7"}
    assert state.status is not None and state.status["app"] == "forms"
