"""systemd takes the units without a word, and secrets are in their own files only."""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from render_stacks import CANARY, STACKS, forms, odd, secrets_of, stack_data
from systemd_reader import Systemd, settings_of

from higuera.errors import SecretError
from higuera.render.files import SYSTEMD, File
from higuera.render.nginx import sandbox_file
from higuera.render.template import Rendered, templates
from higuera.render.units import boot_file, job_files, slot_files
from higuera.spec.secrets import Secrets
from higuera.spec.service import COLOURS, Directive
from higuera.spec.stack import Stack

# `systemd-analyze security`: 0 is shut in, 10 is exposed. 1.4 with systemd 252.
EXPOSURE = 1.5
RELAXED = [
    "RestrictNamespaces=yes",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged",
]


def files_of(stack: Stack, secrets: Secrets | None = None) -> list[File]:
    given = secrets or secrets_of(stack)
    slots = [
        file
        for name in stack.services
        for colour in COLOURS
        for file in slot_files(stack, name, colour, given)
    ]
    return slots + job_files(stack, given)


def is_unit(file: File) -> bool:
    return file.path.startswith(f"{SYSTEMD}/")


def written(folder: Path, files: list[File]) -> list[Path]:
    paths = []
    for file in files:
        if is_unit(file):
            path = folder / Path(file.path).name
            path.write_text(file.text)
            paths.append(path)
    return paths


def analyze(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_COLORS": "0", "LANG": "C.UTF-8"},
    )
    return done.stdout + done.stderr + (f"exit {done.returncode}" if done.returncode else "")


@pytest.mark.parametrize("name", STACKS)
def test_systemd_has_nothing_to_say(tmp_path: Path, name: str) -> None:
    paths = written(tmp_path, files_of(STACKS[name]()))
    assert len(paths) >= 6
    assert analyze("verify", "--man=no", *paths) == ""


@pytest.mark.parametrize("name", STACKS)
def test_systemd_has_nothing_to_say_of_the_boot_unit(tmp_path: Path, name: str) -> None:
    stack = STACKS[name]()
    file = boot_file(stack)
    assert file.path == f"/etc/systemd/system/{stack.app}-boot.service"
    assert settings_of(file.text, "ExecStart") == [f"{stack.paths.tool} boot"]
    assert settings_of(file.text, "WantedBy") == ["multi-user.target"]
    assert settings_of(file.text, "Before") == ["nginx.service"]
    tool = tmp_path / "tool"  # which has to be there, or systemd says so
    tool.touch(mode=0o755)
    (path,) = written(
        tmp_path, [replace(file, text=file.text.replace(stack.paths.tool, str(tool)))]
    )
    assert analyze("verify", "--man=no", path) == ""


@pytest.mark.parametrize("name", STACKS)
def test_no_service_starts_at_boot_but_by_the_boot_unit(name: str) -> None:
    """Which colour is live only the tool knows; sockets listen from the start."""
    files = [file for file in files_of(STACKS[name]()) if "[Install]" in file.text]
    assert all(file.path.endswith(".socket") for file in files)
    assert files


def test_verify_sees_a_fault(tmp_path: Path) -> None:
    """`systemd-analyze verify` exits 0 for an unknown key, so its output is what counts."""
    paths = written(tmp_path, files_of(forms()))
    paths[0].write_text(paths[0].read_text().replace("ProtectHome=", "ProtectHomes="))
    assert "Unknown key 'ProtectHomes'" in analyze("verify", "--man=no", *paths)


def exposure(folder: Path, name: str) -> float:
    written(folder, files_of(forms()))
    found = re.search(
        r"exposure level for \S+: ([0-9.]+)",
        analyze("security", "--offline=true", folder / name),
    )
    assert found
    return float(found[1])


@pytest.mark.parametrize(
    "unit",
    ["forms-backend-blue.service", "forms-backend-blue-proxy.service", "forms-migrate@.service"],
)
def test_services_and_jobs_are_shut_in(tmp_path: Path, unit: str) -> None:
    assert exposure(tmp_path, unit) <= EXPOSURE


def test_nginx_is_shut_in(tmp_path: Path) -> None:
    """Debian's own unit with our drop-in; 9.6 without."""
    shutil.copy("/lib/systemd/system/nginx.service", tmp_path)
    bare = exposure(tmp_path, "nginx.service")
    drop_in = tmp_path / "nginx.service.d" / "higuera.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(sandbox_file(forms()).text)
    assert exposure(tmp_path, "nginx.service") <= 3.0 < 9 < bare
    assert analyze("verify", "--man=no", tmp_path / "nginx.service") == ""


