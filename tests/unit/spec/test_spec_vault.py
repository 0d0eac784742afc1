"""Encrypted files and commands: the real age, sops and shell."""

import os
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import pytest
from spec_files import ENVIRONMENT, Project, new_project

from higuera.errors import SecretError, SpecError
from higuera.spec.encrypted import age_sealed, decrypt, encrypted_file
from higuera.spec.lookup import Sources, look_up
from higuera.spec.secrets import load_secrets
from higuera.spec.vault import ask_all, program_of

CANARY = "canary-8f3b"
PLAIN = {"PATH": os.environ["PATH"]}
SOPS = Path(sys.executable).parent / "sops"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return new_project(tmp_path, monkeypatch)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path / "key.txt")


def new_key(place: Path) -> Path:
    subprocess.run(["age-keygen", "-o", place], check=True, capture_output=True)
    return place


def public(key: Path) -> str:
    done = subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def seal(file: Path, text: str, key: Path, *options: str) -> Path:
    """What a person does who has the public key."""
    command = ["age", "-r", public(key), *options, "-o", str(file)]
    subprocess.run(command, input=text.encode(), check=True)
    return file


def seal_with_sops(file: Path, text: str, key: Path) -> Path:
    """The same with sops, as the error for a plain file says it."""
    file.write_text(text)
    subprocess.run([SOPS, "--encrypt", "--age", public(key), "-i", file], check=True)
    return file


def with_key(key: Path) -> dict[str, str]:
    path = f"{SOPS.parent}:{os.environ['PATH']}"
    return {**PLAIN, "PATH": path, "SOPS_AGE_KEY_FILE": str(key)}


def fault(file: Path, environ: dict[str, str]) -> str:
    with pytest.raises(SecretError) as raised:
        decrypt(file, environ)
    assert CANARY not in "".join(traceback.format_exception(raised.value))
    return str(raised.value)


# age


@pytest.mark.parametrize("options", [[], ["--armor"]])
def test_age(tmp_path: Path, key: Path, options: list[str]) -> None:
    file = seal(tmp_path / "secrets.x.age", f"A='{CANARY}'\n# c\nB=2\n", key, *options)
    assert CANARY.encode() not in file.read_bytes()
    assert decrypt(file, with_key(key)) == {"A": CANARY, "B": "2"}
    assert decrypt(file, {**PLAIN, "SOPS_AGE_KEY": key.read_text()}) == {"A": CANARY, "B": "2"}


