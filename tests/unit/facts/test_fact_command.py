"""The script of each fact: clean, exits 0 on any machine, runs nothing that it was given."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fact_catalogue import ARGUMENTS, FACTS, SHELLCHECK, ask, command_of, run_sh
from pyinfra.api import FactBase

from higuera.facts.accounts import Accounts, AccountsState
from higuera.facts.database import LocalDatabase
from higuera.facts.files import Files, FileState
from higuera.facts.machine import Machine
from higuera.facts.outlook import Outlook, OutlookState
from higuera.facts.packages import InstalledPackages
from higuera.facts.release import LiveRelease
from higuera.facts.schema import SchemaThere
from higuera.render.files import File

WILD = [
    "a b",
    "a'b",
    'a"b',
    "$(touch canary)",
    "`touch canary`",
    "a; touch canary",
    "a' ; touch canary; '",
    "a\ntouch canary",
    "$HOME",
    "*",
    "--version",
    "\\n",
    "",
]


@pytest.fixture(scope="module")
def bare_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root folder that holds `sh` and nothing else: every tool and every file is missing."""
    root = tmp_path_factory.mktemp("bare")
    linked = subprocess.run(["ldd", "/bin/sh"], capture_output=True, text=True, check=True).stdout
    libraries = [word for word in linked.split() if word.startswith("/")]
    for path in ["/bin/sh", *libraries]:
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.realpath(path), target)
    return root


@pytest.mark.parametrize("fact", FACTS.values())
class TestEveryFact:
    def test_is_clean_shell(self, fact: type[FactBase[Any]]) -> None:
        script = command_of(fact, **ARGUMENTS[fact])
        # 1091: os-release is not followed; 2046: words are joined by echo; 2012: names are plain;
        # 2015: `a && b || c` is meant.
        options = ["--shell=sh", "--exclude=SC1091,SC2046,SC2012,SC2015"]
        done = subprocess.run(
            [SHELLCHECK, *options, "-"], input=script, capture_output=True, text=True, check=False
        )
        assert done.stdout == ""

    def test_exits_0_here(self, fact: type[FactBase[Any]], tmp_path: Path) -> None:
        done = run_sh(command_of(fact, **ARGUMENTS[fact]), tmp_path)
        assert (done.returncode, done.stderr) == (0, "")

    def test_exits_0_on_a_bare_machine(self, fact: type[FactBase[Any]], bare_root: Path) -> None:
        script = command_of(fact, **ARGUMENTS[fact])
        done = run_sh(script, bare_root, "chroot", str(bare_root))
        assert done.returncode == 0
        state = fact().process(done.stdout.splitlines())
        if fact is Machine:
            assert (state.system, state.may_be_root, state.has_systemd) == ("unknown", False, False)
        elif fact in (Files, LiveRelease):
            files = state if fact is Files else state.host
            assert files.files == {}
            assert set(files.units.values()) == {""}
        elif fact is Outlook:
            assert state == OutlookState(why="nothing was deployed there yet")
        else:
            assert state == fact.default()


def asked_with(value: str) -> list[tuple[type[FactBase[Any]], dict[str, Any]]]:
    return [
        (Accounts, {"accounts": [value], "folders": [value]}),
        (LocalDatabase, {"role": value, "database": value}),
        (Files, {"paths": [value], "units": [value], "contents": [value]}),
        (InstalledPackages, {"packages": [value]}),
        (LiveRelease, {"app": value, "paths": [value], "units": [value]}),
        (Outlook, {"app": value, "with_database": True, "paths": [value]}),
        (SchemaThere, {"app": value, "release": value}),
    ]


@pytest.mark.parametrize("value", WILD)
def test_a_value_is_never_run(value: str, tmp_path: Path) -> None:
    for fact, arguments in asked_with(value):
        done = run_sh(command_of(fact, **arguments), tmp_path)
        assert done.returncode == 0, fact
        fact().process(done.stdout.splitlines())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fact", "arguments"),
    [
        (Accounts, {"accounts": [], "folders": []}),
        (Files, {"paths": []}),
        (InstalledPackages, {"packages": []}),
        (LiveRelease, {"app": "nowhere", "paths": [], "units": []}),
    ],
)
def test_nothing_asked_is_nothing_found(
    fact: type[FactBase[Any]], arguments: dict[str, Any], tmp_path: Path
) -> None:
    assert ask(fact, tmp_path, **arguments) == fact.default()