@pytest.mark.parametrize("unit", ["forms-backend-blue.service", "forms-migrate@.service"])
def test_of_releases_and_secrets_there_is_its_own(unit: str) -> None:
    (text,) = (f.text for f in files_of(forms()) if Path(f.path).name == unit)
    assert settings_of(text, "TemporaryFileSystem") == ["/srv:ro"]
    assert settings_of(text, "BindReadOnlyPaths") == settings_of(text, "WorkingDirectory")
    hidden = settings_of(text, "InaccessiblePaths")[0].split()
    assert {"-/etc/higuera", "-/var/lib/higuera", "-/run/higuera"} <= set(hidden)


def test_writable_folders_are_made_told_of_and_kept() -> None:
    data = stack_data()
    data["services"]["backend"]["writable"] = ["uploads"]
    files = files_of(Stack.model_validate(data))
    mine = ("backend-blue.service", "backend-green.service", "migrate@.service", "seed@.service")
    for file in filter(is_unit, files):
        told = settings_of(file.text, "StateDirectory")
        is_scratch = "-scratch@" in file.path
        is_mine = Path(file.path).name.removeprefix("forms-") in mine or is_scratch
        own = "/var/lib/forms-backend/uploads:mode=0777"
        assert (own in settings_of(file.text, "TemporaryFileSystem")) == is_scratch
        assert told == (["forms-backend/uploads"] if is_mine and not is_scratch else []), file.path
        line = 'Environment="UPLOADS_DIR=/var/lib/forms-backend/uploads"'
        assert (line in file.text) == is_mine


@pytest.mark.parametrize("name", STACKS)
def test_no_secret_in_a_unit(name: str) -> None:
    stack = STACKS[name]()
    plain = [file for file in files_of(stack) if not file.secret]
    secret = [file for file in files_of(stack) if file.secret]
    assert all(is_unit(file) for file in plain)
    assert not [file.path for file in plain if CANARY in file.text]
    assert all((file.mode, file.owner) == ("0600", "root:root") for file in secret)
    assert not [file.path for file in secret if is_unit(file)]
    assert CANARY not in repr(files_of(stack)), "the text form of a file holds no text"


@pytest.mark.parametrize(
    ("name", "slot", "own"),
    [
        ("forms", "backend-blue", {"DATABASE_URL3", "SESSION_SECRET"}),
        ("forms", "backend-green", {"DATABASE_URL3", "SESSION_SECRET"}),
        ("forms", "web-blue", set()),
        ("forms", "migrate", {"DATABASE_URL3", "SESSION_SECRET"}),
        ("forms", "seed", {"DATABASE_URL3", "SESSION_SECRET", "SMOKE_EMAIL", "SMOKE_PASSWORD"}),
        ("odd", "x9-y--z8-green", {"A", "B"}),
        ("odd", "q0-blue", {"B"}),
        ("odd", "migrate", {"B", "C"}),
    ],
)
def test_only_its_own_secrets(tmp_path: Path, name: str, slot: str, own: set[str]) -> None:
    stack = STACKS[name]()
    path = f"{stack.paths.config}/{slot}.env"
    (file,) = (file for file in files_of(stack) if file.path == path)
    expected = {secret: f"{CANARY}-{secret}" for secret in own}
    assert Systemd().env_file(tmp_path / "env", file.text) == expected


@pytest.mark.parametrize("name", STACKS)
def test_units_read_the_files_that_are_written(name: str) -> None:
    stack = STACKS[name]()
    files = files_of(stack)
    secret = {file.path for file in files if file.secret}
    slots = {
        f"{stack.paths.slot(service, colour)}.env"
        for service in stack.services
        for colour in COLOURS
    }
    twins = [file for file in files if file.path.endswith("-scratch@.service")]
    scratch = {f"/run/higuera/{stack.app}/scratch.env"} if twins else set()
    assert bool(twins) == stack.is_gated
    read = {path for file in files for path in settings_of(file.text, "EnvironmentFile")}
    assert read == secret | slots | scratch


def test_undeclared_secret_is_an_error() -> None:
    with pytest.raises(SecretError, match="SESSION_SECRET"):
        slot_files(forms(), "backend", "blue", Secrets({"DATABASE_URL3": "x"}))


def test_unit_says_what_the_stack_says() -> None:
    stack = odd()
    systemd = Systemd()
    service, socket, proxy, _ = slot_files(stack, "q0", "green", secrets_of(stack))
    assert service.path == "/etc/systemd/system/a1-b2--c3-q0-green.service"
    assert settings_of(service.text, "User") == ["a1-b2--c3-q0"]
    set_here = [
        word
        for setting in settings_of(service.text, "Environment")
        for word in systemd.environment(setting)
    ]
    assert "PORT=4100" in set_here
    assert 'B=x "y" %h $HOME \\ é' in set_here
    assert "PATH=/opt/higuera/runtimes/node-22.23.3/bin:/usr/bin:/bin" in set_here
    assert [systemd.command(line) for line in settings_of(service.text, "ExecStart")] == [
        ["/bin/sh", "-c", "exec node server.js"]
    ]
    (listens,) = settings_of(socket.text, "ListenStream")
    assert listens == stack.paths.socket("q0", "green")
    assert settings_of(socket.text, "Service") == ["a1-b2--c3-q0-green-proxy.service"]
    assert settings_of(proxy.text, "BindsTo") == ["a1-b2--c3-q0-green.service"]
    assert settings_of(proxy.text, "ExecStart")[0].endswith(" 127.0.0.1:4100")