def test_the_usual_place_of_the_key(tmp_path: Path, key: Path) -> None:
    file = seal(tmp_path / "secrets.x.age", "A=1", key)
    usual = tmp_path / "config" / "sops" / "age" / "keys.txt"
    environ = {**PLAIN, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert fault(file, environ) == (
        f"secrets.x.age: the key to it is not at {usual}; put it there or set SOPS_AGE_KEY_FILE "
        "to where it is"
    )
    usual.parent.mkdir(parents=True)
    key.rename(usual)
    assert decrypt(file, environ) == {"A": "1"}


def test_age_that_cannot(tmp_path: Path, key: Path) -> None:
    file = seal(tmp_path / "secrets.x.age", f"A={CANARY}", key)
    wrong = with_key(new_key(tmp_path / "other.txt"))
    assert fault(file, wrong).startswith(
        "secrets.x.age: age failed with 1: age: error: no identity"
    )
    assert (
        fault(file, {**with_key(key), "PATH": "/nowhere"})
        == ("secrets.x.age: age is needed on this machine to use it")
        or os.environ["PATH"]
    )
    file.write_text(f"A={CANARY}")
    assert "secrets.x.age: age failed with 1" in fault(file, with_key(key))
    seal(file, f"A=1\nB='{CANARY}\n", key)
    assert fault(file, with_key(key)).startswith("secrets.x.age:2: should be NAME=value")


def test_nothing_is_in_an_argument_or_on_disk(tmp_path: Path, key: Path) -> None:
    file = seal(tmp_path / "secrets.x.age", f"A={CANARY}", key)
    of_sops = seal_with_sops(tmp_path / "secrets.x.yaml", f"A: {CANARY}\n", key)
    (tmp_path / "to").write_text(public(key))
    vault = tmp_path / "vault"
    vault.write_text(CANARY)
    seen: set[bytes] = set()
    over = threading.Event()

    def sample() -> None:
        while not over.is_set():
            for place in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(place.read_bytes())
                except OSError:
                    continue

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        for _ in range(10):
            decrypt(file, {**PLAIN, "SOPS_AGE_KEY": key.read_text()})
            age_sealed(f"A={CANARY}", tmp_path / "to", False, PLAIN)
            assert answer(f"sleep 0.05; cat {vault}") == CANARY
        decrypt(of_sops, {**with_key(Path("/nowhere")), "SOPS_AGE_KEY": key.read_text()})
    finally:
        over.set()
        thread.join()
    told = b"\n".join(seen)
    assert b"sleep" in told and b"--output-type" in told, "the sampling works"
    assert CANARY.encode() not in told and b"AGE-SECRET-KEY" not in told
    left = [path for path in tmp_path.iterdir() if path not in (key, vault)]
    assert all(CANARY.encode() not in path.read_bytes() for path in left)


def test_two_encrypted_files(tmp_path: Path) -> None:
    assert encrypted_file(tmp_path, "x") is None
    (tmp_path / "secrets.x.json").touch()
    (tmp_path / "secrets.y.age").touch()
    assert encrypted_file(tmp_path, "x") == tmp_path / "secrets.x.json"
    (tmp_path / "secrets.x.age").touch()
    with pytest.raises(SecretError, match=r"^secrets\.x\.age and secrets\.x\.json are both there"):
        encrypted_file(tmp_path, "x")


# sops


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("secrets.x.yaml", f"A: {CANARY}\nB: null\n"),
        ("secrets.x.json", f'{{"A": "{CANARY}", "B": null}}'),
        ("secrets.x.env", f"# c\nA={CANARY}\nB=\n"),
    ],
)
def test_sops(tmp_path: Path, key: Path, name: str, text: str) -> None:
    file = seal_with_sops(tmp_path / name, text, key)
    assert CANARY not in file.read_text()
    assert decrypt(file, with_key(key)) == {"A": CANARY, "B": ""}


def test_sops_that_cannot(tmp_path: Path, key: Path) -> None:
    file = seal_with_sops(tmp_path / "secrets.x.yaml", f"A: {CANARY}\n", key)
    wrong = with_key(new_key(tmp_path / "other.txt"))
    assert fault(file, wrong).startswith("secrets.x.yaml: sops failed with 128: Failed to get the")
    file.write_text(file.read_text().replace("data:", "data:x", 1))
    assert fault(file, with_key(key)).startswith("secrets.x.yaml: sops failed with 25: Error")


@pytest.mark.parametrize("value", [f"{{B: {CANARY}}}", "5432"])
def test_values_of_sops_that_are_no_text(tmp_path: Path, key: Path, value: str) -> None:
    file = seal_with_sops(tmp_path / "secrets.x.yaml", f"A: {value}\n", key)
    assert fault(file, with_key(key)) == "secrets.x.yaml: A: should be text; put it in quotes"