class TestFilesOfThisMachine:
    @pytest.fixture(params=["plain", "a b  c", "it's", 'say "so"', "$(id)", "ümlaut", " lead"])
    def path(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        return tmp_path / str(request.param)

    def test_digest_mode_owner_and_text(self, path: Path, tmp_path: Path) -> None:
        path.write_text("one\n\ttwo ü\n")
        path.chmod(0o4750)
        found = ask(Files, tmp_path, paths=[str(path)], contents=[str(path)])
        digest = sha256(path.read_bytes()).hexdigest()
        assert found.files == {
            str(path): FileState(digest, "4750", "root:root", "one\n\ttwo ü\n"),
        }
        assert found.holds(File(str(path), "one\n\ttwo ü\n", mode="4750"))

    def test_what_is_no_file_is_not_there(self, path: Path, tmp_path: Path) -> None:
        path.mkdir()
        broken = tmp_path / "broken"
        broken.symlink_to("nowhere")
        paths = [str(path), str(broken), str(tmp_path / "missing")]
        assert ask(Files, tmp_path, paths=paths, contents=paths).files == {}


class TestTheProbe:
    @pytest.mark.parametrize(
        ("probe", "answer"),
        [
            ("echo one; echo two", "one two"),
            ("false", ""),
            ("echo '*'", "*"),
            ("printf 'x\\\\nstat 644 root:root /etc/passwd'", "x\\nstat 644 root:root /etc/passwd"),
            (
                "printf 'x\\nunit nginx.service active enabled'",
                "x unit nginx.service active enabled",
            ),
        ],
    )
    def test_answer_is_one_line_and_stays_text(
        self, probe: str, answer: str, tmp_path: Path
    ) -> None:
        found = ask(Files, tmp_path, paths=[], probe=probe)
        assert (found.answer, found.files, found.units) == (answer, {}, {})


class TestFoldersOfThisMachine:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        folder = tmp_path / "a b"
        folder.mkdir(mode=0o750)
        yield folder

    def test_folder_and_symlink_to_one(self, folder: Path, tmp_path: Path) -> None:
        link = tmp_path / "link"
        link.symlink_to(folder)
        found = ask(Accounts, tmp_path, accounts=["root", "nowhere"], folders=[folder, link])
        wanted = dict.fromkeys([str(folder), str(link)], "750 root:root")
        assert found == AccountsState(frozenset({"root"}), wanted)

    def test_a_file_is_not_a_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        found = ask(Accounts, tmp_path, accounts=[], folders=[tmp_path / "file"])
        assert found == AccountsState()


class TestPackagesOfThisMachine:
    @pytest.fixture
    def dpkg(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A dpkg-query whose answers were recorded: status and name, a package a line."""
        program = tmp_path / "bin" / "dpkg-query"
        program.parent.mkdir()
        program.write_text(
            "#!/bin/sh\ncat <<'END'\n"
            "ii  nginx\nhi  postgresql\niU  half-unpacked\niF  half-configured\nrc  removed\n"
            "un  unknown\nEND\nexit 1\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return program

    def test_held_is_installed_and_half_is_not(self, dpkg: Path, tmp_path: Path) -> None:
        assert dpkg.exists()
        found = ask(InstalledPackages, tmp_path, packages=["nginx"])
        assert found == {"nginx", "postgresql"}


class TestAHomeOnThisMachine:
    def test_links_become_a_state(self, tmp_path: Path) -> None:
        manifest = '{"id": "r2", "app": "a", "created": "", "commit": "", "services": {}}'
        home = tmp_path / "home"
        release = home / "releases" / "r2"
        plan = home / "traffic" / "plans" / "0010"
        for folder in (release / "web", plan / "services", home / "slots"):
            folder.mkdir(parents=True)
        (release / "manifest.json").write_text(manifest)
        (home / "slots/web-blue").symlink_to("../releases/r1/web")  # was deleted by hand
        (home / "slots/web-green").symlink_to("../releases/r2/web")
        (home / "slots/web-green.env").write_text("RELEASE=r2\n")
        (plan / "services/web").symlink_to(home / "slots/web-green")
        (plan / "release").symlink_to(release)
        (home / "traffic/live").symlink_to("plans/0010")
        script = command_of(LiveRelease, app="x", paths=[], units=[])
        done = run_sh(script.replace("/srv/x", str(home)), tmp_path)
        state = LiveRelease().process(done.stdout.splitlines())
        assert state.manifest is not None
        assert (state.plan, state.live, state.manifest.id) == ("0010", {"web": "green"}, "r2")
        assert state.slots == {"web-green": "r2/web"}


def test_a_reboot_that_is_scheduled_is_told_in_seconds(tmp_path: Path) -> None:
    """In the form of logind's file, which `shutdown -r 04:00` makes."""
    scheduled = tmp_path / "scheduled"
    scheduled.write_text(f"USEC={int((time.time() + 600) * 1e6)}\nWARN_WALL=1\nMODE=reboot\n")
    script = command_of(Machine).replace("/run/systemd/shutdown/scheduled", str(scheduled))
    state = Machine().process(run_sh(script, tmp_path).stdout.splitlines())
    assert state.shutdown_in is not None and 590 < state.shutdown_in <= 600


@pytest.mark.parametrize("verb", ["is-active chrony.service", "is-enabled openntpd.service"])
def test_another_clock_serves_for_timesyncd(verb: str, tmp_path: Path) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\n[ "$2 $3" = "{verb}" ]\n')
    systemctl.chmod(0o755)
    (tmp_path / "dpkg-query").symlink_to("/bin/true")
    before = f"PATH={tmp_path}:/usr/bin:/bin\n"
    for asked in (["systemd-timesyncd"], ["curl"]):
        done = run_sh(before + command_of(InstalledPackages, packages=asked), tmp_path)
        assert done.stdout.split() == [name for name in asked if name != "curl"]
    systemctl.write_text("#!/bin/sh\nexit 1\n")
    done = run_sh(before + command_of(InstalledPackages, packages=["systemd-timesyncd"]), tmp_path)
    assert (done.stdout, done.stderr) == ("", "")