def test_job_runs_its_command_as_it_is_written() -> None:
    stack = odd()
    unit, twin, _ = job_files(stack, secrets_of(stack))
    assert unit.path == "/etc/systemd/system/a1-b2--c3-migrate@.service"
    assert twin.path == "/etc/systemd/system/a1-b2--c3-migrate-scratch@.service"
    for file in (unit, twin):
        (line,) = settings_of(file.text, "ExecStart")
        assert Systemd().command(line) == ["/bin/sh", "-c", "node 'm g.js' \"$B\" %n"]
        assert "After=network.target postgresql.service" in file.text


def test_a_twin_is_its_job_on_another_database() -> None:
    """The rehearsal's URL is read last, so that it is the one that holds."""
    stack = forms()
    files = {file.path: file.text for file in job_files(stack, secrets_of(stack))}
    for key in ("migrate", "seed"):
        job, twin = (
            files[f"{SYSTEMD}/forms-{key}{end}@.service"].splitlines() for end in ("", "-scratch")
        )
        own = f"EnvironmentFile={stack.paths.job_secrets(key)}"
        other = "EnvironmentFile=/run/higuera/forms/scratch.env"
        reads = [line for line in twin if line.startswith("EnvironmentFile=")]
        assert reads == [own, other]
        assert not [line for line in job if "scratch" in line]
        printed = f"StandardOutput=truncate:{stack.paths.migrations}/{key}"
        assert f"{printed}.printed" in job and f"{printed}-scratch.printed" in twin
        job, twin = (
            [line for line in lines if not line.startswith(printed)] for lines in (job, twin)
        )
        differ = [line for line in twin if line not in job]
        assert [line for line in differ if not line.startswith(("#", "Description="))] == [other]
        assert [line for line in job if line not in twin and not line.startswith("#")] == [
            f"Description=forms {key} of release %i"
        ]


def test_no_gate_no_twins() -> None:
    data = stack_data()
    del data["database"]["migrate"]
    stack = Stack.model_validate(data)
    names = [Path(file.path).name for file in job_files(stack, secrets_of(stack))]
    assert names == ["forms-seed@.service", "seed.env"]


def test_the_colours_differ_in_nothing_but_colour_and_port() -> None:
    stack = forms()
    blue, green = (
        [file.text for file in slot_files(stack, "backend", colour, secrets_of(stack))]
        for colour in COLOURS
    )
    assert blue != green
    assert [text.replace("green", "blue").replace("3101", "3001") for text in green] == blue


def test_another_value_is_another_secret_file_and_the_same_units() -> None:
    stack = Stack.model_validate(stack_data())
    one = {file.path: file.sha256 for file in files_of(stack)}
    two = {file.path: file.sha256 for file in files_of(stack, secrets_of(stack, "other"))}
    differ = {path for path in one if one[path] != two[path]}
    assert differ == {
        f"/etc/higuera/forms/{name}.env"
        for name in ("backend-blue", "backend-green", "migrate", "seed")
    }


def test_what_can_be_relaxed_is_what_hardens() -> None:
    text = (templates() / "systemd" / "hardening.j2").read_text()
    named = [line.partition("=")[0] for line in text.splitlines() if not line.startswith("#")]
    assert list(dict.fromkeys(named)) == list(get_args(Directive))


def test_a_relaxed_service_goes_without_these_lines_alone() -> None:
    data = stack_data()
    data["services"]["backend"]["relaxed"] = ["SystemCallFilter", "RestrictNamespaces"]
    before = {file.path: file for file in files_of(forms())}
    for file in files_of(Stack.model_validate(data)):
        lines, was = file.text.splitlines(), before[file.path].text.splitlines()
        name = Path(file.path).name
        is_its_own = re.fullmatch(r"forms-(backend-(blue|green)\.service|(migrate|seed).*)", name)
        gone = [line for line in was if line not in lines]
        assert gone == (RELAXED if is_its_own else []), name
        assert [line for line in was if line not in gone] == lines
        if is_its_own:
            assert isinstance(file.text, Rendered)
            origin = file.text.origin(lines.index("LockPersonality=yes") + 1)
            assert origin is not None and origin.file.endswith("hardening.j2")