@pytest.mark.parametrize(
    ("printed", "error"),
    [(f'["{CANARY}"]', "should hold names and values"), (CANARY, "sops printed no JSON")],
)
def test_another_program_of_that_name(tmp_path: Path, printed: str, error: str) -> None:
    (tmp_path / "secrets.x.yaml").write_text("sops:\n")
    program = tmp_path / "sops"
    program.write_text(f"#!/bin/sh\necho '{printed}'\n")
    program.chmod(0o755)
    found = fault(tmp_path / "secrets.x.yaml", {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert found == f"secrets.x.yaml: {error}"


def test_a_file_that_nobody_encrypted_is_not_handed_to_sops(tmp_path: Path) -> None:
    file = tmp_path / "secrets.x.yaml"
    file.write_text(f"A: {CANARY}\n")
    assert fault(file, PLAIN) == (
        "secrets.x.yaml: is not encrypted yet; run: sops --encrypt -i secrets.x.yaml"
    )


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "secrets.x.yaml"
    file.write_text("sops:\n")
    told = "secrets.x.yaml: sops is needed on this machine to use it"
    assert fault(file, {"PATH": "/nowhere"}) == told


# Commands


def answer(command: str) -> str:
    answers, failed = ask_all({"A": command}, PLAIN)
    assert failed == {}
    return answers["A"]


@pytest.mark.parametrize(
    ("command", "printed"),
    [
        ("echo a", "a"),
        ("printf 'a\\n\\n'", "a\n"),
        ("printf ' a '", " a "),
        ("printf 'a\\r\\n'", "a"),
        ("printf 'first\\nsecond\\n' | head -n 1", "first"),
        ("cat", ""),  # nobody is there to be asked
    ],
)
def test_an_answer(command: str, printed: str) -> None:
    assert answer(command) == printed


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ("/opt/vault/op-none read x", "`op-none` is not on this machine"),
        (f"TOKEN={CANARY} vault-none kv get x", "`vault-none` is not on this machine"),
        (
            f"false {CANARY}; echo {CANARY}; echo 'not signed in' >&2; exit 3",
            "`false` failed with exit status 3: not signed in",
        ),
        (
            f"true; echo 'a {CANARY}'; echo 'bad: {CANARY}' >&2; exit 3",
            "`true` failed with exit status 3",
        ),
        ("sleep 60 | cat", "`sleep` gave no answer in 0.3 s"),
        ("printf '\\377'", "`printf` printed no UTF-8 text"),
        ("'", "`'` failed with exit status 2: sh: 1: Syntax error: Unterminated quoted string"),
    ],
)
def test_a_command_that_fails(command: str, error: str) -> None:
    started = time.monotonic()
    limit = 0.3 if "sleep" in command else 30.0
    assert ask_all({"A": command}, PLAIN, limit) == ({}, {"A": error})
    assert time.monotonic() - started < 20
    assert CANARY not in error


def test_one_that_hangs_takes_no_other_with_it() -> None:
    answers, failed = ask_all({"A": "sleep 60", "B": "echo b", "C": "echo c"}, PLAIN, 3.0)
    assert answers == {"B": "b", "C": "c"}
    assert failed == {"A": "`sleep` gave no answer in 3 s"}


def test_all_that_a_command_started_ends_with_it(tmp_path: Path) -> None:
    """Also on Ctrl-C, and where the shell itself is gone already."""
    for command in ("sleep 61 & echo $! >pid; wait", "sleep 61 & echo $! >pid"):
        _, failed = ask_all({"A": f"cd {tmp_path}; {command}"}, PLAIN, 3.0)
        assert failed == {"A": "`cd` gave no answer in 3 s"}
        sleeper = Path("/proc") / (tmp_path / "pid").read_text().strip() / "cmdline"
        deadline = time.monotonic() + 20
        while sleeper.exists() and sleeper.read_bytes():  # a zombie has no command line
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_program_of() -> None:
    commands = ["op read x", "/usr/bin/pass a", "A=b C=d bw get", "'my vault' x", "x 'y", "A=b"]
    assert [program_of(command) for command in commands] == [
        "op", "pass", "bw", "my vault", "x", "sh",
    ]  # fmt: skip


# In order


def test_every_source_in_its_order(tmp_path: Path, key: Path) -> None:
    file = tmp_path / ".env.x"
    file.write_text("\nB=file\nA=file\n")
    encrypted = seal(tmp_path / "secrets.x.age", "A=age\nB=age\nC=age\n", key)
    names = ["A", "B", "C", "D"]
    commands = {name: f"echo command >>{tmp_path}/ran; echo {name}" for name in names}
    sources = Sources({**with_key(key), "A": "process"}, file, encrypted, commands)
    found = look_up(names, sources)
    assert found.values == {"A": "process", "B": "file", "C": "age", "D": "D"}
    assert found.origins == {
        "A": "process environment",
        "B": ".env.x:2",
        "C": "secrets.x.age",
        "D": "command echo",
    }
    assert (tmp_path / "ran").read_text().count("command") == 1, "only what is nowhere else"
    listed = look_up(names, sources, run_commands=False)
    assert (tmp_path / "ran").read_text().count("command") == 1
    assert listed.origins == found.origins


def test_a_file_is_decrypted_only_for_what_is_not_found_before(tmp_path: Path, key: Path) -> None:
    encrypted = seal(tmp_path / "secrets.x.age", "A=age", key)
    sources = Sources({**PLAIN, "A": "process"}, tmp_path / ".env.x", encrypted)
    assert look_up(["A"], sources).values == {"A": "process"}, "without the key to it"


def test_what_nothing_uses(tmp_path: Path, key: Path) -> None:
    file = tmp_path / ".env.x"
    file.write_text("A=1\nOLD=1\n")
    encrypted = seal(tmp_path / "secrets.x.age", "B=1\nOLDER=1\n", key)
    environ = {**with_key(key), "NOBODYS": "x"}
    found = look_up(["A", "B"], Sources(environ, file, encrypted, {"OLDEST": "pass x", "A": "x"}))
    assert found.unused == {
        "OLD": ".env.x:2",
        "OLDER": "secrets.x.age",
        "OLDEST": "command pass",
    }


def test_commands_run_at_the_same_time(tmp_path: Path) -> None:
    all_there = f"[ $(ls {tmp_path} | wc -l) = 4 ]"
    wait = f"touch {tmp_path}/$$; until {all_there}; do sleep 0.02; done; echo x"
    commands = dict.fromkeys("ABCD", wait)
    found = look_up(list("ABCD"), Sources(PLAIN, tmp_path / "none" / ".env.x", None, commands))
    assert found.values == dict.fromkeys("ABCD", "x")


def test_every_fault_at_once(tmp_path: Path) -> None:
    file = tmp_path / ".env.x"
    file.write_text(f"KNOWN={CANARY}\nEMPTY=\nODD='{CANARY}\ufdd0'\n")
    commands = {
        "SILENT": "true",
        "BROKEN": "op-none read",
        "TALKS": f"echo 'no such entry: {CANARY}' >&2; exit 4",
    }
    names = ["KNOWN", "EMPTY", "ODD", "SILENT", "BROKEN", "TALKS", "GONE"]
    with pytest.raises(SecretError) as raised:
        load_secrets(names, Sources(PLAIN, file, None, commands), None)
    where = "set it in the process environment or in .env.x beside the inventory folder"
    assert str(raised.value).splitlines() == [
        f"secret GONE: is set nowhere; {where}",
        f"secret EMPTY: is empty; {where}",
        f"secret SILENT: is empty; {where}",
        "secret ODD: holds a NUL, bytes that are not UTF-8 or a Unicode noncharacter, which "
        f"systemd gives no service; {where}",
        "secret BROKEN: `op-none` is not on this machine",
        "secret TALKS: `echo` failed with exit status 4",
    ]
    assert CANARY not in "".join(traceback.format_exception(raised.value))


# In an environment file


def test_an_environment_with_commands(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "SESSION_SECRET", "SMOKE_EMAIL", "SMOKE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    (project.folder / ".env.production").write_text("DATABASE_URL=1\nSMOKE_EMAIL=2\nOLD=3\n")
    commands = {"SESSION_SECRET": "!echo four", "SMOKE_PASSWORD": "! echo five"}
    project.write("production", {**ENVIRONMENT, "secrets": commands})
    secrets = project.load().secrets
    assert [secrets.reveal(name) for name in secrets] == ["1", "four", "2", "five"]
    assert secrets.unused == {"OLD": ".env.production:3"}


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"A": CANARY}, 'secrets: A: should be a command that prints it, such as "!pass web/'),
        ({"A": "! "}, "secrets: A: should be a command"),
        ({"A": [CANARY]}, "secrets: A: should be a command"),
        ({"A B": f"!{CANARY}"}, "secrets: should hold names of variables"),
        ([CANARY], "secrets: should be 'given' or 'generate'"),
    ],
)
def test_an_environment_with_values(project: Project, given: object, error: str) -> None:
    project.write("production", {**ENVIRONMENT, "secrets": given})
    with pytest.raises(SpecError) as raised:
        project.load()
    assert str(raised.value).startswith(f"inventory/production.yml:2: {error}")
    assert str(given) == str([CANARY]) or CANARY not in str(raised.value)


def test_a_command_without_quotes(project: Project) -> None:
    project.write("production", "host: a.example\nsecrets:\n  A: !pass web/session\n")
    with pytest.raises(SpecError, match=r"yml:3: .*; put a text that starts with ! in quotes$"):
        project.load()
